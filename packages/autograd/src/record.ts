// What is remembered of a computation: nodes, the steps that made them, and what went into those. Nothing here computes.
import type { DType, Shape, Tensor } from '@siglip-ts/core';
import type { Step } from './step.ts';

/** An input of a step: a node, and the shape under which it was read (reshaping makes no node). */
export interface Input {
  /** What was read. */
  readonly node: Node;
  /** The shape that it was read under. */
  readonly shape: Shape;
}

/** What a handle is: a tensor of the backend below and where it came from. */
export interface Node {
  /** null once it was let go: then `step` makes it anew. */
  value: Tensor | null;
  /** The size of each axis. */
  readonly shape: Shape;
  /** What the numbers are. */
  readonly dtype: DType;
  /** null for what comes from outside. */
  readonly step: Step | null;
  /** What `step` was given. */
  readonly inputs: readonly Input[];
  /** Whether something trained goes into it. */
  readonly trained: boolean;
  /** Must survive release: the backward pass reads it and it cannot be recomputed. */
  held: boolean;
  /** Which release it was subject to first. What belongs to one release is replayed and walked back together. */
  segment: number;
}
