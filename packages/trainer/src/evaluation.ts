// What a model knows of held-out pairs: zero-shot accuracy over their captions, and retrieval both ways. Of embeddings
// that are normalised; where they come from is the caller's.

/** Shares in [0, 1]. A caption that several pictures have counts as right for each of them. */
export interface Evaluation {
  /** How often a picture's own caption is the first of all different captions. */
  readonly zero_shot_accuracy: number;
  /** Recall at k: its own among the first k, from picture to caption and from caption to picture. */
  readonly image_to_text_r5: number;
  /** Recall at 1, from caption to picture. */
  readonly text_to_image_r1: number;
  /** Recall at 5, from caption to picture. */
  readonly text_to_image_r5: number;
}

/**
 * `images`: [N, D], `captions`: the N pictures' captions, `texts`: [C, D], of the C different captions in the order in
 * which they first come. Both normalised.
 */
export function evaluate(
  images: readonly Float32Array[],
  captions: readonly string[],
  texts: readonly Float32Array[],
): Evaluation {
  const different = [...new Set(captions)];
  const own = captions.map((caption) => different.indexOf(caption));
  const scores = images.map((image) => texts.map((text) => dot(image, text)));
  const toText = scores.map((row, i) => rankOf(row, (c) => c === own[i]));
  const toImage = different.map((_, c) => {
    const column = scores.map((row) => row[c]!);
    return rankOf(column, (i) => own[i] === c);
  });
  const within = (ranks: readonly number[], k: number) =>
    ranks.filter((rank) => rank < k).length / ranks.length;
  return {
    zero_shot_accuracy: within(toText, 1),
    image_to_text_r5: within(toText, 5),
    text_to_image_r1: within(toImage, 1),
    text_to_image_r5: within(toImage, 5),
  };
}

/** How many score higher than the best of its own; a tie counts against it. */
function rankOf(scores: readonly number[], isOwn: (i: number) => boolean): number {
  const best = scores.reduce((most, x, i) => (isOwn(i) ? Math.max(most, x) : most), -Infinity);
  return scores.filter((score, i) => !isOwn(i) && score >= best).length;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
