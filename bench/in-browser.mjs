// node bench/in-browser.mjs chromium|firefox: bench/tiles.mjs in Debian's browser, headless, on a page of its own. Cross-origin
// isolated, since clocks are coarse elsewhere.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const SECONDS = 120;
const BROWSERS = {
  chromium: (url, profile) => [
    '/usr/bin/chromium',
    ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, url],
  ],
  firefox: (url, profile) => [
    '/usr/bin/firefox-esr',
    ['--headless', '--no-remote', '--profile', profile, url],
  ],
};

const browser = BROWSERS[process.argv[2]];
if (!browser) {
  console.error('node bench/in-browser.mjs chromium|firefox');
  process.exit(2);
}
const { outputFiles } = await build({
  stdin: {
    contents: `import { tiles } from './tiles.mjs';
      const lines = await tiles().catch((error) => [String(error)]);
      await fetch('/result', { method: 'POST', body: [navigator.userAgent, ...lines].join('\\n') });`,
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  format: 'esm',
  write: false,
  logLevel: 'error',
});
const profile = mkdtempSync(join(tmpdir(), 'siglip-bench-'));
const page = '<!doctype html><title>bench</title><script type="module" src="/main.js"></script>';
const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    let text = '';
    for await (const chunk of request) text += chunk;
    console.log(text);
    return end(0);
  }
  const script = request.url === '/main.js';
  const type = script ? 'text/javascript' : 'text/html';
  response.writeHead(200, { 'content-type': type, ...isolated });
  response.end(script ? outputFiles[0].text : page);
});
let child;
function end(code) {
  child?.kill('SIGKILL');
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
}
server.listen(0, '127.0.0.1', () => {
  const [command, args] = browser(`http://127.0.0.1:${server.address().port}/`, profile);
  child = spawn(command, args, { stdio: 'ignore' });
  child.once('error', (error) => {
    console.error(error.message);
    end(1);
  });
});
setTimeout(() => {
  console.error(`no result within ${SECONDS} s`);
  end(1);
}, SECONDS * 1000);
