// The way back through a record: gradients from the last step to the first, and values computed again where they
// were let go.
import { type Backend, scopedSync, type Tensor } from '@siglip-ts/core';
import type { Input, Node } from './record.ts';
import type { Pull } from './step.ts';

/** Gradients of trained variables, from seeds: the gradients of some nodes. */
export function walkBack(
  b: Backend,
  record: Node[],
  seeds: readonly (readonly [Node, Tensor])[],
): (x: Tensor) => Tensor | undefined {
  const gradients = new Map<Node, Tensor>();
  for (const [node, seed] of seeds) if (node.trained) add(gradients, node, seed);
  while (record.length > 0) {
    const { segment } = record.at(-1)!;
    let from = record.length;
    while (from > 0 && record[from - 1]!.segment === segment) from--;
    walkSegment(b, record.splice(from), gradients);
  }
  return (x) => gradients.get(x.handle as Node);
}

/** Back through what one release had let go of. Leaves nothing but gradients on the stack. */
function walkSegment(b: Backend, nodes: Node[], gradients: Map<Node, Tensor>): void {
  const again: Node[] = [];
  const walk = () => {
    for (const y of nodes.reverse()) {
      const g = gradients.get(y);
      if (!g) continue;
      gradients.delete(y);
      const inputs = y.inputs.map((x) => read(x, again));
      const value = valueOf(y, again);
      walkStep(b, y, gradients, () => y.step!.back(g, inputs, value));
    }
  };
  scopedSync(b, walk, () => [...gradients.values()]);
  for (const y of again) y.value = null;
}

/** Adds to the gradients of what went into a node. */
function walkStep(
  b: Backend,
  y: Node,
  gradients: Map<Node, Tensor>,
  back: () => readonly (Pull | null)[],
): void {
  scopedSync(b, () => {
    const pulls = back();
    const made: Tensor[] = [];
    for (const [i, x] of y.inputs.entries())
      if (x.node.trained && pulls[i]) made.push(add(gradients, x.node, pulls[i]()));
    return made;
  });
}

function add(gradients: Map<Node, Tensor>, to: Node, g: Tensor): Tensor {
  const own = g.reshape(to.shape);
  const old = gradients.get(to);
  const sum = old ? old.add(own) : own;
  gradients.set(to, sum);
  return sum;
}

const read = ({ node, shape }: Input, again: Node[]): Tensor => valueOf(node, again).reshape(shape);

/** What a node is, computed again if it was let go, and then put into `again`. */
function valueOf(y: Node, again: Node[]): Tensor {
  if (y.value) return y.value;
  y.value = y.step!.run(y.inputs.map((x) => read(x, again)));
  again.push(y);
  return y.value;
}
