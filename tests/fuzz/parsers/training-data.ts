// What training reads: a tar shard, and a folder with captions.jsonl. Every pair is read; those that are broken say so alone.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTar } from 'nanotar';
import { openShards } from '@siglip-ts/trainer';
import { mutateLines } from '../mutate/json.ts';
import { mutateTar } from '../mutate/tar.ts';
import { fileOf, type Parser } from './parser.ts';
import { ownFolder } from './tensors.ts';

const PICTURE = 'twemoji-rocket.png';
const picture = () => fileOf('fixtures/images', PICTURE);

/** All pairs of a shard. Throws the first one's error after all were tried. */
async function readPairs(path: string): Promise<string | undefined> {
  const [shard] = await openShards([path]);
  let broken: unknown;
  for (let i = 0; i < shard!.size; i++) {
    try {
      const { name, image, captions } = await shard!.read(i);
      if (!(image instanceof Uint8Array) || typeof name !== 'string')
        return `pair ${i}: no picture`;
      if (captions.length === 0 || !captions.every((c) => typeof c === 'string'))
        return `pair ${i}: captions ${JSON.stringify(captions)}`;
    } catch (error) {
      broken ??= error;
    }
  }
  if (broken !== undefined) throw broken;
  return undefined;
}

let folder: string | undefined;
let shards = 0;

export const TRAINING_DATA: readonly Parser[] = [
  {
    name: 'tar',
    seeds: () => {
      const text = (value: string) => new TextEncoder().encode(value);
      return [
        createTar([
          { name: 'dog.png', data: picture() },
          { name: 'dog.txt', data: text('a dog\nanother dog\n') },
          { name: 'set/cat.png', data: picture() },
          { name: 'set/cat.json', data: text('{"caption":"a cat","width":64,"tags":["a"]}') },
        ]),
        createTar([
          { name: 'a.json', data: text('{"captions":["one","two"]}') },
          { name: 'a.jpg', data: fileOf('fixtures/images/rocket-422-restart.jpg') },
        ]),
      ];
    },
    mutate: mutateTar,
    async read(bytes) {
      folder ??= ownFolder();
      const path = join(folder, `fuzz-${shards++}.tar`); // the last shard stays in memory, by its path
      writeFileSync(path, bytes);
      try {
        return await readPairs(path);
      } finally {
        rmSync(path);
      }
    },
    names: /fuzz-\d+\.tar/,
  },
  {
    name: 'captions.jsonl',
    seeds: () => [
      new TextEncoder().encode(
        [
          `{"file_name":"${PICTURE}","text":"a rocket"}`,
          `{"image":"./${PICTURE}","captions":["a rocket","a space ship"],"width":72}`,
        ].join('\n'),
      ),
    ],
    mutate: mutateLines,
    async read(bytes) {
      if (folder === undefined) writeFileSync(join((folder = ownFolder()), PICTURE), picture());
      writeFileSync(join(folder, 'captions.jsonl'), bytes);
      return readPairs(folder);
    },
    names: /captions\.jsonl|siglip-fuzz-/,
  },
];
