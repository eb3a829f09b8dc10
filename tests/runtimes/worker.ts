// The program for workerd, Cloudflare's edge runtime: it has no files and compiles nothing at run time, so the kernels are
// imported as a module, and files are bindings.
import kernels from '@siglip-ts/backend-wasm/kernels.wasm';
import { classify } from './classify.ts';

const worker = {
  async fetch(_: Request, bindings: Readonly<Record<string, ArrayBuffer>>): Promise<Response> {
    const read = async (path: string) => new Uint8Array(bindings[path]!);
    return Response.json(await classify({ read, options: { module: kernels } }));
  },
};
export default worker;
