// Reads fixtures/core, which fixtures/make/core.py writes. Not a test itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Activation, Attributes } from '@siglip-ts/core';

interface Goldens {
  readonly activations: {
    readonly x: number[];
    readonly values: Record<Activation, { readonly float64: number[]; readonly float32: number[] }>;
  };
  readonly configs: {
    readonly made: ConfigGolden[];
    readonly relabelled: (ConfigGolden & { readonly to: number })[];
    readonly composite: Attributes;
    readonly parts: ConfigGolden[];
    readonly errors: {
      readonly class: ConfigClass;
      readonly values: Attributes;
      message: string;
    }[];
    readonly joined: Written;
  };
  /** Bits: of float32, and of what each half type makes of it. */
  readonly halves: { readonly float32: number[]; readonly bfloat16: number[]; float16: number[] };
  readonly positions: {
    readonly n: number;
    readonly D: number;
    readonly h: number;
    readonly w: number;
    readonly table: number[];
    readonly values: number[];
  }[];
  readonly 'sigmoid-loss': {
    readonly n: number;
    readonly logits: number[];
    readonly loss: {
      readonly float64: number;
      readonly float32: number;
      readonly bfloat16: number;
    };
  }[];
}

export type ConfigClass = 'SiglipConfig' | 'SiglipTextConfig' | 'SiglipVisionConfig';

/** A configuration as HF writes it, with and without what is default. */
export interface Written {
  readonly dict: Attributes;
  readonly diff: Attributes;
  readonly num_labels: number;
}
export interface ConfigGolden extends Written {
  readonly class: ConfigClass;
  readonly values: Attributes;
}

export function golden<Name extends keyof Goldens>(name: Name): Goldens[Name] {
  const path = join(import.meta.dirname, `../../fixtures/core/${name}.json`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { data: Goldens[Name] }).data;
}
