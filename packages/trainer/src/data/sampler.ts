// In which order pairs come: without end, each epoch in an order of its own that the seed fixes. Shards are shuffled,
// and the pairs within them, so that one shard after another is read. A place in the order is two numbers.
import { generator, permutation } from '@siglip-ts/core';
import type { Pair, Shard } from './pair.ts';
import type { Prepared, Sample, Skipped } from './sample.ts';

/** The pair to come next. */
export interface Cursor {
  /** Counts from 0. */
  readonly epoch: number;
  /** How many pairs of the epoch came before it. */
  readonly position: number;
}

/** Where a run takes its pairs from. What comes is decided by the seed and the cursor alone. */
export interface Source {
  /** Where it stands. */
  readonly cursor: Cursor;
  /** The next `n`. `prepare` is the trainee's; a source that makes its pixels itself does without. */
  take(
    n: number,
    prepare: (sample: Sample) => Promise<Prepared>,
    skipped: Skipped,
  ): Promise<Prepared[]>;
}

export class Sampler implements Source {
  private readonly shards: readonly Shard[];
  private readonly seed: number;
  private at: Cursor;
  /** Pairs of shards, shuffled anew for each epoch. */
  private epoch: { number: number; order: readonly (readonly [Shard, number])[] } | null = null;

  constructor(shards: readonly Shard[], seed: number, from: Cursor = { epoch: 0, position: 0 }) {
    this.shards = shards;
    this.seed = seed;
    this.at = from;
  }
  /** Where it stands. */
  get cursor(): Cursor {
    return this.at;
  }
  /** Pairs of an epoch. */
  get size(): number {
    return this.shards.reduce((sum, shard) => sum + shard.size, 0);
  }

  /**
   * The next `n` samples that `prepare` can use, what it made of each. What throws is skipped and reported. Throws where
   * so many fail in a row that none can be usable.
   */
  async take<T>(
    n: number,
    prepare: (sample: Sample) => Promise<T>,
    skipped: Skipped,
  ): Promise<T[]> {
    const taken: T[] = [];
    for (let failures = 0; taken.length < n;) {
      // A good one may come first in an epoch and last in the next, and all others between.
      if (failures > 2 * (this.size - 1)) throw new Error('training: not one pair is usable');
      const { epoch, position } = this.at;
      const [shard, i] = this.orderOf(epoch)[position]!;
      const more = position + 1 < this.size;
      this.at = more ? { epoch, position: position + 1 } : { epoch: epoch + 1, position: 0 };
      try {
        taken.push(await prepare(this.withCaption(await shard.read(i), epoch)));
        failures = 0;
      } catch (error) {
        failures++;
        skipped((error as Error).message);
      }
    }
    return taken;
  }

  private withCaption({ name, image, captions }: Pair, epoch: number): Sample {
    const random = generator(`${this.seed} caption ${epoch} ${name}`);
    return { name, image, caption: captions[Math.floor(random() * captions.length)]! };
  }
  private orderOf(number: number): readonly (readonly [Shard, number])[] {
    if (this.epoch?.number !== number) {
      const shards = permutation(this.shards.length, `${this.seed} shards ${number}`);
      const order = [...shards].flatMap((s) => {
        const shard = this.shards[s]!;
        const within = permutation(shard.size, `${this.seed} pairs ${number} ${s}`);
        return [...within].map((i) => [shard, i] as const);
      });
      this.epoch = { number, order };
    }
    return this.epoch.order;
  }
}
