// siglip completion: a script by which bash, zsh or fish completes siglip's commands, options and their values. It is made
// from the tables that the parser uses, so it has what they have; no program runs when Tab is pressed.
import { Argument, type Command } from 'commander';
import type { Io } from '../terminal/io.ts';

export function addCompletion(program: Command, io: Io): void {
  program
    .command('completion')
    .summary('print a script that completes commands in a shell')
    .description(
      'Prints what makes the Tab key complete commands, options, their values, and file names.',
    )
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Examples, each for the shell's own file of settings:
  source <(siglip completion bash)     in ~/.bashrc
  source <(siglip completion zsh)      in ~/.zshrc, after compinit
  siglip completion fish | source      in ~/.config/fish/config.fish`,
    )
    .action((shell: keyof typeof SCRIPTS) => {
      io.stdout.write(SCRIPTS[shell](levelsOf(program, [])));
    });
}

/** The program, a command, or a command's command, with what may follow it. */
interface Level {
  /** The words that lead to it: [] is the program. */
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly Flag[];
  /** What its arguments are, if they are to be completed. */
  readonly values: Values;
}
interface Flag {
  /** '-h' and '--help'. */
  readonly names: readonly string[];
  readonly about: string;
  /** What stands in its <>; undefined for a switch. */
  readonly value: string | undefined;
  readonly values: Values;
}
/** Some words, names of files or folders, or nothing that could be known. */
type Values = string[] | 'files' | 'folders' | 'any';

function levelsOf(command: Command, path: readonly string[]): Level[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const level: Level = {
    path,
    commands: commands.map((one) => ({ name: one.name(), about: help.subcommandDescription(one) })),
    options: help.visibleOptions(command).map(({ short, long, flags, argChoices, description }) => {
      const value = /<(.*)>/.exec(flags)?.[1];
      const names = [short, long].filter((name) => name !== undefined);
      return { names, about: description, value, values: argChoices ?? valuesOf(value ?? '') };
    }),
    values: argumentsOf(command),
  };
  const own = commands.filter((one) => command.commands.includes(one)); // without help
  return [level, ...own.flatMap((one) => levelsOf(one, [...path, one.name()]))];
}

/** Most are files; which, the shell need not know. */
function argumentsOf({ registeredArguments }: Command): Values {
  const words = registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  if (words.length > 0) return words;
  return registeredArguments.some((one) => !/^texts?$/.test(one.name())) ? 'files' : 'any';
}

/** By the word in an option's <>. */
const valuesOf = (word: string): Values =>
  /^dir/.test(word) ? 'folders' : /^(file|path)$/.test(word) ? 'files' : 'any';

/** A shell's string in which nothing is special. bash and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const pathOf = ({ path }: Level): string => path.join(' ');

const SCRIPTS = { bash, zsh, fish };

/** Words come without their descriptions there; where there is none, bash completes names of files. */
function bash(levels: readonly Level[]): string {
  const words = levels.map((level) => {
    const names = [...level.commands.map(({ name }) => name), ...(Array.isArray(level.values) ? level.values : [])]; // prettier-ignore
    const flags = level.options.flatMap((option) => option.names);
    return `    ${quoted(pathOf(level))}) words=${quoted(names.join(' '))} flags=${quoted(flags.join(' '))} ;;`;
  });
  // A value that could be any text gets what -o default gives: names of files.
  const cases = levels.flatMap((level) =>
    level.options.flatMap(({ names, value, values }) => {
      if (value === undefined) return [];
      const then = Array.isArray(values) ? `words=${quoted(values.join(' '))} flags=` : 'return';
      return names.map((name) => `    ${quoted(`${pathOf(level)} ${name}`)}) ${then} ;;`);
    }),
  );
  return `# bash completion for siglip
_siglip() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= next words flags i
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${at:+$at }\${COMP_WORDS[i]}"
    case $next in
      ${levels
        .slice(1)
        .map((level) => quoted(pathOf(level)))
        .join(' | ')}) at=$next ;;
    esac
  done
  case $at in
${words.join('\n')}
  esac
  case "$at $prev" in
${cases.join('\n')}
  esac
  [[ $cur == -* ]] && words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _siglip siglip
`;
}

function zsh(levels: readonly Level[]): string {
  const plain = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');
  const action = (values: Values): string =>
    values === 'files' ? '_files' : values === 'folders' ? '_files -/' : values === 'any' ? '' : `(${values.join(' ')})`; // prettier-ignore
  const spec = ({ names, about, value, values }: Flag): string[] =>
    names.map((name) => {
      const given = value === undefined ? '' : `:${plain(value)}:${action(values)}`;
      const equals = value !== undefined && name.startsWith('--') ? '=' : '';
      return quoted(`*${name}${equals}[${plain(about)}]${given}`);
    });
  const nameOf = (path: readonly string[]): string => ['_siglip', ...path].join('_').replaceAll('-', '_'); // prettier-ignore
  const functions = levels.map(({ path, commands, options, values }) => {
    const flags = options.flatMap(spec);
    if (commands.length === 0) {
      const rest = quoted(`*:${values === 'any' ? 'text' : 'argument'}:${action(values)}`);
      return `${nameOf(path)}() {\n  _arguments -s ${[...flags, rest].join(' \\\n    ')}\n}`;
    }
    const names = commands.map(({ name, about }) => quoted(`${name}:${plain(about)}`));
    const own = commands.filter(({ name }) => levels.some((level) => pathOf(level) === [...path, name].join(' '))); // prettier-ignore
    const cases = own.map(({ name }) => `        ${name}) ${nameOf([...path, name])} ;;`);
    return `${nameOf(path)}() {
  local curcontext=$curcontext state line
  local -A opt_args
  _arguments -C ${[...flags, "'1:command:->command'", "'*::argument:->rest'"].join(' \\\n    ')}
  case $state in
    command)
      local -a commands=(
        ${names.join('\n        ')}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}`;
  });
  return `#compdef siglip
# zsh completion for siglip
${functions.join('\n')}
if [[ $funcstack[1] == _siglip ]]; then _siglip "$@"; else compdef _siglip siglip; fi
`;
}

function fish(levels: readonly Level[]): string {
  const text = (words: string): string => `'${words.replace(/[\\']/g, '\\$&')}'`;
  const given = (values: Values): string =>
    values === 'files' ? '-r -F' : values === 'folders' ? "-x -a '(__fish_complete_directories)'" : values === 'any' ? '-x' : `-x -a ${text(values.join(' '))}`; // prettier-ignore
  const lines = levels.flatMap((level) => {
    const here = `complete -c siglip -n ${text(`__siglip_at ${pathOf(level)}`.trim())}`;
    const { values } = level;
    const own = values === 'files' ? [`${here} -F`] : Array.isArray(values) ? [`${here} -a ${text(values.join(' '))}`] : []; // prettier-ignore
    return [
      ...own,
      ...level.commands.map(({ name, about }) => `${here} -a ${name} -d ${text(about)}`),
      ...level.options.map(({ names, about, value, values }) => {
        const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)); // prettier-ignore
        const more = value === undefined ? [] : [given(values)];
        return [here, ...flags, ...more, '-d', text(about)].join(' ');
      }),
    ];
  });
  return `# fish completion for siglip
function __siglip_at
    set -l at
    for word in (commandline -opc)[2..]
        if contains -- (string join -- ' ' $at $word) ${levels
          .slice(1)
          .map((level) => text(pathOf(level)))
          .join(' ')}
            set -a at $word
        end
    end
    test "$at" = "$argv"
end
complete -c siglip -f
${lines.join('\n')}
`;
}
