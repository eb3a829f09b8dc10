// What from-sources.mjs gives, for tests that are type-checked.
/** Writes `main.js` and so on into `folder`, of `{ main: path }`. */
export function bundleInto(folder: string, input: Readonly<Record<string, string>>): Promise<void>;
