// The folder that transformers' model_addition_debugger_context(model, use_repr=False) writes: a tree of the calls in
// JSON, and a .safetensors file for each tensor. Modules that called others have no outputs in it.
import { join } from 'node:path';
import type { Dump, DumpTensor } from '../dump.ts';
import { readBytes } from './file.ts';
import { readSafetensors } from './safetensors.ts';

export const TREE = /^(.+)_debug_tree_FULL_TENSORS\.json$/;

/** A tensor as the tree names it. */
interface Leaf {
  readonly shape: string;
  readonly dtype: string;
  readonly value: string;
}

/**
 * Outputs under HF's module paths, the arguments of the whole model under their names. `file` is the tree's name in the
 * folder. Throws with the path for a tree that was written otherwise, and for a tensor that is not what it says.
 */
export async function readDebugTree(folder: string, file: string): Promise<Dump> {
  const path = join(folder, file);
  const name = TREE.exec(file)![1]!;
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder().decode(await readBytes(path)));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  const leaves = new Map<string, Leaf>(argumentsOf(root));
  // No recursion: whoever wrote the file chose its depth.
  for (const todo = [root]; todo.length > 0;) {
    const node = objectOf(todo.pop());
    const at = typeof node.module_path === 'string' ? node.module_path : '';
    const leaf = firstLeaf(node.outputs);
    if (leaf && at.startsWith(`${name}.`)) leaves.set(at.slice(name.length + 1), leaf);
    if (Array.isArray(node.children))
      for (const child of (node.children as unknown[]).reverse()) todo.push(child);
  }
  const taps = new Map<string, DumpTensor>();
  const files = new Map<string, DumpTensor>(); // each is read once, however often it is named
  for (const [tap, leaf] of leaves) {
    const { value } = leaf;
    files.set(value, files.get(value) ?? (await tensorOf(leaf, folder, path)));
    taps.set(tap, files.get(value)!);
  }
  const dtype = [...taps.values()].find((x) => x.dtype.includes('float'))?.dtype ?? 'float32';
  return { schema: 1, producer: `${name} in transformers' debugger`, dtype, taps };
}

/** The tensors among the keyword arguments of the whole model. */
function* argumentsOf(root: unknown): Generator<[string, Leaf]> {
  for (const [key, value] of Object.entries(objectOf(objectOf(objectOf(root).inputs).kwargs)))
    if (isLeaf(value)) yield [key, value];
}

/** Of a module with several outputs the first, as hooks tap it. */
function firstLeaf(outputs: unknown): Leaf | undefined {
  if (isLeaf(outputs)) return outputs;
  const first = typeof outputs === 'object' && outputs !== null ? Object.values(outputs)[0] : null;
  return isLeaf(first) ? first : undefined;
}

const objectOf = (x: unknown): Record<string, unknown> =>
  typeof x === 'object' && x !== null ? (x as Record<string, unknown>) : {};

const isLeaf = (x: unknown): x is Leaf =>
  ['shape', 'dtype', 'value'].every((key) => key in objectOf(x));

/** A plain name beside the tree, as transformers writes it: nothing outside of the folder. */
const FILE = /^\.\/([^/\\]+\.safetensors)$/;

async function tensorOf(leaf: Leaf, folder: string, path: string): Promise<DumpTensor> {
  const { shape, value } = leaf;
  if (Array.isArray(value))
    throw new Error(`${path}: tensors as text, expected a tree made with use_repr=False`);
  const file = FILE.exec(String(value))?.[1];
  if (file === undefined)
    throw new Error(
      `${path}: ${JSON.stringify(value)}, expected "./" and the name of a .safetensors file`,
    );
  const { tensors } = await readSafetensors(join(folder, file));
  const tensor = tensors.get('data');
  if (!tensor) throw new Error(`${join(folder, file)}: no tensor "data"`);
  if (shape !== `torch.Size([${tensor.shape.join(', ')}])`)
    throw new Error(`${join(folder, file)}: shape [${tensor.shape.join(', ')}], ${path} says ${shape}`); // prettier-ignore
  return tensor;
}
