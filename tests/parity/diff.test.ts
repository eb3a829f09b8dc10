// parity diff: the real transformers passes, and a planted error is found where it was planted. Formats are
// formats.test.ts.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import type { Tensor } from '@siglip-ts/core';
import {
  diff,
  type Dump,
  type DumpTensor,
  measure,
  passes,
  PROFILES,
  readDump,
  writeDump,
} from '@siglip-ts/parity';
import { serialize, type TensorData } from '@siglip-ts/safetensors';
import { SiglipModel } from 'siglip-ts';
import { model, scratch, siglip } from '../cli/harness.ts';

const { path } = scratch();
const embedded = 'packages/tiny-model/model';

/** Numbers without an order. */
const wave = (n: number, k: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(k * i * i));
const inputs = {
  pixel_values: { shape: [2, 3, 64, 64], data: wave(2 * 3 * 64 * 64, 0.1) },
  input_ids: {
    shape: [2, 16],
    data: Int32Array.from({ length: 32 }, (_, i) => 3 + ((i * 37) % 900)),
  },
};
const inputsFile = path('in.safetensors');
writeFileSync(
  inputsFile,
  serialize(
    new Map([
      [
        'pixel_values',
        { dtype: 'F32', ...inputs.pixel_values, data: inputs.pixel_values.data as TensorData },
      ],
      [
        'input_ids',
        { dtype: 'I32', ...inputs.input_ids, data: inputs.input_ids.data as TensorData },
      ],
    ]),
  ),
);

/** A dump of the embedded model with one module's output 1 % too large, as a port would write it. */
async function planted(at: string): Promise<Dump> {
  const taps = new Map<string, DumpTensor>(
    Object.entries(inputs).map(([key, x]) => [key, { ...x, dtype: 'float32' }]),
  );
  const m = await SiglipModel.fromPretrained(embedded, { backend: cpu() });
  const waiting: Promise<void>[] = [];
  const tap = (path: string, x: Tensor): Tensor => {
    const y = path === at ? x.mul(1.01) : x;
    const host = y.host();
    taps.set(path, { shape: y.shape, dtype: 'float32', data: new Float32Array() });
    waiting.push(
      host.data().then((data) => {
        taps.set(path, { shape: y.shape, dtype: 'float32', data: Float32Array.from(data) });
      }),
    );
    return y;
  };
  await m({ ...inputs, listener: { tap } });
  await Promise.all(waiting);
  return { schema: 1, producer: 'a port', dtype: 'float32', taps };
}

/** The inputs that the goldens were made of: the file has others too. */
async function givenFor(name: string): Promise<string> {
  const { taps } = await readDump(join(model(name), 'inputs.safetensors'));
  const used = [...taps].filter(([key]) => key === 'input_ids' || key === 'pixel_values');
  const folder = path(`inputs-${name}`);
  await writeDump(folder, { schema: 1, producer: '', dtype: 'float64', taps: new Map(used) });
  return folder;
}

