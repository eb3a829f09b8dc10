// From the uncompressed stream to lines of packed samples: the five filters, and Adam7's seven passes.
/** First column and row of each Adam7 pass, and the steps between its columns and rows. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A smaller picture inside the picture: the whole of it, or one pass of Adam7. */
export interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
  /** Bytes of a packed line, without the filter byte in front. */
  readonly lineBytes: number;
}

/** @param bits per pixel */
export function passesOf(width: number, height: number, bits: number, interlaced: boolean): Pass[] {
  const steps = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  return steps
    .map(([x, y, stepX, stepY]) => {
      const across = Math.ceil((width - x) / stepX);
      const down = Math.ceil((height - y) / stepY);
      const lineBytes = Math.ceil((across * bits) / 8);
      return { x, y, stepX, stepY, width: across, height: down, lineBytes };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/**
 * Undoes the filter of a line, in place (PNG specification, section 9).
 *
 * @param line without its filter byte
 * @param above the line above, unfiltered, or zeros
 * @param step bytes of a whole pixel, at least 1
 * @returns false if there is no such filter
 */
export function unfilter(
  filter: number,
  line: Uint8Array,
  above: Uint8Array,
  step: number,
): boolean {
  const n = line.length;
  if (filter === 0) return true;
  if (filter === 1) {
    for (let i = step; i < n; i++) line[i]! += line[i - step]!;
  } else if (filter === 2) {
    for (let i = 0; i < n; i++) line[i]! += above[i]!;
  } else if (filter === 3) {
    for (let i = 0; i < step && i < n; i++) line[i]! += above[i]! >> 1;
    for (let i = step; i < n; i++) line[i]! += (line[i - step]! + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < step && i < n; i++) line[i]! += above[i]!;
    for (let i = step; i < n; i++) line[i]! += paeth(line[i - step]!, above[i]!, above[i - step]!);
  } else return false;
  return true;
}

/** The neighbour (left, above, corner) nearest to left + above - corner. */
function paeth(a: number, b: number, c: number): number {
  const toA = Math.abs(b - c);
  const toB = Math.abs(a - c);
  const toC = Math.abs(a + b - 2 * c);
  return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
}
