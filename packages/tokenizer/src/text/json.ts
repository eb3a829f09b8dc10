// JSON as Python's json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) writes it, so
// that saved tokenizers do not differ from HF's. Not a parser.

/** Writes plain values; a Map's keys are written in their own order, an object's sorted. */
export function toPythonJson(value: unknown, indent = ''): string {
  if (value instanceof Map) return block('{', '}', indent, [...value].map(member(indent)));
  if (Array.isArray(value))
    return block(
      '[',
      ']',
      indent,
      value.map((item) => toPythonJson(item, indent + '  ')),
    );
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return block('{', '}', indent, entries.map(member(indent)));
  }
  // 1e30 is how HF says "no maximum"; Python writes such an int with all its digits.
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value).toString();
  return JSON.stringify(value) ?? 'null';
}

const member =
  (indent: string) =>
  ([key, value]: [unknown, unknown]): string =>
    `${JSON.stringify(String(key))}: ${toPythonJson(value, indent + '  ')}`;

function block(open: string, close: string, indent: string, lines: string[]): string {
  if (lines.length === 0) return open + close;
  return `${open}\n${lines.map((line) => `${indent}  ${line}`).join(',\n')}\n${indent}${close}`;
}
