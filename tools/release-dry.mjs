// Shows what `changeset publish` would send to npm, package by package, and refuses what must not go out. Sends nothing
// and needs neither network nor token.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const refusals = [];

const versions = new Map(folders.map((f) => [manifestOf(f).name, manifestOf(f).version]));
if (new Set(versions.values()).size > 1)
  refusals.push(`versions differ: ${[...versions].map((v) => v.join(' ')).join(', ')}`);

for (const folder of folders) {
  const { name, dependencies = {} } = manifestOf(folder);
  if (!existsSync(join(folder, 'LICENSE'))) refusals.push(`${name}: no LICENSE`);
  for (const [other, version] of Object.entries(dependencies))
    if (versions.has(other) && versions.get(other) !== version)
      refusals.push(
        `${name}: depends on ${other} ${version}, which is ${versions.get(other)} here`,
      );

  const stems = (of, ending) =>
    existsSync(join(folder, of))
      ? readdirSync(join(folder, of), { recursive: true })
          .filter((file) => ending.test(file))
          .map((file) => file.replace(ending, ''))
      : [];
  const [built, sources] = [stems('dist', /\.js$/), stems('src', /(\.d)?\.ts$/)];
  const unbuilt = sources.filter((stem) => !built.includes(stem));
  const left = built.filter((stem) => !sources.includes(stem));
  if (unbuilt.length > 0) refusals.push(`${name}: dist lacks ${unbuilt[0]}.js: npm run build`);
  if (left.length > 0)
    refusals.push(
      `${name}: dist/${left[0]}.js has no source any more: remove dist and *.tsbuildinfo, and build`,
    );
}
try {
  const said = execFileSync('npx', ['tsc', '-b', '--dry'], { cwd: root, encoding: 'utf8' });
  for (const [, path] of said.matchAll(/A non-dry build would build project '(.*)'/g))
    refusals.push(`${path.slice(root.length + 1)} is not up to date: npm run build`);
} catch (error) {
  refusals.push(`tsc -b --dry failed: ${error.stdout}`);
}

const words = ['pack', '--workspaces', '--dry-run', '--json', '--ignore-scripts'];
const packs = Object.values(
  JSON.parse(
    execFileSync('npm', words, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26, stdio: 'pipe' }),
  ),
);
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
for (const { files, ...p } of packs) {
  console.log(`\n${p.name} ${p.version}`);
  for (const { path, size } of files) console.log(`  ${kB(size).padStart(10)}  ${path}`);
}
console.log();
console.table(
  packs.map(({ name, version, size, unpackedSize, files }) => {
    return { name, version, tarball: kB(size), unpacked: kB(unpackedSize), files: files.length };
  }),
);
for (const refusal of refusals) console.error(`refused: ${refusal}`);
process.exitCode = refusals.length > 0 ? 1 : 0;
