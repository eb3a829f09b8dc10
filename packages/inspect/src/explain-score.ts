// Why a score is what it is: what the tokenizer made of the text, what template and padding change, and where the logit
// lies in the model's calibrated range. It reports numbers and what they mean; it does not judge picture or model.
import type { AnyTokenizer, HostTensor, SiglipModel, TensorLike } from 'siglip-ts';
import { fillTemplate, sigmoid, takesLabel, TEMPLATE } from 'siglip-ts/internals';

export interface ExplainOptions {
  /** The sentence around a label. Default: that of HF's zero-shot pipeline. */
  template?: string;
  /** Further labels, which are scored beside the text. */
  labels?: readonly string[];
  signal?: AbortSignal;
  breathe?: () => Promise<void>;
}

/** One text and how it fits: logit = temperature * cosine + bias, score = sigmoid(logit). */
export interface ScoredText {
  text: string;
  cosine: number;
  logit: number;
  score: number;
}

export interface Explanation extends ScoredText {
  /** Every one about one thing, with the number behind it. */
  remarks: { about: string; says: string }[];
  range: {
    /** exp(logit_scale) */
    temperature: number;
    /** logit_bias */
    bias: number;
    /** The cosine with a score of 50 %: -bias / temperature. Above 1 none can have it. */
    cosine_at_half: number;
    score_at_cosine_0: number;
    score_at_cosine_1: number;
  };
  template: { sentence: ScoredText; label: ScoredText };
  tokens: {
    /** Pieces of the text, without eos, before it was cut. */
    pieces: string[];
    /** The model's T. */
    length: number;
    padding: number;
    /** Pieces that did not fit. */
    truncated: string[];
    unknown: string[];
    /** How many pieces each word became. */
    words: { word: string; pieces: number }[];
    lower_cased: number;
    punctuation_removed: number;
  };
  /** The text without padding, as the model was not trained. */
  unpadded: ScoredText;
  labels: ScoredText[];
}

