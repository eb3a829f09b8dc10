// Where the pictures come from: packages of registries that hold test pictures of others. Nothing of theirs is committed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const run = (program, args, cwd) =>
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

function unpacked(folder) {
  const archive = readdirSync(folder).find((name) => /\.(tgz|tar\.gz)$/.test(name));
  run('tar', ['-xzf', archive], folder);
}

/** A source distribution of PyPI. pip builds its metadata, which takes a minute for Pillow. */
const pypi = (name, version) => (folder, python) => {
  const options = ['--no-binary', ':all:', '--no-deps', '-d', folder];
  run(python, ['-m', 'pip', 'download', '-q', `${name}==${version}`, ...options]);
  unpacked(folder);
};

/** A package of npm, not installed. */
const npm = (name, version) => (folder) => {
  run('npm', ['pack', '--silent', `${name}@${version}`], folder);
  unpacked(folder);
};

/** PngSuite as pypng has it, in hexadecimal numbers in a Python file. */
const pngSuite = (folder, python) => {
  pypi('pypng', '0.20220715.0')(folder, python);
  const write = 'import pngsuite, pathlib; [pathlib.Path(n + ".png").write_bytes(b) for n, b in pngsuite.png.items()]'; // prettier-ignore
  run(python, ['-c', write], join(folder, 'pypng-0.20220715.0/code'));
};

const SOURCES = {
  'Pillow 13.0.0': pypi('pillow', '13.0.0'),
  'PngSuite (pypng)': pngSuite,
  'PngSuite (pngjs 0.4.0)': npm('pngjs', '0.4.0'),
  'png-js 0.1.1': npm('png-js', '0.1.1'),
  'jpeg-js 0.2.0': npm('jpeg-js', '0.2.0'),
};

const PICTURE = /\.(a?png|jpe?g|jpe|jfif|mpo)$/i;

/** The paths of each source's pictures. What was fetched once stays in the cache. */
export function fetched(cache, python) {
  return Object.entries(SOURCES).map(([name, fetch]) => {
    const folder = join(cache, name.replace(/[^\w.]+/g, '-'));
    if (!existsSync(folder)) {
      const unfinished = `${folder}.part`;
      rmSync(unfinished, { recursive: true, force: true });
      mkdirSync(unfinished, { recursive: true });
      console.log(`fetching ${name}`);
      fetch(unfinished, python);
      renameSync(unfinished, folder);
    }
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && PICTURE.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    return { name, files };
  });
}
