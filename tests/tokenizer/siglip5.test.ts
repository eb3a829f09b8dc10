// SiglipTokenizer with transformers 5.24's ids, on folders that it saved (fixtures/make/transformers5.py).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SiglipTokenizer } from '@siglip-ts/tokenizer';

const root = new URL('../../', import.meta.url);
const read = (name: string): Uint8Array => readFileSync(new URL(name, root));
const golden = JSON.parse(Buffer.from(read('fixtures/transformers5/siglip.json')).toString()) as {
  cases: [vocabulary: string, name: string, files: Record<string, object>, texts: number, ids: number, decoded: number, skipped: number, padded: number[][]][]; // prettier-ignore
  lists: unknown[];
};

const filesOf = (vocabulary: string, written: Record<string, object>) => {
  const model = vocabulary === 'tiny' ? 'packages/tiny-model/model/spiece.model' : `fixtures/tokenizer/${vocabulary}.model`; // prettier-ignore
  const json = Object.entries(written).map(
    ([name, content]) => [name, Buffer.from(JSON.stringify(content))] as const,
  );
  return new Map<string, Uint8Array>([['spiece.model', read(model)], ...json]);
};

test.each(golden.cases)(
  '%s, %s',
  (vocabulary, _, written, texts, ids, decoded, skipped, padded) => {
    const tokenizer = SiglipTokenizer.fromFiles(filesOf(vocabulary, written), { warn: () => {} });
    expect(tokenizer.reference).toBe('5');
    const found = (golden.lists[texts] as string[]).map((text) => tokenizer.encode(text));
    expect(found).toEqual(golden.lists[ids]);
    expect(found.map((row) => tokenizer.decode(row))).toEqual(golden.lists[decoded]);
    expect(tokenizer.batch_decode(found, { skip_special_tokens: true })).toEqual(golden.lists[skipped]); // prettier-ignore
    const options = { padding: 'max_length', truncation: true, max_length: 6 } as const;
    expect(tokenizer.call(['a cat', 'a photo of two dogs'], null, options).input_ids).toEqual(
      padded,
    );
  },
);

test('the option goes before the files, and is not saved', () => {
  const [vocabulary, , written] = golden.cases[0]!;
  const files = filesOf(vocabulary, written);
  const old = SiglipTokenizer.fromFiles(files, { reference: '4.49' });
  const of5 = SiglipTokenizer.fromFiles(files);
  expect(old.encode('ΟΔΟΣ')).not.toEqual(of5.encode('ΟΔΟΣ'));
  expect(old.encode('ΟΔΟΣ')).toEqual(SiglipTokenizer.fromFiles(filesOf(vocabulary, {})).encode('ΟΔΟΣ')); // prettier-ignore
  expect(Buffer.from(old.files().get('tokenizer_config.json')!).toString()).not.toContain('reference'); // prettier-ignore
  expect(SiglipTokenizer.fromFiles(of5.files()).reference).toBe('5');
});
