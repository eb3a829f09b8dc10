// A kernel's name and those of its arguments, in their order: written once, beside the kernel. The assembler makes the
// function's parameters of it, and nobody calls a kernel but by these names. Holds no code.

/** A are its arguments: int32, and mostly addresses, but for F, which is a float32. */
export interface Kernel<A extends string = string, F extends string = string> {
  readonly name: string;
  readonly args: readonly A[];
  readonly float: F | undefined;
}
type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S;

/** kernel('softmax', 'y x rows n') */
// @__NO_SIDE_EFFECTS__
export function kernel<const S extends string, F extends Words<S> = never>(
  name: string,
  args: S,
  float?: F,
): Kernel<Words<S>, F> {
  return { name, args: args.split(' ') as Words<S>[], float };
}

/** One that takes what another takes. */
// @__NO_SIDE_EFFECTS__
export function alike<K extends Kernel>(kernel: K, name: string): K {
  return { ...kernel, name };
}

/** A value for each argument: none may be missing, and none misspelt. */
export type Args<A extends string, T = number> = { readonly [N in A]: T };

export const inOrder = <A extends string, T>(kernel: Kernel<A>, args: Args<A, T>): T[] =>
  kernel.args.map((name) => args[name]);

/** What a module of kernels exports. */
export type Kernels = Readonly<Record<string, (...args: number[]) => void>>;

export function call<A extends string>(run: Kernels, kernel: Kernel<A>, args: Args<A>): void {
  const f = run[kernel.name]!;
  // Pictures call short ones for every row: without an array in between, that takes half as long.
  const { length } = kernel.args;
  const a = kernel.args as readonly [A, A, A, A, A];
  if (length === 4) f(args[a[0]], args[a[1]], args[a[2]], args[a[3]]);
  else if (length === 5) f(args[a[0]], args[a[1]], args[a[2]], args[a[3]], args[a[4]]);
  else f(...inOrder(kernel, args));
}
