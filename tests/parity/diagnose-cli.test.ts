// siglip parity diagnose as a command: JSON, exit codes, one line for bad input.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { run } from '@siglip-ts/cli';
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import { variant } from '../siglip/folders/variant.ts';

const model = join(import.meta.dirname, '../../fixtures/model/plain');
const dir = mkdtempSync(join(tmpdir(), 'diagnose-'));

const siglip = (...args: string[]) => parity('diagnose', '--model', model, ...args);

async function parity(...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: {},
    signal: new AbortController().signal,
  };
  const code = await run(['parity', ...args], io);
  const text = (s: PassThrough) => String(s.read() ?? '');
  return { code, out: text(stdout), err: text(stderr) };
}

/** The model's inputs without the mask, which the plain goldens were made without. */
async function unmasked(): Promise<string> {
  const file = await openSafetensors(bytesSource(readFileSync(join(model, 'inputs.safetensors'))));
  const kept = ['input_ids', 'pixel_values'];
  const tensors = new Map<string, StoredTensor>();
  for (const key of kept) tensors.set(key, await file.read(key));
  const path = join(dir, 'inputs.safetensors');
  writeFileSync(path, serialize(tensors));
  return path;
}

const first = async (inputs: string, golden: string) => {
  const dump = join(model, `golden-${golden}.safetensors`);
  const { code, out } = await siglip('--inputs', inputs, '--dump', dump, '--json');
  return { code, mistake: JSON.parse(out).ranking[0].mistake };
};

test('goldens of transformers, without and with a mask, are right', async () => {
  expect(await first(await unmasked(), 'float32')).toEqual({ code: 0, mistake: 'none' });
  const masked = join(model, 'inputs.safetensors');
  expect(await first(masked, 'float32-eager')).toEqual({ code: 0, mistake: 'none' });
});

test('what siglip parity dump writes is right, also where logit and bias cancel', async () => {
  const what = ['fixtures/images/twemoji-rocket.png', '--text', 'a rocket'];
  const out = join(dir, 'dump');
  expect((await parity('dump', ...what, '--out', out)).code).toBe(0);
  const { code, out: told } = await parity('diagnose', ...what, '--dump', out, '--json');
  expect({ code, first: JSON.parse(told).ranking[0].mistake }).toEqual({ code: 0, first: 'none' });
});

test.each([
  ['SiglipImageProcessorFast', {}],
  ['CLIPImageProcessor', { size: { shortest_edge: 64 }, crop_size: { height: 64, width: 64 } }],
  ['SiglipImageProcessor', { resample: 1 }],
])(
  'the processor that the folder names is the right one: %s %j',
  async (image_processor_type, more) => {
    const folder = join(dir, `${image_processor_type}-${Object.keys(more).join()}`);
    const files = await variant({ processor: (p) => ({ ...p, ...more, image_processor_type }) });
    mkdirSync(folder);
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
    const what = ['fixtures/images/cat.jpg', '--text', 'a cat', '--model', folder];
    const out = join(folder, 'dump');
    expect((await parity('dump', ...what, '--out', out)).code).toBe(0);
    const { code, out: told } = await parity('diagnose', ...what, '--dump', out, '--json');
    expect({ code, first: JSON.parse(told).ranking[0].mistake }).toEqual({
      code: 0,
      first: 'none',
    });
  },
);

test('a golden in float16 is named', async () => {
  expect(await first(await unmasked(), 'float16-sdpa')).toEqual({ code: 1, mistake: 'float16' });
});

test.each([
  ['absent.safetensors', /^siglip: .*absent\.safetensors: no such file or folder\n$/],
  ['junk.safetensors', /^siglip: [^\n]+\n$/],
])('%s: exit 2 and one line', async (name, message) => {
  writeFileSync(join(dir, 'junk.safetensors'), 'no safetensors');
  const { code, err } = await siglip('--dump', join(dir, name));
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
