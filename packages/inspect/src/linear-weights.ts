// Which weights a backend may store narrow: those that linear layers multiply with, found by running the towers on nothing.
import { dry, type Handle, type Parameters, recording, Scope } from '@siglip-ts/core';
import { SiglipConfig, SiglipTextConfig } from 'siglip-ts';
import { type AnyConfig, classNamed } from 'siglip-ts/internals';

/** Keys of the weights of linear layers, the patch embedding among them, in whatever class has this configuration. */
export async function linearWeights(config: AnyConfig): Promise<Set<string>> {
  const keyOf = new WeakMap<Handle, string>();
  const found = new Set<string>();
  const nothing = dry();
  const b = {
    ...nothing,
    fused: {
      ...nothing.fused,
      linear: (_: unknown, { handle }: { handle: Handle }): Handle => {
        const key = keyOf.get(handle);
        if (key !== undefined) found.add(key);
        return {};
      },
    },
  };
  const recorded = recording(b);
  const store: Parameters = {
    ...recorded,
    param(key, rows) {
      const x = recorded.param(key, rows);
      keyOf.set(x.handle, key);
      return x;
    },
  };
  // Listened to, a classifier runs the pooling head too.
  const s = new Scope(store, '', { listener: { tap() {} } });
  const run = (name: string) => {
    const kind = classNamed(name);
    return kind.trace(kind.configOf(config.to_dict(), {}))(s, b);
  };
  const hasVision = !(config instanceof SiglipTextConfig);
  if (hasVision) await run('SiglipForImageClassification');
  if (!hasVision || config instanceof SiglipConfig) await run('SiglipTextModel');
  return found;
}
