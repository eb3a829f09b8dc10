// siglip tokenize: texts to the ids that the text tower takes.
import { type Command, InvalidArgumentError } from 'commander';
import { isUnlimited } from '@siglip-ts/tokenizer';
import { type AnyTokenizer, AutoConfig, AutoTokenizer, type ModelFiles } from 'siglip-ts';
import {
  addSourceOptions,
  choice,
  filesOf,
  note,
  type SourceOptions,
} from '../arguments/options.ts';
import { positionsOf, textsOf } from '../arguments/texts.ts';
import type { Io } from '../terminal/io.ts';
import {
  cell,
  columnsOf,
  paint,
  print,
  printable,
  printJson,
  widthOf,
} from '../terminal/output.ts';

interface TokenizeOptions extends SourceOptions {
  padding: 'max_length' | 'longest' | 'none';
  maxLength?: number;
  truncation: boolean;
  json?: boolean;
}

export function addTokenize(program: Command, io: Io): void {
  const command = program
    .command('tokenize')
    .summary('show the tokens of a text')
    .description(
      'Splits texts into the tokens of the model and numbers them, as transformers does: for SigLIP in lower case, ' +
        'without punctuation, the end token last. SigLIP was trained on texts padded to the full length.',
    )
    .argument('<texts...>', 'texts; "-" stands for stdin, one JSON string per line')
    .addOption(
      choice('--padding <kind>', 'how short texts are filled', ['max_length', 'longest', 'none']),
    )
    .option('--max-length <n>', "the full length (default: the model's)", wholeNumber)
    .option('--no-truncation', 'keep what is longer than the full length')
    .option('--json', 'print {"input_ids": [[...]], "tokens": [[...]]}')
    .addHelpText(
      'after',
      `
Examples:
  siglip tokenize "A photo of a cat!"
  jq -c .caption captions.jsonl | siglip tokenize - --padding none --json`,
    );
  addSourceOptions(command).action((texts: string[], o: TokenizeOptions) => tokenize(io, texts, o));
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new InvalidArgumentError('Expected a whole number from 1.');
  return Number(text);
}

async function tokenize(io: Io, given: readonly string[], o: TokenizeOptions): Promise<void> {
  const texts = await textsOf(given, io);
  const files = await filesOf(o, io);
  const tokenizer = await AutoTokenizer.fromPretrained(files);
  const full = o.maxLength ?? (await lengthOf(tokenizer, files));
  const { input_ids } = tokenizer(texts, null, {
    padding: o.padding === 'none' ? false : o.padding,
    truncation: o.truncation,
    max_length: full,
    verbose: false, // what it would warn of, the note below says for every text
  });
  input_ids.forEach((ids, i) => {
    if (ids.length > full)
      note(io, `text ${i + 1} has ${ids.length} tokens, more than the full length of ${full}`);
  });
  const tokens = input_ids.map((ids) => tokenizer.convert_ids_to_tokens(ids));
  if (o.json) return printJson(io, { input_ids, tokens });
  const { pad_token_id } = tokenizer;
  print(
    io,
    texts.flatMap((text, i) => [
      ...(i > 0 ? [''] : []),
      ...shown(io, text, input_ids[i]!, tokens[i]!, pad_token_id),
    ]),
  );
}

/** The full length: what the tokenizer says or, where it says none, what the model has positions for. */
async function lengthOf(tokenizer: AnyTokenizer, files: ModelFiles): Promise<number> {
  const most = tokenizer.model_max_length;
  if (!isUnlimited(tokenizer)) return most;
  return positionsOf(await AutoConfig.fromPretrained(files)) ?? most;
}

/** One text for people: tokens over their ids, in as many lines as it takes, and the padding as a count. */
function shown(
  io: Io,
  text: string,
  ids: readonly number[],
  tokens: readonly string[],
  pad: number | null,
): string[] {
  const c = paint(io);
  // The end token is often the padding token too: the first of the tail is an end, the rest is padding.
  let used = ids.length;
  while (used > 1 && ids[used - 1] === pad && ids[used - 2] === pad) used--;
  const padding = ids.length - used;
  const suffix = padding > 0 ? `, of which ${padding} are padding` : '';
  const lines = [
    `${c.bold(printable(JSON.stringify(text)))} ${c.dim(`${ids.length} tokens${suffix}`)}`,
  ];
  const limit = columnsOf(io.stdout);
  let [above, below] = ['', ''];
  for (let i = 0; i < used; i++) {
    const [token, id] = [printable(tokens[i]!), String(ids[i]!)];
    const width = Math.max(widthOf(token), id.length);
    if (above !== '' && widthOf(above) + 2 + width > limit) {
      lines.push(above, c.dim(below));
      [above, below] = ['', ''];
    }
    above += `  ${cell(token, width, 'right')}`;
    below += `  ${cell(id, width, 'right')}`;
  }
  return [...lines, above, c.dim(below)];
}
