// The post-processors of a tokenizer.json: which special tokens stand before and after a text. Single texts, no pairs.
import { component, fail, list, object, type Readers } from './checks.ts';

/** The ids around a text. */
export interface Template {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export const BARE: Template = { before: [], after: [] };

const READERS: Readers<Template> = {
  Sequence: [
    'processors',
    (json, name) =>
      list(json['processors'], name)
        .map((one) => component(one, name, READERS))
        .reduce(
          (inner, outer) => ({
            before: [...outer.before, ...inner.before],
            after: [...inner.after, ...outer.after],
          }),
          BARE,
        ),
  ],
  TemplateProcessing: [
    'single pair special_tokens',
    (json, name) => {
      const specials = object(json['special_tokens'], `${name}.special_tokens`);
      const found: { before: number[]; after: number[] } = { before: [], after: [] };
      let texts = 0;
      for (const part of list(json['single'], `${name}.single`)) {
        const { SpecialToken: special, Sequence: sequence } = object(part, `${name}.single`);
        if (sequence !== undefined) texts++;
        else {
          const id = String(object(special, `${name}.single`)['id']);
          const ids = list(object(specials[id], `${name} ${id}`)['ids'], `${name} ${id}`);
          const side = texts > 0 ? 'after' : 'before';
          found[side] = [...found[side], ...(ids as number[])];
        }
      }
      if (texts !== 1 || [...found.before, ...found.after].some((id) => !Number.isSafeInteger(id)))
        return fail(`${name}.single`, json['single'], 'one sequence, and tokens with their ids');
      return found;
    },
  ],
};

/** No special tokens where there is none. */
export const postProcessor = (json: unknown): Template =>
  json == null ? BARE : component(json, 'post_processor', READERS);