describe('the real transformers', () => {
  const cases = ['plain', 'odd', 'no-head'].flatMap((name) =>
    ['float32', 'float64'].map((dtype) => [name, dtype] as const),
  );
  test.each(cases)('%s in %s', async (name, dtype) => {
    const file = join(model(name), `golden-${dtype}.safetensors`);
    const given = await givenFor(name);
    const argv = [
      'parity',
      'diff',
      file,
      '--model',
      model(name),
      '--dtype',
      dtype,
      '--format',
      'json',
    ];
    const { code, stdout, stderr } = await siglip([...argv, '--inputs', given]);
    expect([code, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout) as {
      first: string | null;
      rows: { total: { max_abs: number } }[];
    };
    expect(found.first).toBeNull();
    expect(found.rows.length).toBeGreaterThan(20);
    if (dtype === 'float64')
      expect(Math.max(...found.rows.map((r) => r.total.max_abs))).toBeLessThan(1e-12);
  });

  const python = process.env.PYTHON;
  test.skipIf(!python)(
    `tools/dump_siglip.py${python ? '' : ' (skipped: PYTHON names no Python with transformers)'}`,
    () => {
      const out = path('python.safetensors');
      execFileSync(python!, [
        'tools/dump_siglip.py',
        embedded,
        out,
        '--inputs',
        inputsFile,
        '--dtype',
        'float64',
      ]);
      return expect(siglip(['parity', 'diff', out, '--dtype', 'float64'])).resolves.toMatchObject({
        code: 0,
      });
    },
  );
});

describe('a planted error', async () => {
  const at = 'text_model.encoder.layers.1.mlp.fc1';
  const dump = await planted(at);
  const folder = path('planted');
  await writeDump(folder, dump);

  test('is found where it is, and not held against what follows', async () => {
    const { code, stdout } = await siglip(['parity', 'diff', folder, '--format', 'json']);
    expect(code).toBe(1);
    const { first, rows } = JSON.parse(stdout) as Awaited<ReturnType<typeof diff>>;
    expect(first).toBe(at);
    const row = (name: string) => rows.find((r) => r.path === name)!;
    expect(row(at).added!.beyond).toBeGreaterThan(0);
    const after = row('text_model.encoder.layers.1.mlp.fc2');
    expect(after.total!.max_abs).toBeGreaterThan(1e-3);
    expect(after.added!.max_abs).toBeLessThan(1e-5);
    expect(row('vision_model.head').total!.max_abs).toBeLessThan(1e-5);
    const wrong = rows.filter((r) => !r.pass && r.added);
    expect(wrong.map((r) => r.path)).toEqual([at]);
  });
  test('in PyTorch’s words', async () => {
    const { stdout } = await siglip(['parity', 'diff', folder]);
    expect(stdout).toMatch(
      `The first module that is wrong by itself: ${at}\n\nTensor-likes are not close!\n`,
    );
    expect(stdout).toMatch(/^Mismatched elements: \d+ \/ 16384 \(\d+\.\d%\)$/m);
    expect(stdout).toMatch(
      /^Greatest absolute difference: .* at index \(\d, \d+, \d+\) \(up to 0.00001 allowed\)$/m,
    );
  });
  test.each([
    ['junit', /^<\?xml .*\n<testsuite name="parity of a port" tests="\d+" failures="\d+">/],
    ['md', /^\| module \| total max /],
    ['html', /^<!doctype html>[^]*<svg [^]*<\/html>\n$/],
  ])('as %s', async (format, form) => {
    const out = path(`report.${format}`);
    const { code, stdout } = await siglip([
      'parity',
      'diff',
      folder,
      '--format',
      format,
      '--out',
      out,
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(readFileSync(out, 'utf8')).toMatch(form);
  });
  test('--fail-on total blames what follows too, --fail-on never nobody', async () => {
    const argv = ['parity', 'diff', folder, '--fail-on'];
    const { code, stdout } = await siglip([...argv, 'total', '--format', 'json']);
    const { first, rows } = JSON.parse(stdout) as Awaited<ReturnType<typeof diff>>;
    expect([code, first]).toEqual([1, at]);
    const wrong = rows.filter(({ pass }) => !pass).map((r) => r.path);
    expect(wrong).toContain('text_model.encoder.layers.1.mlp.fc2');
    expect(wrong).toContain('text_model.head');
    expect(wrong).not.toContain('text_model.encoder.layers.0');
    expect((await siglip([...argv, 'total'])).stdout).toContain(
      `The first module beyond the tolerance: ${at}\n`,
    );
    const never = await siglip([...argv, 'never']);
    expect(never.code).toBe(0);
    expect(never.stdout).toContain(`The first module that is wrong by itself: ${at}\n`);
  });
  test('1 % is an NMSE of -40 dB', async () => {
    const argv = ['parity', 'diff', folder];
    const { code, stdout } = await siglip([...argv, '--profile', 'nmse']);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `wrong by itself: ${at}\n\nTensor-likes are not close!\n\nNMSE: -40.0 dB (up to -70 dB allowed)\n`,
    );
    expect((await siglip([...argv, '--nmse', '-39.9'])).code).toBe(0);
    expect((await siglip([...argv, '--nmse', '-40.1'])).code).toBe(1);
    expect((await siglip([...argv, '--nmse', 'x'])).stderr).toContain('expected a number of dB');
  });
  test('a wider tolerance lets it pass', async () => {
    const { code } = await siglip(['parity', 'diff', folder, '--atol', '1', '--format', 'json']);
    expect(code).toBe(0);
  });
});

test('a file that is none: exit 2 and one line', async () => {
  writeFileSync(path('junk'), 'junk');
  const { code, stdout, stderr } = await siglip(['parity', 'diff', path('junk')]);
  expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
});

test('measures by hand', () => {
  const t = (...data: number[]): DumpTensor => ({
    shape: [data.length],
    dtype: 'float32',
    data: Float32Array.from(data),
  });
  const d = measure(t(1, 2, 4), t(1, 2, 3), PROFILES['torch-f32']);
  expect(d).toMatchObject({ max_abs: 1, max_abs_at: [2], beyond: 1, first: [2], ulp_p50: 0 });
  expect(d.max_rel).toBeCloseTo(1 / 3);
  expect(d.rmse).toBeCloseTo(Math.sqrt(1 / 3));
  expect(d.ulp_max).toBe(2 ** 22);
  expect(measure(t(NaN), t(NaN), PROFILES.numpy)).toMatchObject({ beyond: 0, max_abs: 0 });
  expect(measure(t(NaN), t(1), PROFILES.numpy)).toMatchObject({ beyond: 1, max_abs: Infinity });
});

describe('what is not finite', () => {
  const one = (x: number): DumpTensor => ({
    shape: [1],
    dtype: 'float32',
    data: Float32Array.of(x),
  });
  const tolerances = [...Object.values(PROFILES), { atol: 1e30, rtol: 1e30, ulp: 1e30 }];
  test.each([
    [Infinity, 1],
    [1, Infinity], // where atol + rtol * |b| is infinite too
    [Infinity, -Infinity],
    [NaN, Infinity],
    [Infinity, NaN],
    [1, NaN],
    [NaN, 1],
  ])('%d against %d never passes', (a, b) => {
    for (const t of tolerances) {
      const d = measure(one(a), one(b), t);
      expect(d).toMatchObject({ beyond: 1, first: [0], max_abs: Infinity, rmse: Infinity });
      expect(passes(d, t)).toBe(false);
    }
  });
  test.each([Infinity, -Infinity, NaN])('%d against itself passes', (x) => {
    for (const t of tolerances) {
      const d = measure(one(x), one(x), t);
      expect(d).toMatchObject({ beyond: 0, first: null, max_abs: 0, rmse: 0, nmse_db: -Infinity });
      expect(passes(d, t)).toBe(true);
    }
  });
});
