// siglip inspect: what a model is, from its config.json and the headers of its weights. No weight is read, unless
// --error asks what narrower ones would cost.
import { type Command, Option } from 'commander';
import {
  type Narrow,
  type StorageError,
  storageError,
  type Survey,
  survey,
} from '@siglip-ts/inspect';
import { addHubOptions, filesOf, MODEL, type SourceOptions } from '../arguments/options.ts';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import {
  count,
  paint,
  plural,
  print,
  printable,
  printJson,
  scaled,
  table,
} from '../terminal/output.ts';

const NARROW = ['float16', 'int8', 'w8a8'] as const;

interface InspectOptions extends Omit<SourceOptions, 'model'> {
  json?: boolean;
  error?: Narrow;
}

export function addInspect(program: Command, io: Io): void {
  const command = program
    .command('inspect')
    .summary("show a model's configuration, size and cost")
    .description(
      'Says what a model is made of, what one image and one text cost, and whether the weights fit the ' +
        'configuration (exit code 1 if they do not). Reads headers only, on the hub too; with --error, the weights.',
    )
    .argument('[model]', MODEL)
    .option('--json', 'print one JSON document')
    .addOption(
      new Option('--error <storage>', 'also how far narrower weights are from float32').choices(
        NARROW,
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  siglip inspect
  siglip inspect --error int8
  siglip inspect google/siglip-base-patch16-224 --json`,
    );
  addHubOptions(command).action((model: string | undefined, o: InspectOptions) =>
    inspect(io, model, o),
  );
}

async function inspect(io: Io, model: string | undefined, o: InspectOptions): Promise<void> {
  const files = await filesOf({ ...o, ...(model !== undefined && { model }) }, io, !o.error);
  const facts = await survey(files);
  if (o.error && facts.class !== 'SiglipModel')
    throw new Exit(2, `--error: a ${facts.class}, expected a SiglipModel`);
  const narrow = o.error && (await storageError(files, o.error, { signal: io.signal }));
  if (o.json) printJson(io, { ...facts, ...(narrow && { narrow }) });
  else print(io, [...shown(io, facts), ...(narrow ? ['', ...moved(io, narrow)] : [])]);
  if (facts.missing.length + facts.mismatched.length > 0) throw new Exit(1);
}

function shown(io: Io, s: Survey): string[] {
  const c = paint(io);
  return [
    `${c.bold(printable(s.model))}: ${s.class} (model_type ${s.model_type})`,
    '',
    ...headed(c, towers(s)),
    '',
    ...inputLines(s),
    `file    ${plural(s.file.tensors, 'tensor')} (${s.file.dtypes.join(', ')}), ${scaled(s.file.bytes)}B`,
    '',
    ...headed(c, costs(s)),
    '',
    ...verdict(c, s),
  ];
}

const percent = (x: number): string => `${(100 * x).toPrecision(2)} %`;

/** The embeddings and the worst tensors. */
function moved(io: Io, e: StorageError): string[] {
  const whole = (['image_embeds', 'text_embeds'] as const).map((name) => [
    name,
    percent(e[name].error),
    e[name].cosine.toFixed(6),
  ]);
  const worst = e.tensors.slice(0, 5).map(({ name, error }) => [name, percent(error), '']);
  return headed(paint(io), [[`${e.storage} weights`, 'moved by', 'cosine'], ...whole, ...worst]);
}

type Paint = ReturnType<typeof paint>;

const headed = (c: Paint, rows: readonly string[][]): string[] =>
  table(rows).map((line, i) => (i === 0 ? c.dim(line) : line));

function towers(s: Survey): string[][] {
  const row = (name: 'vision' | 'text') => {
    const [t, n] = [s[name], s.parts[name]];
    if (!t || !n) return [];
    const sizes = [t.num_hidden_layers, t.hidden_size, t.intermediate_size, t.num_attention_heads];
    return [[name, ...sizes.map(count), count(n.tensors), count(n.parameters)]];
  };
  const rest = (name: string, { tensors, parameters }: { tensors: number; parameters: number }) => [
    [name, '', '', '', '', count(tensors), count(parameters)],
  ];
  return [
    ['', 'layers', 'hidden', 'mlp', 'heads', 'tensors', 'parameters'],
    ...row('vision'),
    ...row('text'),
    ...(s.parts.other.tensors > 0 ? rest('other', s.parts.other) : []),
    ...rest('total', s.parts.total),
  ];
}

function inputLines({ vision, text, labels }: Survey): string[] {
  const lines: string[] = [];
  if (vision) {
    const { image_size: size, patch_size: patch, num_channels } = vision;
    const patches = Math.floor(size / patch) ** 2;
    lines.push(
      `image   ${size} x ${size}, ${plural(num_channels, 'channel')}, in ${count(patches)} patches of ${patch} x ${patch}`,
    );
  }
  if (text)
    lines.push(
      `text    up to ${plural(text.max_position_embeddings, 'token')}, out of ${count(text.vocab_size)}`,
    );
  if (labels) lines.push(`labels  ${labels.length}: ${printable(labels.slice(0, 5).join(', '))}`);
  return lines;
}

function costs({ flops, memory, vision, text }: Survey): string[][] {
  const inputs = [...(vision ? (['image'] as const) : []), ...(text ? (['text'] as const) : [])];
  return [
    ['', 'weights', ...inputs.map((input) => `one ${input}`)],
    ['compute', '', ...inputs.map((input) => `${scaled(flops[input] ?? 0)}FLOP`)],
    ...Object.entries(memory).map(([dtype, m]) => [
      dtype,
      `${scaled(m.weights)}B`,
      ...inputs.map((input) => `${scaled(m[input] ?? 0)}B`),
    ]),
  ];
}

function verdict(c: Paint, s: Survey): string[] {
  const list = (names: readonly string[]) =>
    printable(names.slice(0, 3).join(', ')) + (names.length > 3 ? ', …' : '');
  const lines: string[] = [];
  if (s.missing.length > 0)
    lines.push(c.red(`missing ${plural(s.missing.length, 'tensor')}: ${list(s.missing)}`));
  if (s.mismatched.length > 0)
    lines.push(
      c.red(`wrong shape of ${plural(s.mismatched.length, 'tensor')}: ${list(s.mismatched)}`),
    );
  if (s.unexpected.length > 0)
    lines.push(
      c.yellow(
        `not used by ${s.class}: ${plural(s.unexpected.length, 'tensor')}: ${list(s.unexpected)}`,
      ),
    );
  return lines.length > 0 ? lines : [c.green('The weights fit the configuration.')];
}
