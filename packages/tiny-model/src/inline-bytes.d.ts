// dist/inline-bytes.js, which scripts/inline.mjs makes of ../model when the package is built.
/** The files of the model in base64, by name. */
export const FILES: Readonly<Record<string, string>>;
