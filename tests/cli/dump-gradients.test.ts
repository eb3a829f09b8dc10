// siglip dump --gradients: the gradients of torch, under their names.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesSource, openSafetensors, serialize } from '@siglip-ts/safetensors';
import { loadGolden } from '../autograd/golden.ts';
import { difference } from '../siglip/modeling/golden.ts';
import { model, scratch, siglip } from './harness.ts';

const files = scratch();

async function dump(golden: string, folder: string, more: string[]) {
  const g = await loadGolden(golden, 'float64');
  const given = g.inputs.map((key) => [key.split('~')[0]!, g.model.inputs.get(key)!] as const);
  const [input, out] = [files.path('in.safetensors'), files.path('out.safetensors')];
  writeFileSync(input, serialize(new Map(given)));
  const paths = ['--model', model(folder), '--inputs', input, '--out', out];
  const compute = ['--dtype', 'float64', '--backend', 'cpu'];
  const result = await siglip(['dump', ...paths, ...compute, ...more]);
  return { g, out, result };
}

test.each([
  ['plain', 'plain', ['--return-loss']],
  ['plain-large', 'plain', ['--return-loss', '--interpolate-pos-encoding']],
  ['odd', 'odd', ['--return-loss']],
  ['classifier-single', 'classifier-3', ['--class', 'SiglipForImageClassification']],
  ['classifier-multi', 'classifier-3', ['--class', 'SiglipForImageClassification']],
  ['classifier-regression', 'classifier-1', ['--class', 'SiglipForImageClassification']],
])('%s', async (name, folder, more) => {
  const { g, out, result } = await dump(name, folder, [...more, '--gradients']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const file = await openSafetensors(bytesSource(readFileSync(out)));
  const loss = (await file.read('loss')).data[0] as number;
  expect(loss / g.loss).toBeCloseTo(1, 12);
  const found = [...file.tensors.keys()].filter((key) => key.startsWith('grad.'));
  expect(found.sort()).toEqual([...g.gradients.keys()].map((key) => `grad.${key}`).sort());
  for (const [key, expected] of g.gradients) {
    const { data, dtype } = await file.read(`grad.${key}`);
    expect(dtype).toBe('F64');
    const { absolute, relative } = difference(data as Float64Array, expected);
    expect(Math.min(absolute, relative), key).toBeLessThanOrEqual(1e-11);
  }
});

test('without a loss there are no gradients', async () => {
  const { result } = await dump('plain', 'plain', ['--gradients']);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain(
    'gradients: no loss; a SiglipModel needs return_loss (--return-loss), a classifier labels',
  );
});
