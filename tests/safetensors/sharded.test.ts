// A checkpoint in several files.
import { describe, expect, test } from 'vitest';
import { bytesSource, openSharded } from '@siglip-ts/safetensors';
import { fileSource } from '@siglip-ts/safetensors/node';
import { fixtureBytes, fixturePath, hexOf, reference } from './fixtures.ts';

const index = fixtureBytes('sharded/model.safetensors.index.json');
const openShard = (file: string) => fileSource(fixturePath(`sharded/${file}`));

describe('a sharded checkpoint, written by huggingface_hub', () => {
  test('reads as one file', async () => {
    const file = await openSharded(index, openShard);
    expect([...file.tensors.keys()].sort()).toEqual(Object.keys(reference.sharded).sort());
    expect(Object.fromEntries(file.metadata)).toEqual({ format: 'pt' });
    for (const [name, [shape, hex]] of Object.entries(reference.sharded)) {
      const tensor = await file.read(name);
      expect([tensor.dtype, tensor.shape, hexOf(tensor.data)]).toEqual(['F32', shape, hex]);
    }
    const rows = await file.read('layers.3.weight', [1, 2]);
    expect(hexOf(rows.data)).toBe(reference.sharded['layers.3.weight']![1].slice(48, 96));
    await expect(file.read('toString')).rejects.toThrow('index: no tensor "toString" among its 7');
    await file.close();
  });

  test('each shard is opened once, and closed when another is missing', async () => {
    const opened: string[] = [];
    const closed: string[] = [];
    const open = async (name: string) => {
      opened.push(name);
      if (name.startsWith('model-00003')) throw new Error('gone');
      return {
        ...bytesSource(fixtureBytes(`sharded/${name}`)),
        close: async () => void closed.push(name),
      };
    };
    await expect(openSharded(index, open)).rejects.toThrow('gone');
    expect(opened.map((name) => name.slice(0, 11))).toEqual([
      'model-00001',
      'model-00002',
      'model-00003',
    ]);
    expect(closed).toEqual(opened.slice(0, 2));
  });

  test('an index in text works, and what it lists must be there', async () => {
    const shard = 'model-00001-of-00003.safetensors';
    const text = (tensor: string) => JSON.stringify({ weight_map: { [tensor]: shard } });
    const file = await openSharded(text('layers.0.weight'), openShard);
    expect(file.tensors.size).toBe(1);
    await file.close();
    await expect(openSharded(text('layers.9.weight'), openShard)).rejects.toThrow(
      `${shard}: no tensor "layers.9.weight", expected it by the index`,
    );
  });

  test.each(['../up', '/etc/passwd', 'a/b', 'a\\b', 'C:x', '..', '.', '', 'a\0'])(
    'a shard may not be called %j',
    async (shard) => {
      const never = async () => expect.unreachable();
      await expect(
        openSharded(JSON.stringify({ weight_map: { a: shard } }), never),
      ).rejects.toThrow(`index: the shard ${JSON.stringify(shard)}, expected a plain file name`);
    },
  );

  test.each([
    ['', 'index: the text ends at character 0'],
    ['{}', 'index: no weight_map, expected one'],
    ['{"weight_map":[]}', 'index: found "[]}" at character 14'],
    ['{"weight_map":{"a":1}}', 'index: found "1}}" at character 19, expected a string'],
    ['{"weight_map":{"a":"x","a":"y"}}', 'index: the key "a" appears twice'],
    ['{"weight_map":{}} {}', 'index: found "{}" at character 18'],
  ])('the index %j is refused', async (text, message) => {
    const never = async () => expect.unreachable();
    await expect(openSharded(text, never)).rejects.toThrow(message);
  });
});
