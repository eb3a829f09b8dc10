// The batches of the run: different concepts, a view and a caption of each. Batch i is decided by the seed and i alone.
import { generator } from '@siglip-ts/core';
import { drawingView, photoView } from './augment.mjs';
import { captionOf, distinct } from './concepts.mjs';

const PATCHES = 64;
/** Photographed concepts are few and have many pictures each: how often they are drawn. */
const photoWeight = (photos) => 0.8 * Math.sqrt(photos);

/**
 * `art`: drawings by concept key, `photos`: tiles, `idsOf`: tokens of a caption, `whole_from`: the step from which
 * the tower sees all patches, and not half of them.
 */
export function openSource({ concepts, art, photos, idsOf, whole_from }) {
  const photosOf = byConcept(photos);
  const known = concepts
    .map((c) => {
      const [drawings, taken] = [art.get(c.key) ?? [], photosOf.get(c.concept) ?? []];
      const weight = c.weight * (taken.length > 0 ? photoWeight(taken.length) : 1);
      return { ...c, drawings, taken, weight };
    })
    .filter(({ drawings, taken }) => drawings.length + taken.length > 0);

  function sample(concept, random, patches) {
    const { drawings, taken, truths } = concept;
    const i = Math.floor(random() * (drawings.length + taken.length));
    const pixels =
      i < drawings.length
        ? drawingView(drawings[i], photos, random)
        : photoView(taken[i - drawings.length].pixels, random);
    const { word, caption } = captionOf(concept, random);
    const also_true = (other) => truths.has(other.word);
    return { pixels, target: idsOf(caption), word, also_true, ...(patches && { patches }) };
  }

  return (seed, from = { epoch: 0, position: 0 }) => {
    let { position } = from;
    return {
      get cursor() {
        return { epoch: 0, position };
      },
      async take(n) {
        const random = generator(`${seed} batch ${position}`);
        const dropped = position < whole_from;
        position++;
        return distinct(known, n, random).map((c) =>
          sample(c, random, dropped ? half(random) : null),
        );
      },
    };
  };
}

/** Half of the patches, in their order. */
function half(random) {
  const left = Array.from({ length: PATCHES }, (_, i) => i);
  for (let i = 0; i < PATCHES / 2; i++) left.splice(Math.floor(random() * left.length), 1);
  return Int32Array.from(left);
}

function byConcept(photos) {
  const groups = new Map();
  for (const photo of photos)
    groups.set(photo.concept, [...(groups.get(photo.concept) ?? []), photo]);
  return groups;
}
