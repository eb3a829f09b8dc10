// The contract between model and backend, kept by the model: the same code on every kind of backend, nothing left
// behind, one layer's weights at a time, every module within reach, one call after another.
import { describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { budgetOf, distance } from '@siglip-ts/conformance';
import {
  type Backend,
  call,
  deferred,
  dry,
  encoderLayer,
  fromCheckpoint,
  type HostTensor,
  type Listener,
  meter,
  recording,
  Scope,
  siglip,
  SiglipConfig,
  SiglipVisionConfig,
  size,
  Tensor,
} from '@siglip-ts/core';
import { forward, loadCase, loadGolden } from '../siglip/modeling/golden.ts';

const c = await loadCase('plain');
const plain = await loadGolden('plain', 'float32'); // all outputs, and every module's tap
const backends: [string, () => Backend][] = [
  ['cpu', cpu],
  ['meter(cpu)', () => meter(cpu())],
  ['deferred(cpu)', () => deferred(cpu())],
  ['deferred(meter(cpu))', () => deferred(meter(cpu()))],
  ['cpu that lets go of nothing', unreleased],
];

/** As an autograd backend may be: its caller brackets a training step. */
function unreleased(): Backend {
  return { ...cpu(), mark: () => ({}), release() {} };
}

/** All outputs as plain numbers. */
async function numbers(outputs: ReadonlyMap<string, HostTensor>) {
  const all = await Promise.all(
    [...outputs].map(async ([k, x]) => [k, [...(await x.data())]] as const),
  );
  return Object.fromEntries(all);
}

describe('the same code, the same numbers', async () => {
  async function layer(b: Backend): Promise<number[]> {
    const s = new Scope(fromCheckpoint(b, c.checkpoint, 'float32')).at(
      'vision_model.encoder.layers.1',
    );
    const config = SiglipVisionConfig.from_dict(c.config);
    await s.ready();
    const x = Array.from({ length: 2 * 5 * 24 }, (_, i) => Math.sin(i));
    const y = encoderLayer(s, Tensor.from(b, x, [2, 5, 24]), config, {});
    return [...(await y.data())];
  }
  const [oneLayer, whole] = [await layer(cpu()), await numbers(await forward(cpu(), c, plain))];

  test.each(backends)('one encoder layer on %s', async (_, make) => {
    expect(await layer(make())).toEqual(oneLayer);
  });
  test.each(backends)('one forward on %s', async (_, make) => {
    expect(Object.keys(whole).length).toBeGreaterThan(60);
    expect(await numbers(await forward(make(), c, plain))).toEqual(whole);
  });
});

describe('nothing is left on the stack', () => {
  /** Everything alive on a metered backend when all that was queued is done. */
  async function left(counted: ReturnType<typeof meter>, b: Backend): Promise<number> {
    await b.read(Tensor.constant(b, [0], [1]));
    return counted.readings.live;
  }
  const reading: Listener = { tap: (_, x) => void x.host() };

  describe.each([
    ['meter(cpu)', (counted: Backend) => counted],
    ['deferred(meter(cpu))', deferred],
  ] as const)('of %s', (_, around) => {
    test('after a forward whose every tap is read', async () => {
      const counted = meter(cpu());
      const b = around(counted);
      await numbers(await forward(b, c, plain, { listener: reading }));
      expect(counted.readings.peak).toBeGreaterThan(0);
      expect(await left(counted, b)).toBe(0);
    });

    test.each([
      'vision_model.encoder.layers.1.mlp.fc1',
      'text_model.head',
      'vision_model.embeddings',
    ])('after a listener throws at %s', async (where) => {
      const counted = meter(cpu());
      const b = around(counted);
      const listener: Listener = {
        tap(path) {
          if (path === where) throw new Error('enough');
        },
      };
      await expect(forward(b, c, plain, { listener })).rejects.toThrow('enough');
      expect(await left(counted, b)).toBe(0);
    });

    test('after an abort between two layers', async () => {
      const counted = meter(cpu());
      const b = around(counted);
      const stop = new AbortController();
      const heard: string[] = [];
      const listener: Listener = {
        tap(path) {
          heard.push(path);
          if (path === 'vision_model.encoder.layers.0') stop.abort(new Error('stopped'));
        },
      };
      const store = fromCheckpoint(b, c.checkpoint, 'float32');
      const aborted = call(b, () =>
        siglip(
          new Scope(store, '', { listener, signal: stop.signal }),
          Tensor.from(b, new Float32Array(3 * 32 * 32), [1, 3, 32, 32]),
          { data: Int32Array.of(1, 2, 3), shape: [1, 3] },
          SiglipConfig.from_dict(c.config),
        ),
      );
      await expect(aborted).rejects.toThrow('stopped');
      expect(heard.at(-1)).toBe('vision_model.encoder.layers.0');
      expect(await left(counted, b)).toBe(0);
    });
  });
});

/** One image and one text through a model with this many layers in each tower, on a backend that computes nothing. */
async function dryForward(layers: number, breathe?: () => Promise<void>) {
  const b = meter(dry());
  const depth = { num_hidden_layers: layers };
  const config = new SiglipConfig({ text_config: depth, vision_config: depth });
  const pixels = new Tensor(b, [1, 3, 224, 224], 'float32', {});
  const ids = { data: new Int32Array(64), shape: [1, 64] };
  await siglip(new Scope(recording(b), '', { breathe }), pixels, ids, config);
  return b.readings;
}

describe('a deep encoder', () => {
  test('needs no more memory for activations than a shallow one', async () => {
    const [shallow, deep] = [await dryForward(2), await dryForward(12)];
    expect(deep.calls).toBeGreaterThan(3 * shallow.calls);
    expect(deep.peak).toBe(shallow.peak);
  });
  test('breathes before every layer', async () => {
    const breaths = async (layers: number) => {
      let n = 0;
      await dryForward(layers, async () => void n++);
      return n;
    };
    const apart = [await breaths(3), await breaths(5)];
    expect(apart).toEqual([13, 13 + 2 * 2]); // embeddings, norm and head of both towers, the scalars, and the layers
  });
});

describe('streamed weights', () => {
  /** What one `ready` loads: a layer, a norm, a head, the embeddings, or the two scalars. */
  const loadOf = (key: string) =>
    /^\w+_model\.(encoder\.layers\.\d+|\w+)\./.exec(key)?.[0] ?? 'scalars';

  test.each([
    ['meter(cpu)', (counted: Backend) => counted],
    ['deferred(meter(cpu))', deferred],
  ] as const)('are at most one layer of %s at a time, and none at the end', async (_, around) => {
    const counted = meter(cpu());
    const b = around(counted);
    const store = fromCheckpoint(b, c.checkpoint, 'float32', { keep: false });
    const outputs = await numbers(await forward(b, c, plain, { store }));
    const whole = await numbers(await forward(cpu(), c, plain));
    expect(outputs).toEqual(whole);

    const bytes = new Map<string, number>();
    for (const [key, shape] of c.checkpoint.shapes)
      if (key !== 'text_model.embeddings.token_embedding.weight')
        bytes.set(loadOf(key), (bytes.get(loadOf(key)) ?? 0) + 4 * size(shape));
    expect(counted.readings.weightsPeak).toBe(Math.max(...bytes.values()));
    store.dispose();
    await b.read(Tensor.from(b, [0], [1]));
    expect(counted.readings.weights).toBe(0);
  });

  test('the next layer is read once, before it is asked for', async () => {
    const read: string[] = [];
    const b = cpu();
    const store = fromCheckpoint(
      b,
      {
        shapes: c.checkpoint.shapes,
        read(key, ...rest) {
          read.push(key);
          return c.checkpoint.read(key, ...rest);
        },
      },
      'float32',
    );
    const layers = new Scope(store).at('vision_model.encoder.layers');
    layers.at(0).soon();
    expect(read.length).toBeGreaterThan(0);
    const begun = [...read];
    await layers.at(0).ready();
    expect(read).toEqual(begun);
  });

  test('a read ahead that fails is told by the load that needs it, and by no other', async () => {
    const failing = {
      shapes: c.checkpoint.shapes,
      read: async () => Promise.reject(new Error('cut')),
    };
    const layers = new Scope(fromCheckpoint(cpu(), failing, 'float32')).at(
      'vision_model.encoder.layers',
    );
    layers.at(0).soon();
    await new Promise((resolve) => setTimeout(resolve));
    await expect(layers.at(0).ready()).rejects.toThrow('cut');
  });
});

describe('taps', () => {
  test('a replaced one changes exactly what lies downstream', async () => {
    const replaced = 'vision_model.encoder.layers.1.layer_norm2';
    const run = async (replace: (x: Tensor) => Tensor) => {
      const heard: string[] = [];
      const taps = new Map<string, HostTensor>();
      const listener: Listener = {
        tap(path, x) {
          heard.push(path);
          const y = path === replaced ? replace(x) : x;
          taps.set(path, y.host());
          return y;
        },
      };
      const outputs = await forward(cpu(), c, plain, { listener });
      return { heard, values: await numbers(new Map([...outputs, ...taps])) };
    };
    const before = await run((x) => x);
    const after = await run((x) => x.mul(1.5).add(0.25));
    expect(after.heard).toEqual(before.heard);

    const changed = Object.keys(before.values).filter(
      (k) => JSON.stringify(before.values[k]) !== JSON.stringify(after.values[k]),
    );
    const from = before.heard.indexOf(replaced);
    const downstream = before.heard.filter(
      (path, i) => i >= from && path.startsWith('vision_model'),
    );
    const outputs = Object.keys(before.values).filter(
      (k) =>
        /^(logits_per_(image|text)|image_embeds|loss)$/.test(k) ||
        /^vision_model_output\.(last_hidden_state|pooler_output|hidden_states\.2)$/.test(k),
    );
    expect(changed.sort()).toEqual([...downstream, ...outputs].sort());
    expect(downstream).toContain('vision_model.head.mlp.activation_fn');
  });

  test('wanting a module that a fusion hides turns that one fusion off', async () => {
    const run = async (wanted: string | null) => {
      const b = meter(cpu());
      const heard: string[] = [];
      const listener: Listener = {
        wants: (path) => path === wanted,
        tap: (path) => void heard.push(path),
      };
      const { logits_per_text } = await numbers(await forward(b, c, plain, { listener }));
      return { heard, logits: logits_per_text!, byOp: Object.fromEntries(b.readings.byOp) };
    };
    const fc1 = 'text_model.encoder.layers.0.mlp.fc1';
    const [fused, split] = [await run(null), await run(fc1)];
    expect(fused.heard).toEqual([]);
    expect(fused.byOp['activation']).toBeUndefined();
    expect(split.heard).toEqual([fc1]);
    expect(split.byOp).toEqual({ ...fused.byOp, activation: 1 });
    const apart = distance(split.logits, fused.logits, 'float32', budgetOf('linear', 'float32'));
    expect(apart.wrong).toBe(-1);
  });
});

describe('two public calls on one backend', () => {
  const pause = () => new Promise<void>((done) => setTimeout(done, 2));

  test('queue, and the second runs though the first fails', async () => {
    const b = meter(cpu());
    const log: string[] = [];
    const job = (name: string, fails: boolean) =>
      call(b, async () => {
        log.push(`${name} begins`);
        Tensor.from(b, [1], [1]);
        await pause();
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const [first, second] = [job('first', true), job('second', false)];
    await expect(first).rejects.toThrow('first');
    expect(await second).toBe('second');
    expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(b.readings.live).toBe(0);
  });

  test('do not wait for those on another backend', async () => {
    const log: string[] = [];
    const job = (b: Backend, name: string) =>
      call(b, async () => {
        log.push(`${name} begins`);
        await pause();
        log.push(`${name} ends`);
      });
    await Promise.all([job(cpu(), 'first'), job(cpu(), 'second')]);
    expect(log.slice(0, 2)).toEqual(['first begins', 'second begins']);
  });

  test.each(backends)('give on %s what they give alone', async (_, make) => {
    const b = make();
    const alone = await numbers(await forward(cpu(), c, plain));
    const both = await Promise.all([forward(b, c, plain), forward(b, c, plain)]);
    for (const outputs of both) expect(await numbers(outputs)).toEqual(alone);
  });
});

describe('a late failure', () => {
  test('rejects the outputs of its call, and spoils no call after it', async () => {
    const inner = cpu();
    let broken = true;
    const b = deferred({
      ...inner,
      reduce(op, x, axis) {
        if (broken) throw new Error('the device is lost');
        return inner.reduce(op, x, axis);
      },
      fused: {
        ...inner.fused,
        attention: (...args) => {
          if (broken) throw new Error('the device is lost');
          return inner.fused!.attention!(...args);
        },
      },
    });
    const store = fromCheckpoint(b, c.checkpoint, 'float32'); // keeps what it made while broken
    const lost = await forward(b, c, plain, { store });
    await expect(lost.get('logits_per_text')!.data()).rejects.toThrow('the device is lost');
    broken = false;
    const well = await forward(b, c, plain, { store });
    expect(await numbers(well)).toEqual(await numbers(await forward(cpu(), c, plain)));
  });
});
