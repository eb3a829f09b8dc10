// Broken and malicious files: refused as Python refuses them, with a message, at once.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { fileOf, fixtureBytes, verdicts } from './fixtures.ts';

/** Opens the file and reads every tensor; the message of what that throws, or undefined. */
async function refusal(bytes: Uint8Array): Promise<string | undefined> {
  try {
    const file = await openSafetensors(bytesSource(bytes));
    for (const [name, { begin, end }] of file.tensors)
      expect((await file.read(name)).data.byteLength).toBe(end - begin);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message;
  }
}

/** Python reads these: the format forbids all but the last, which a double cannot hold. */
const stricterThanPython: Record<string, string> = {
  'white space before': 'starts with " ", expected "{"',
  'name twice': 'the key "a" appears twice',
  'name twice, escaped': 'the key "a" appears twice',
  'unknown member twice': 'the key "x" appears twice',
  'metadata {"x":"y","x":"y"}': 'the key "x" appears twice',
  'entry as array': 'found "[',
  'dtype {"F32":null}': 'found "{',
  'empty [0,9007199254740993]': 'expected a whole number from 0 to 2^53 - 1',
};

describe('what Python accepts is accepted, what it refuses is refused', () => {
  test(`${verdicts.cases.length} files`, async () => {
    const found: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const [label, accepted, base64] of verdicts.cases) {
      const message = await refusal(new Uint8Array(Buffer.from(base64, 'base64')));
      const stricter = stricterThanPython[label];
      if (stricter === undefined) {
        if (accepted !== (message === undefined)) found[label] = message ?? 'accepted';
      } else {
        expected[label] = stricter;
        if (accepted && message?.includes(stricter)) found[label] = stricter;
      }
    }
    expect(found).toEqual(expected);
  });
});

describe('messages', () => {
  const entry = (dtype: string, shape: string, offsets: string) =>
    `{"a":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;
  const cases: [bytes: Uint8Array, message: string][] = [
    [new Uint8Array(7), 'safetensors file is truncated: it has 7 bytes, expected at least 8'],
    [
      fileOf('{}').subarray(0, 9),
      'safetensors file is truncated: a header of 2 bytes is promised, the file has 1 left',
    ],
    [
      fileOf(entry('F32', '[2]', '[0,8]'), new Uint8Array(7)),
      'safetensors file is truncated: it has 7 bytes of tensor data, expected 8',
    ],
    [
      fileOf('{}', new Uint8Array(3)),
      'safetensors file: 3 bytes of tensor data, expected the 0 that its tensors cover',
    ],
    [
      fileOf(entry('F31', '[2]', '[0,8]')),
      'safetensors file: header: tensor "a": dtype "F31", expected one such as "F32"',
    ],
    [
      fileOf(entry('F32', '[2]', '[0,4]')),
      'safetensors file: header: tensor "a": 4 bytes, expected 8 for F32 [2]',
    ],
    [
      fileOf(entry('F32', '[4294967296,4294967296]', '[0,4]')),
      'safetensors file: header: tensor "a": 4 bytes, expected 2^61 bytes or more for F32 [4294967296,4294967296]',
    ],
    [
      fileOf(entry('F32', '[1]', '[4,8]')),
      'safetensors file: header: tensor "a": data_offsets [4, 8], expected a range that starts at 0, where the tensor before it ends',
    ],
    [
      fileOf('{"a":{"dtype":"F32"}}'),
      'safetensors file: header: tensor "a": a part is missing, expected dtype, shape and data_offsets',
    ],
    [
      fileOf(entry('F32', '[-1]', '[0,4]')),
      'safetensors file: header: found "-1],\\"data_offsets\\":[" at character 29, expected a whole number from 0 to 2^53 - 1',
    ],
    [fileOf('{'), 'safetensors file: header: the text ends at character 1, expected a string'],
  ];
  test.each(cases)('%#', async (bytes, message) => {
    expect(await refusal(bytes)).toBe(message);
  });

  test('a header of 1 GB is refused before it is read', async () => {
    const promised = new Uint8Array(8);
    new DataView(promised.buffer).setBigUint64(0, 2n ** 30n, true);
    const source = { ...bytesSource(promised), size: 2 ** 40 };
    await expect(openSafetensors(source)).rejects.toThrow(
      'safetensors file: a header of 1073741824 bytes, expected at most 100000000',
    );
  });

  test('the cap on the header is an option', async () => {
    const source = bytesSource(fileOf('{}      '), 'model.safetensors');
    await expect(openSafetensors(source, { maxHeaderBytes: 7 })).rejects.toThrow(
      'model.safetensors: a header of 8 bytes, expected at most 7',
    );
  });
});

describe('random damage', () => {
  const seeds = ['dtypes', 'shapes', 'unaligned'].map((name) =>
    fixtureBytes(`${name}.safetensors`),
  );

  test('any bytes give tensors or an Error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        async (bytes) => void (await refusal(bytes)),
      ),
    );
  });

  test('any JSON as a header gives tensors or an Error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => void (await refusal(fileOf(text)))),
    );
  });

  test('a good file with bytes changed gives tensors or an Error', async () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...seeds), edits, async (seed, changes) => {
        const bytes = seed.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        await refusal(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test('a cut file says that it is truncated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (seed, part) => {
          expect(await refusal(seed.subarray(0, Math.floor(part * seed.length)))).toContain(
            'is truncated',
          );
        },
      ),
    );
  });
});
