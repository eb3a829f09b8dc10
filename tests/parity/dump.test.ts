// siglip parity dump: its dumps come back in every format, and `parity diff` finds nothing in them. What it is given is
// checked.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readDump, writeDump } from '@siglip-ts/parity';
import { image, model, scratch, siglip } from '../cli/harness.ts';

const { path } = scratch();
const given = ['--model', model('plain')];
const inputs = path('inputs');
{
  const { taps, ...about } = await readDump(join(model('plain'), 'inputs.safetensors'));
  const used = [...taps].filter(([key]) => key === 'input_ids' || key === 'pixel_values');
  await writeDump(inputs, { ...about, taps: new Map(used) });
}

describe.each(['folder', 'safetensors', 'npz', 'npy'])('as %s', (format) => {
  test.each(['float32', 'float64'])('%s: nothing differs', async (dtype) => {
    const out = path(`${format}-${dtype}`);
    const compute = [...given, '--dtype', dtype, '--backend', 'cpu'];
    const dumped = await siglip([
      ...['parity', 'dump', ...compute, '--inputs', inputs],
      ...['--out', out, '--format', format],
    ]);
    expect(dumped).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = await siglip(['parity', 'diff', out, ...compute, '--format', 'json']);
    const found = JSON.parse(stdout) as {
      rows: { total: { max_abs: number } }[];
      unknown: string[];
      missing: string[];
    };
    expect(code).toBe(0);
    expect(found).toMatchObject({ unknown: [], missing: [] });
    expect(found.rows.length).toBeGreaterThan(80);
    expect(found.rows.every(({ total }) => total.max_abs === 0)).toBe(true);
  });
});

test('pictures and texts go through the processors of the model', async () => {
  const out = path('raw');
  const command = ['parity', 'dump', image('cat.jpg'), '--text', 'a cat', '--text', 'a dog'];
  expect(await siglip([...command, '--out', out])).toMatchObject({ code: 0, stderr: '' });
  const { taps, ...about } = await readDump(out);
  expect(about).toEqual({
    schema: 1,
    producer: expect.stringMatching(/^siglip-ts \d/),
    model: 'the embedded model',
    dtype: 'float32',
  });
  expect([...taps.keys()].slice(0, 3)).toEqual([
    'input_ids',
    'pixel_values',
    'vision_model.embeddings.patch_embedding',
  ]);
  const tokens = await siglip(['tokenize', 'a cat', 'a dog', '--padding', 'max_length', '--json']);
  const { input_ids } = JSON.parse(tokens.stdout) as { input_ids: number[][] };
  expect([...taps.get('input_ids')!.data]).toEqual(input_ids.flat());
  const pixels = await siglip(['preprocess', image('cat.jpg'), '--json']);
  const { data } = taps.get('pixel_values')!;
  const sha256 = createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');
  expect((JSON.parse(pixels.stdout) as { sha256: string }).sha256).toBe(sha256);
});

test('the manifest has the hash of every input, and one that is wrong is refused', async () => {
  const manifest = join(path('hashed'), 'manifest.json');
  await siglip(['parity', 'dump', ...given, '--inputs', inputs, '--out', path('hashed')]);
  const text = readFileSync(manifest, 'utf8');
  const said = JSON.parse(text) as { inputs: Record<string, string>; taps: string[] };
  const ids = (await readDump(inputs)).taps.get('input_ids')!;
  const bytes = new Uint8Array(Float64Array.from(ids.data).buffer);
  expect(said.inputs.input_ids).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(Object.keys(said.inputs).sort()).toEqual(['input_ids', 'pixel_values']);
  writeFileSync(manifest, text.replace(said.inputs.input_ids!, '0'.repeat(64)));
  await expect(readDump(path('hashed'))).rejects.toThrow(
    `manifest.json: the hash of "input_ids" is not its tensor's, expected ${said.inputs.input_ids}`,
  );
});

describe('--inputs', () => {
  const file = join(model('plain'), 'inputs.safetensors');
  test.each(['dump', 'diff'])('%s refuses a name that is no argument', async (command) => {
    const argv = command === 'dump' ? ['--out', path('never')] : [inputs];
    const { code, stdout, stderr } = await siglip([
      ...['parity', command, ...argv, ...given, '--inputs', file],
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `siglip: ${file}: tensor "input_ids~short", expected one of input_ids, attention_mask, position_ids, pixel_values\n`,
    );
  });
  test('that are not those of the dump are noted', async () => {
    const { taps, ...about } = await readDump(inputs);
    const other = new Map(taps);
    const ids = taps.get('input_ids')!;
    other.set('input_ids', { ...ids, data: Int32Array.from(ids.data, (id) => id ^ 1) });
    await writeDump(path('other'), { ...about, taps: other });
    await siglip(['parity', 'dump', ...given, '--inputs', inputs, '--out', path('one')]);
    const { code, stderr } = await siglip([
      ...['parity', 'diff', path('one'), ...given, '--inputs', path('other')],
    ]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `siglip: note: the dump was made of another input_ids than ${path('other')} has\n`,
    );
  });
  test('and pictures are one too many', async () => {
    const argv = ['parity', 'dump', image('cat.jpg'), '--inputs', inputs, '--out', path('never')];
    expect(await siglip(argv)).toMatchObject({
      code: 2,
      stderr: 'siglip: parity dump: pictures or texts and --inputs, expected one kind\n',
    });
  });
  test('what the class needs is asked for', async () => {
    const argv = ['parity', 'dump', '--text', 'a', '--out', path('never')];
    expect((await siglip(argv)).stderr).toBe(
      'siglip: parity dump: no pixel_values, which SiglipModel needs; name pictures and --text, or --inputs\n',
    );
  });
});

const python = process.env.PYTHON;
test.skipIf(!python)(
  `tools/dump_siglip.py hashes inputs as we do${python ? '' : ' (skipped: PYTHON names no Python with transformers)'}`,
  async () => {
    const from = path('for-python.safetensors');
    await writeDump(from, await readDump(inputs));
    const out = path('from-python');
    execFileSync(python!, ['tools/dump_siglip.py', model('plain'), out, '--inputs', from]);
    const said = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as object;
    const ours = JSON.parse(readFileSync(join(inputs, 'manifest.json'), 'utf8')) as object;
    expect(said).toMatchObject({ inputs: (ours as { inputs: object }).inputs });
    expect((await siglip(['parity', 'diff', out, ...given])).code).toBe(0);
  },
);
