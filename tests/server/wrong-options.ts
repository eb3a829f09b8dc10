// Options of a call that are none, as JSON or the numbers of a query can hold them, each with what its refusal says.

const NUMBERS = ['maxPixels', 'maxScanSamples', 'maxTextChunk', 'maxTextMemory', 'maxBytes', 'timeout', 'silence']; // prettier-ignore
const FUNCTIONS = ['fetch', 'breathe', 'on_text', 'on_image'];

type Wrong = readonly [options: unknown, words: RegExp];

const each = (names: readonly string[], values: readonly unknown[]): Wrong[] =>
  names.flatMap((name) =>
    values.map((value): Wrong => [{ [name]: value }, new RegExp(`^${name}: [^]*, expected `)]),
  );

/** As a query has them: NaN arises on the server. */
export const WRONG_NUMBERS: readonly Wrong[] = each(NUMBERS, ['ten', '-1', '1e', '0x']);

export const WRONG_OPTIONS: readonly Wrong[] = [
  ...each(NUMBERS, ['NaN', '9', {}, [], -1, true]),
  ...each(['maxPixels', 'maxBytes', 'silence'], [null]),
  ...each(FUNCTIONS, [5, 'x', {}]),
  ...each(['decoders'], [5, 'x', [5], [{}], [null], null]),
  ...each(['kernels'], [5, 'x']),
  ...each(['truncated'], ['x', 5, {}]),
  ...each(['on_error'], ['x']),
  ...each(['hypothesis_template'], [5, {}, [[]], [5], [null], []]),
  [{ hypothesis_template: 'no place' }, /^hypothesis_template: "no place" has no \{\} where/],
  [{ tokenizer_kwargs: 'x' }, /^tokenizer_kwargs: "x", expected /],
  [{ tokenizer_kwargs: 5 }, /^tokenizer_kwargs: 5, expected /],
  [{ tokenizer_kwargs: { nothing: 5 } }, /nothing/],
  [{ tokenizer_kwargs: { padding: 5 } }, /is not a valid PaddingStrategy/],
  [{ tokenizer_kwargs: { padding: {} } }, /is not a valid PaddingStrategy/],
  [{ tokenizer_kwargs: { max_length: 'x' } }, /max_length/],
  [{ tokenizer_kwargs: { max_length: -1 } }, /max_length/],
  [{ tokenizer_kwargs: { max_length: 1e9 } }, /max_length|positions|length/],
  [{ tokenizer_kwargs: { truncation: 5 } }, /is not a valid TruncationStrategy/],
  [{ images: {} }, /there is no option images/],
  [{ maxpixels: 5 }, /there is no option maxpixels; did you mean maxPixels/],
];
