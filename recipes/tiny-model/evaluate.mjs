// Scores of a checkpoint on the held-out sheets, through the processor and tokenizer that users have.
//   node recipes/tiny-model/evaluate.mjs [MODEL ...] --pictures DIR [--json]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generator } from '@siglip-ts/core';
import { SiglipModel, SiglipProcessor } from 'siglip-ts';
import { SIDE } from './augment.mjs';
import { tiles } from './pictures.mjs';

const here = new URL('.', import.meta.url).pathname;
const { values: o, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pictures: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const models =
  positionals.length > 0 ? positionals : [join(here, '../../packages/tiny-model/model')];
if (!o.pictures) throw new Error('--pictures DIR: the folder of the held-out sheets');
const all = await tiles(o.pictures, SIDE);
for (const model of models) {
  const scores = await evaluate(model);
  if (o.json) console.log(JSON.stringify(scores, null, 2));
  else {
    const { t, b, ...sets } = scores;
    console.log(`${model}: t = ${t.toFixed(3)}, b = ${b.toFixed(3)}`);
    console.table(sets);
  }
}

/**
 * By set: pictures, labels, the share whose own label is first or among five, and, of Twemoji, among random other labels,
 * with what the probabilities are then.
 */
async function evaluate(folder) {
  const model = await SiglipModel.fromPretrained(folder);
  const processor = await SiglipProcessor.fromPretrained(folder);
  const number = async (key) => (await model.runtime.checkpoint.read(key, 0, 1, 'float32'))[0];
  const [t, b] = [Math.exp(await number('logit_scale')), await number('logit_bias')];
  const scores = { t, b };
  for (const source of new Set(all.map((tile) => tile.source))) {
    const pictures = all.filter((tile) => tile.source === source);
    const labels = [...new Set(pictures.map(({ label }) => label))];
    const texts = await embedded(labels, (part) => {
      const text = part.map((label) => `This is a photo of ${label}.`);
      return model.get_text_features(
        processor({ text, padding: 'max_length', return_tensors: true }),
      );
    });
    const images = await embedded(pictures, (part) => {
      const images = part.map(({ pixels }) => ({
        mode: 'RGB',
        data: pixels,
        width: SIDE,
        height: SIDE,
      }));
      return model.get_image_features(processor({ images, return_tensors: true }));
    });
    const logits = images.map((image) => texts.map((text) => dot(image, text)));
    const right = pictures.map(({ label }) => labels.indexOf(label));
    const within = (k, of = labels.length) => share(logits, right, k, of);
    scores[source] = {
      pictures: pictures.length,
      labels: labels.length,
      top1: within(1),
      top5: within(5),
    };
    if (labels.length > 100) {
      for (const n of [100, 20, 10, 2]) scores[source][`top1 of ${n}`] = within(1, n);
      scores[`${source}, of 10`] = probabilities(logits, right, 10, (x) => 1 / (1 + Math.exp(-t * x - b))); // prettier-ignore
    }
  }
  await model.dispose();
  return scores;
}

/** For each picture, and five times over if they are not all: its own logit and those of `of` - 1 random others. */
function* tasks(logits, right, of) {
  const random = generator(`labels ${of}`);
  for (let round = 0; round < (of === logits[0].length ? 1 : 5); round++)
    for (const [i, row] of logits.entries()) {
      const others = row.filter((_, j) => j !== right[i]);
      for (let j = 0; j < of - 1; j++) {
        const at = j + Math.floor(random() * (others.length - j));
        [others[j], others[at]] = [others[at], others[j]];
      }
      yield { own: row[right[i]], others: others.slice(0, of - 1) };
    }
}

/** The share of pictures whose own label is among the `k` highest of `of` labels: its own and random others. */
function share(logits, right, k, of) {
  const hits = [...tasks(logits, right, of)].map(
    ({ own, others }) => others.filter((other) => other >= own).length < k,
  );
  return rounded(hits.filter(Boolean).length / hits.length);
}

/** Of own and other labels, and how often a probability above a half is right and a right label's is above a half. */
function probabilities(logits, right, of, p) {
  const found = [...tasks(logits, right, of)];
  const own = found.map((task) => p(task.own)).sort((x, y) => x - y);
  const others = found.flatMap((task) => task.others.map(p));
  const above = (list) => list.filter((x) => x > 0.5).length;
  const mean = (list) => rounded(list.reduce((sum, x) => sum + x, 0) / list.length);
  return {
    'mean p of its own': mean(own),
    'median p of its own': rounded(own[own.length >> 1]),
    'mean p of another': mean(others),
    'p > 0.5 is right': rounded(above(own) / (above(own) + above(others))),
    'right has p > 0.5': rounded(above(own) / own.length),
  };
}
function rounded(x) {
  return Number(x.toFixed(4));
}

async function embedded(items, encode) {
  const rows = [];
  for (let at = 0; at < items.length; at += 32) {
    const features = await encode(items.slice(at, at + 32));
    rows.push(...(await normalised(features)));
  }
  return rows;
}

async function normalised(features) {
  const [n, D] = features.shape;
  const values = await features.data();
  return Array.from({ length: n }, (_, i) => {
    const row = Float64Array.from(values.slice(i * D, (i + 1) * D));
    const norm = Math.hypot(...row);
    return row.map((x) => x / norm);
  });
}

function dot(a, b) {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}
