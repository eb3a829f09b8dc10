// The self-test of a backend, tested: what is right passes, and whatever operation is broken is the one it names.
import { describe, expect, test, vi } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { canary, wasm } from '@siglip-ts/backend-wasm';
import {
  type Backend,
  type Composite,
  decorate,
  deferred,
  fusedOf,
  meter,
  type PrimitiveOp,
  size,
  withoutFused,
} from '@siglip-ts/core';
import { selfTest } from '@siglip-ts/core/kit';
import { canaryOf, EXPECTED } from '../../packages/backend-wasm/src/canary.ts';

describe('what is right passes', () => {
  test.each<[string, () => Backend | Promise<Backend>]>([
    ['cpu', () => cpu()],
    ['wasm', () => wasm()],
    ['wasm, two threads', () => wasm({ threads: 2 })],
    ['wasm, float16', () => wasm({ weights: 'float16' })],
    ['wasm, int8', () => wasm({ weights: 'int8' })],
    ['wasm, w8a8', () => wasm({ weights: 'w8a8' })],
    ['the definitions', async () => withoutFused(await wasm())],
    ['a device that computes later', async () => deferred(await wasm())],
  ])('%s', async (_, make) => {
    const b = meter(await make());
    await canary(b);
    expect([b.readings.live, b.readings.weights]).toEqual([0, 0]);
    b.dispose();
  });
});

test('what it expects is what float64 gives', async () => {
  const { ask, wrong } = canaryOf('float64', 1e-8);
  const seen = vi.fn(wrong);
  await selfTest(cpu(), { ask, wrong: seen });
  expect(seen).toHaveBeenCalledTimes(EXPECTED.length);
});

/** By operation, what the canary calls it: the first step that needs it. */
const STEPS: Readonly<Record<Exclude<PrimitiveOp, 'upload' | 'cast'> | Composite, string>> = {
  activation: 'gelu',
  linear: 'linear',
  layerNorm: 'layerNorm',
  softmax: 'softmax',
  l2Norm: 'norm',
  attention: 'attention',
  neg: 'neg',
  exp: 'exp',
  log: 'log',
  log1p: 'log1p',
  sqrt: 'sqrt',
  tanh: 'tanh',
  erf: 'erf',
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div',
  max: 'max',
  min: 'min',
  greater: 'greater',
  equal: 'equal',
  sum: 'sum',
  matmul: 'matmul',
  permute: 'permute',
  slice: 'slice',
  pad: 'pad',
  expand: 'expand',
  take: 'take',
  scatterAdd: 'scatterAdd',
};

/** b, but for the last numbers of what one operation gives: as if its kernel ended a vector too early. */
const faulty = (b: Backend, op: string): Backend =>
  decorate(b, b.name, fusedOf(b), (call) => {
    const handle = call.on(b, call.inputs);
    if (call.op !== op) return handle;
    const { shape, dtype } = call;
    const kept = Float32Array.from({ length: size(shape) }, (_, i) => Number(i < size(shape) - 4));
    const mask = { shape, dtype, handle: b.upload(kept, shape, dtype) };
    return b.binary('mul', { shape, dtype, handle }, mask, shape);
  });

test.each(Object.entries(STEPS))('a faulty %s is named', async (op, step) => {
  const b = await wasm();
  await expect(canary(faulty(b, op))).rejects.toThrow(
    `wasm computes ${step} wrong on this machine`,
  );
  b.dispose();
});
