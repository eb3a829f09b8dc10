// Instances that can be called, as Python's can: `model(inputs)`. A proxy around the instance, since a subclass of
// Function throws where eval is forbidden.

/**
 * `instance`, which called as a function runs its method `name`, with the arguments that `prepare` makes of them. Passes
 * `instanceof`.
 */
export function callable<T extends object>(
  instance: T,
  name: keyof T & string,
  prepare: (...args: unknown[]) => unknown[] = (...args) => args,
): T {
  const target = (): void => {};
  // What Node, Deno and Bun print is what they find on the target.
  Object.defineProperty(target, Symbol.for('nodejs.util.inspect.custom'), {
    value: () => String(instance),
  });
  return new Proxy(target as unknown as T, {
    // Methods get the instance as `this`: its private fields are not the proxy's.
    apply: (_, __, args: unknown[]) =>
      Reflect.apply(instance[name] as never, instance, prepare(...args)),
    get(_, key) {
      const value: unknown = Reflect.get(instance, key, instance);
      // What the instance owns is no method, though it may be callable itself, as a processor's tokenizer is.
      const isMethod =
        typeof value === 'function' && key !== 'constructor' && !Object.hasOwn(instance, key);
      return isMethod ? (value.bind(instance) as unknown) : value;
    },
    set: (_, key, value) => Reflect.set(instance, key, value, instance),
    has: (_, key) => Reflect.has(instance, key),
    deleteProperty: (_, key) => Reflect.deleteProperty(instance, key),
    defineProperty: (_, key, descriptor) => Reflect.defineProperty(instance, key, descriptor),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(instance, key),
    getPrototypeOf: () => Reflect.getPrototypeOf(instance),
    ownKeys: () => Reflect.ownKeys(instance),
  });
}
