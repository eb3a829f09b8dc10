// The forms of a comparison by the names that the command line has for them.
import type { Comparison } from './diff.ts';
import { html } from './html.ts';
import type { Tolerance } from './measure.ts';
import { junit, markdown, text } from './text.ts';

const json = (c: Comparison): string => `${JSON.stringify(c)}\n`;

export const render = { text, json, junit, html, md: markdown } satisfies Record<
  string,
  (c: Comparison, t: Tolerance) => string
>;
