// What the handles of this backend are, who lets go of them, and the queue in which everything happens in call order.
// Nothing is computed here.
import type { Operand, Values } from '@siglip-ts/core';
import { expectAlive, stack } from '@siglip-ts/core/kit';
import { deleted, type Device, fetched } from './device.ts';
import type { Resident } from './gpujs.ts';
import { copy } from './kernels/movement.ts';

/** Weights and inputs stay on the host until a kernel wants them; int32 and half types always. */
export type Stored = { readonly host: Values } | { readonly device: Resident };

/** A handle: what will be there once the queue has come to it, or why there is nothing. */
export class Slot {
  stored: Stored | null = null;
  error: unknown = null;
  /** Known at once, since calls are made in order; the memory goes when the queue has come to it. */
  released = false;
}

/** Throws Error after the release. */
export function slotOf(x: Operand): Slot {
  const slot = x.handle as Slot;
  expectAlive('gpu', x, !slot.released);
  return slot;
}

export class Memory {
  private readonly device: Device;
  private tail: Promise<unknown> = Promise.resolve();
  readonly activations = stack<Slot>((gone) => this.free(...gone));
  /** What was not computed and is not released: as long as there is any, no read gives numbers. */
  private readonly failed = new Set<Slot>();

  constructor(device: Device) {
    this.device = device;
  }

  constant(values: Values): Slot {
    const slot = new Slot();
    slot.stored = { host: values };
    return slot;
  }
  upload(values: Values): Slot {
    return this.activations.push(this.constant(values.slice()));
  }
  /** A new activation, computed in its turn. */
  later(work: () => Promise<Stored>): Slot {
    const slot = this.activations.push(new Slot());
    this.fill(slot, work);
    return slot;
  }
  read(slot: Slot): Promise<Values> {
    return this.inTurn(async () => {
      for (const { error } of this.failed) throw error;
      return (await this.values(slot)).slice();
    });
  }
  assign(target: Slot, source: Slot): void {
    this.fill(target, async () => {
      const stored = existing(source);
      if ('host' in stored) return { host: stored.host.slice() };
      return { host: await fetched(stored.device) };
    });
  }
  free(...slots: Slot[]): void {
    for (const slot of slots) slot.released = true;
    void this.inTurn(async () => {
      for (const slot of slots) {
        empty(slot);
        this.failed.delete(slot);
      }
    });
  }
  dispose(): void {
    this.activations.clear();
    void this.inTurn(() => this.device.dispose());
  }

  // For work, whose turn it is:

  /** The values on the host. Not a copy. */
  async values(slot: Slot): Promise<Values> {
    const stored = existing(slot);
    return 'host' in stored ? stored.host : fetched(stored.device);
  }
  /** The numbers on the device, where they stay: a weight is uploaded once. */
  async resident(slot: Slot): Promise<Resident> {
    const stored = existing(slot);
    if ('device' in stored) return stored.device;
    const { host } = stored;
    const device = await this.device.run(copy(host.length), [host as Float32Array]);
    slot.stored = { device };
    return device;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.tail.then(work);
    this.tail = done.catch(() => {});
    return done;
  }
  /** An error stays in the slot, for whoever needs what was not computed, and is never an unhandled rejection. */
  private fill(slot: Slot, work: () => Promise<Stored>): void {
    void this.inTurn(async () => {
      const before = slot.stored;
      try {
        slot.stored = await work();
        slot.error = null;
        this.failed.delete(slot);
        if (before && 'device' in before) deleted(before.device);
      } catch (error) {
        slot.error = error;
        this.failed.add(slot);
      }
    });
  }
}

function existing({ stored, error }: Slot): Stored {
  if (error) throw error;
  return stored!;
}

function empty(slot: Slot): void {
  if (slot.stored && 'device' in slot.stored) deleted(slot.stored.device);
  slot.stored = null;
}
