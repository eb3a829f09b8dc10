// Names for the cache: any text as one name that is safe on every file system, and names that are new.

/** At most this many characters, well under the 255 bytes that file systems allow. */
const LONGEST = 200;

/**
 * `text` with everything but letters, digits, '-', '_' and inner '.' as %xx. Distinct texts stay
 * distinct.
 */
export function keyPart(text: string): string {
  const percent = (character: string): string =>
    `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  // encodeURIComponent leaves !~*'() and dots; a name of dots, or with one at an end, means
  // something to some system.
  const name = encodeURIComponent(text).replace(/[!~*'()]|^\.|\.$/g, percent);
  if (name === '' || name.length > LONGEST)
    throw new Error(
      `cache: the name ${JSON.stringify(text.slice(0, 80))} of ${text.length} characters, expected 1 to ${LONGEST}`,
    );
  return name;
}

/** A name that nothing else has. A page that is not served by https has no randomUUID. */
export const uniqueName = (): string =>
  globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
