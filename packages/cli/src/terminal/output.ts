// How results look: one JSON document for programs, or text for people. What they say is each command's business.
import { once } from 'node:events';
import pico from 'picocolors';
import stringWidth from 'string-width';
import { freeLine } from './bar-line.ts';
import type { Io, Output } from './io.ts';

export const printJson = (io: Io, document: unknown): void =>
  void io.stdout.write(`${JSON.stringify(document)}\n`);

export const print = (io: Io, lines: readonly string[]): void =>
  void io.stdout.write(lines.map((line) => `${line}\n`).join(''));

/** Prints without gathering what is not read yet: a stream of results takes no memory. Ctrl-C ends the wait. */
export async function stream(io: Io, text: string): Promise<void> {
  const { stdout, signal } = io;
  if (stdout.isTTY) freeLine(io);
  if (!stdout.write(text)) await once(stdout, 'drain', { signal });
}

/** Only a terminal gets colours, and only if its owner wants them (no-color.org). */
export const hasColors = (io: Io, stream: Output): boolean =>
  stream.isTTY === true && !io.env.NO_COLOR && io.env.TERM !== 'dumb';

/** picocolors for stdout: plain text where there are no colours. */
export const paint = (io: Io) => pico.createColors(hasColors(io, io.stdout));

/** How many columns a line may have. */
export const columnsOf = (stream: Output): number => stream.columns || 80;

/** Text with control characters escaped: a file name must not steer the terminal. */
export const printable = (text: string): string =>
  // Cc and what turns the direction of writing.
  text.replace(
    /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Lines joined to one that is safe to print. */
export const oneLine = (text: string): string => printable(text.trim().replace(/\s*\n\s*/g, '; '));

export const widthOf = (text: string): number => stringWidth(text);

/** The text in exactly so many columns: filled with spaces, or cut with an ellipsis. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  let shown = text;
  if (widthOf(text) > width) {
    const letters = [...text];
    while (widthOf(letters.join('')) > width - 1) letters.pop();
    shown = `${letters.join('')}…`;
  }
  const fill = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'left' ? shown + fill : fill + shown;
}

/** The largest of some numbers; 0 of none. However many: as arguments of Math.max they would have to fit the stack. */
export const largest = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => Math.max(a, b), 0);

/** Rows as aligned columns, two spaces apart: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => largest(rows.map((row) => widthOf(row[i]!))));
  return rows.map((row) =>
    row.map((text, i) => cell(text, widths[i]!, i === 0 ? 'left' : 'right')).join('  '),
  );
}

/** 1234567 as "1,234,567". */
export const count = (n: number): string => n.toLocaleString('en-US');

/** "1 image", "2 images". */
export const plural = (n: number, one: string): string => `${count(n)} ${one}${n === 1 ? '' : 's'}`;

/** 1234567 as "1.23 M": three digits and a decimal prefix, for a unit to follow. */
export function scaled(n: number): string {
  if (n < 1000) return `${n} `;
  const rounded = Number(n.toPrecision(3)); // first: 999,500 is 1.00 M
  const step = Math.min(5, Math.floor(Math.log10(rounded) / 3));
  return `${(rounded / 1000 ** step).toPrecision(3)} ${'kMGTP'[step - 1]}`;
}
