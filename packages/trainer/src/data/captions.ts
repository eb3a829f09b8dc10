// The captions in a row of JSON, whatever its field is called.

/** The captions in a row of JSON: `text` as in HF's image folders, `caption`, or a list of `captions`. */
export function captionsOf(row: unknown): string[] {
  const { text, caption, captions } = Object(row) as Record<string, unknown>;
  const found = [text ?? caption ?? captions].flat();
  if (found.length === 0 || !found.every((c) => typeof c === 'string' && c.trim() !== ''))
    throw new TypeError('no caption: expected a text, caption or captions field that is not empty');
  return found as string[];
}
