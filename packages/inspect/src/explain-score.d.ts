import type { SiglipModel, SiglipTokenizer, TensorLike } from 'siglip-ts';
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
  remarks: {
    about: string;
    says: string;
  }[];
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
  template: {
    sentence: ScoredText;
    label: ScoredText;
  };
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
    words: {
      word: string;
      pieces: number;
    }[];
    lower_cased: number;
    punctuation_removed: number;
  };
  /** The text without padding, as the model was not trained. */
  unpadded: ScoredText;
  labels: ScoredText[];
}
/**
 * Explains the score of one text for one picture.
 *
 * pixel_values: [1, C, H, W], as the image processor gives it. Throws TypeError for an empty text and for a template
 * without {}. Source of the score: SiglipModel.forward.
 */
export declare function explainScore(
  model: SiglipModel,
  tokenizer: SiglipTokenizer,
  {
    pixel_values,
    text,
  }: {
    pixel_values: TensorLike;
    text: string;
  },
  { template, labels, ...run }?: ExplainOptions,
): Promise<Explanation>;
