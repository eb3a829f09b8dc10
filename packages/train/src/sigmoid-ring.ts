// The sigmoid loss over W devices in a ring (paper, section 3.3): each holds its own pairs, on a backend of its own, and
// texts travel. No device ever sees more than b x b logits or more than its own and one neighbour's embeddings.
import { scoped, scopedSync, size, Tensor } from '@siglip-ts/core';
import { accumulator } from './accumulator.ts';
import type { Contrast } from './losses.ts';
import { blockGradients, type ContrastGradients } from './sigmoid-blocks.ts';

/** What goes round: a device's texts, and the gradient that they have gathered so far. */
export interface Traveller {
  /** [b, D], normalised, in the dtype of the tensors. */
  readonly text: Float32Array | Float64Array | Int32Array;
  /** [b, D], of the loss so far. */
  readonly gradient: Float32Array | Float64Array | Int32Array;
}

/** The way to the next device and from the one before. Messages must arrive in order. */
export interface Neighbours {
  /** To the next device. */
  send(x: Traveller): void;
  /** From the device before, in the order in which they were sent. */
  receive(): Promise<Traveller>;
}

/**
 * One device's part, for its b pairs x of a batch of b W. Gives the gradients of its own texts and images, whole, and
 * its share of the loss and of the gradients of logit_scale and logit_bias: the sum over devices is the batch's.
 *
 * After W hops each device's texts are home, with the gradient that all images gave them; so there are W messages a
 * device and no gathering.
 */
export function sigmoidRing(
  x: Contrast,
  devices: number,
  neighbours: Neighbours,
): Promise<ContrastGradients> {
  const { backend, shape, dtype } = x.text;
  if (x.image.shape[0] !== shape[0])
    throw new RangeError(`loss: ${shape[0]} texts and ${x.image.shape[0]} images, expected pairs`);
  const round = async () => {
    const sums = accumulator(backend);
    let carried: Traveller = {
      text: await x.text.data(),
      gradient: new Float64Array(size(shape)),
    };
    const onto = (values: Traveller['text']) => Tensor.from(backend, values, shape, dtype);
    for (let hop = 0; hop < devices; hop++) {
      const { text, gradient } = carried;
      const gathered = scopedSync(backend, () => {
        const block = { ...x, text: onto(text) };
        const { text: more, ...own } = blockGradients(block, hop === 0, shape[0]! * devices);
        for (const [name, value] of Object.entries(own)) sums.add(name, value);
        return onto(gradient).add(more).data();
      });
      neighbours.send({ text, gradient: await gathered });
      carried = await neighbours.receive();
    }
    const total = sums.take();
    const of = (name: string) => total.get(name)!;
    return {
      loss: of('loss').reshape([]),
      text: onto(carried.gradient),
      image: of('image'),
      logit_scale: of('logit_scale').reshape(x.logit_scale.shape),
      logit_bias: of('logit_bias').reshape(x.logit_bias.shape),
    };
  };
  return scoped(backend, round, (y) => [y.loss, y.text, y.image, y.logit_scale, y.logit_bias]);
}

/** Neighbours behind message ports, such as those of worker threads. Starts the port it listens to. */
export function portNeighbours(next: MessagePort, before: MessagePort): Neighbours {
  const arrived: Traveller[] = [];
  const waiting: ((x: Traveller) => void)[] = [];
  before.onmessage = ({ data }: MessageEvent<Traveller>) => {
    const wake = waiting.shift();
    if (wake) wake(data);
    else arrived.push(data);
  };
  return {
    send: (x) => next.postMessage(x),
    receive: () =>
      arrived.length > 0
        ? Promise.resolve(arrived.shift()!)
        : new Promise((resolve) => waiting.push(resolve)),
  };
}