const PUNCTUATION = /[!-/:-@[-`{-~]/g; // string.punctuation

/**
 * Explains the score of one text for one picture.
 *
 * pixel_values: [1, C, H, W], as the image processor gives it. Throws TypeError for an empty text and for a template
 * without {}. Source of the score: SiglipModel.forward.
 */
export async function explainScore(
  model: SiglipModel,
  tokenizer: AnyTokenizer,
  { pixel_values, text }: { pixel_values: TensorLike; text: string },
  { template = TEMPLATE, labels = [], ...run }: ExplainOptions = {},
): Promise<Explanation> {
  if (text.trim() === '') throw new TypeError('text: it is empty, expected some words');
  if (!takesLabel(template))
    throw new TypeError(`template: "${template}" has no {} where a label could go`);
  const { label, sentence } = formsOf(text, template);
  const length = model.config.text_config.max_position_embeddings;
  const image = await model.get_image_features({ pixel_values, ...run });
  const score = scorer(model, tokenizer, image, run);
  const padded = { padding: 'max_length', max_length: length } as const;
  const [given, bare, full, ...others] = await score([text, label, sentence, ...labels], padded);
  const [unpadded] = await score([text], { padding: false, max_length: length });
  const found = {
    ...given!,
    range: await rangeOf(model, run),
    template: { sentence: full!, label: bare! },
    tokens: tokensOf(tokenizer, text, length),
    unpadded: unpadded!,
    labels: [given!, ...others],
  };
  return { ...found, remarks: remarksOf(found, lowers(tokenizer)) };
}

/** The label by itself and in the template, whichever of them the text is. */
function formsOf(text: string, template: string): { label: string; sentence: string } {
  const [before, after] = fillTemplate(template, MARK).split(MARK, 2) as [string, string];
  const trimmed = text.trim();
  const starts = before !== '' && trimmed.toLowerCase().startsWith(before.toLowerCase());
  const rest = trimmed.slice(before.length);
  const inner = after !== '' && rest.endsWith(after) ? rest.slice(0, -after.length) : rest;
  if (starts && inner !== '') return { label: inner, sentence: text };
  return { label: text, sentence: fillTemplate(template, text) };
}

/** Stands for the label: no text has it. */
const MARK = '\0';

type Run = Pick<ExplainOptions, 'signal' | 'breathe'>;
type Padding = { padding: 'max_length' | false; max_length: number };

/** Scores texts of one length for the picture. */
function scorer(model: SiglipModel, tokenizer: AnyTokenizer, image: HostTensor, run: Run) {
  return async (texts: readonly string[], padding: Padding): Promise<ScoredText[]> => {
    const { input_ids } = tokenizer(texts, null, {
      ...padding,
      truncation: true,
      return_tensors: true,
      verbose: false,
    });
    // A mask of ones changes nothing, and says that the length is meant.
    const attention_mask = { data: input_ids.data.map(() => 1), shape: input_ids.shape };
    const text = await model.get_text_features({ input_ids, attention_mask, ...run });
    const [t, v] = [await text.data(), await image.data()];
    const logits = await (await model.logits_of_features({ text, image }, run)).data();
    return texts.map((words, i) => {
      const row = t.slice(i * v.length, (i + 1) * v.length);
      const logit = logits[i]!;
      return { text: words, cosine: cosineOf(row, v), logit, score: sigmoid(logit) };
    });
  };
}

function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

async function rangeOf(model: SiglipModel, run: Run): Promise<Explanation['range']> {
  const [scale, bias] = await model.runtime.run(run, async (s) => {
    await s.ready('logit_scale', 'logit_bias');
    const read = async (name: string) => (await s.param(name, [1]).data())[0]!;
    return [await read('logit_scale'), await read('logit_bias')] as const;
  });
  const temperature = Math.exp(scale);
  return {
    temperature,
    bias,
    cosine_at_half: -bias / temperature,
    score_at_cosine_0: sigmoid(bias),
    score_at_cosine_1: sigmoid(temperature + bias),
  };
}

function tokensOf(tokenizer: AnyTokenizer, text: string, length: number): Explanation['tokens'] {
  const pieces = tokenizer.tokenize(text);
  const room = length - tokenizer.encode('').length;
  const ids = tokenizer.convert_tokens_to_ids(pieces);
  const unknown = pieces.filter((_, i) => ids[i] === tokenizer.unk_token_id);
  const words: { word: string; pieces: number }[] = [];
  for (const piece of pieces) {
    const last = words.at(-1);
    if (piece.startsWith('▁') || !last) words.push({ word: piece.replace('▁', ''), pieces: 1 });
    else Object.assign(last, { word: last.word + piece, pieces: last.pieces + 1 });
  }
  const upper = [...text].filter((c) => c.toLowerCase() !== c).length;
  return {
    pieces,
    length,
    padding: Math.max(0, room - pieces.length),
    truncated: pieces.slice(room),
    unknown,
    words,
    lower_cased: lowers(tokenizer) ? upper : 0,
    punctuation_removed: punctuationIn(text) - punctuationIn(pieces.join('')),
  };
}

/** Whether capitals are the same to it, by whatever part of it. */
const lowers = (tokenizer: AnyTokenizer): boolean =>
  String(tokenizer.tokenize('ABC')) === String(tokenizer.tokenize('abc'));

const punctuationIn = (text: string): number => text.match(PUNCTUATION)?.length ?? 0;

const percent = (x: number): string => `${Number((100 * x).toPrecision(3))} %`;
const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;
const fixed = (x: number): string => x.toFixed(4);
const quoted = (words: readonly string[]): string => words.map((w) => JSON.stringify(w)).join(', ');

/** In the order in which one looks for a mistake: the text, then the model, then what one expects. */
function remarksOf(e: Omit<Explanation, 'remarks'>, lowers: boolean): Explanation['remarks'] {
  const { tokens: t, range: r, template } = e;
  const { label, sentence } = template;
  const split = t.words.filter(({ pieces }) => pieces > 2);
  const splits = split.map(({ word, pieces }) => `"${word}" in ${pieces}`).join(', ');
  const sum = e.labels.reduce((total, { score }) => total + score, 0);
  const all: [about: string, says: string][] = [
    ['template', `${JSON.stringify(sentence.text)} has ${percent(sentence.score)}, the bare label ${JSON.stringify(label.text)} has ${percent(label.score)}`], // prettier-ignore
    ['case', lowers ? `${plural(t.lower_cased, 'letter')} made lower case, as in training: case changes nothing` : 'this tokenizer keeps case, which SigLIP was not trained with: 0 letters made lower case'], // prettier-ignore
    [
      'punctuation',
      `${plural(t.punctuation_removed, 'character')} of punctuation removed, as in training`,
    ],
    ['padding', `${t.padding} of ${t.length} tokens are padding, as in training; without padding the score would be ${percent(e.unpadded.score)}`], // prettier-ignore
    ['vocabulary', t.pieces.length === 0 ? '0 pieces: nothing of the text is left for the model' : `${t.unknown.length} of ${t.pieces.length} pieces unknown${t.unknown.length > 0 ? `: ${quoted(t.unknown)}` : ''}; ${split.length} of ${t.words.length} words in three or more pieces${split.length > 0 ? `: ${splits}` : ''}`], // prettier-ignore
    ['truncation', t.truncated.length === 0 ? '0 pieces cut' : `${t.truncated.length} of ${t.pieces.length} pieces cut, which the model never sees: ${quoted(t.truncated)}`], // prettier-ignore
    ['cosine', `${fixed(e.cosine)} between picture and text; 50 % needs ${fixed(r.cosine_at_half)}${r.cosine_at_half > 1 ? ', which no text can have' : ''}`], // prettier-ignore
    ['logit', `${fixed(r.temperature)} * ${fixed(e.cosine)} + ${fixed(r.bias)} = ${fixed(e.logit)}, and its sigmoid is ${percent(e.score)}`], // prettier-ignore
    ['range', `the bias of ${fixed(r.bias)} gives ${percent(r.score_at_cosine_0)} at cosine 0 and ${percent(r.score_at_cosine_1)} at cosine 1: scores near 0 are normal for most texts (published models have a bias of about -13 to -17)`], // prettier-ignore
    ['labels', `${e.labels.length} scored, each by itself: the scores sum to ${percent(sum)}, not to 100 %, and more labels change none`], // prettier-ignore
  ];
  return all.map(([about, says]) => ({ about, says }));
}
