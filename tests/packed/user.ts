// A user of a page: an extension in Chromium, whose script chooses files and looks at what the page then shows. The page is
// as it was built, has no code of a test and keeps its content security policy.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { visit } from '../runtimes/browser.ts';
import type { Project } from './pack.ts';
import { POST } from './program.ts';
import type { Site } from './site.ts';

export const rocket = readFileSync(
  join(import.meta.dirname, '../../fixtures/images/twemoji-rocket.png'),
);

/** Chromium's arguments for an extension in a folder. */
export const withExtension = (folder: string) => ({
  args: [`--load-extension=${folder}`, '--disable-features=DisableLoadExtensionCommandLineSwitch'],
});

/** What the code of a user has at hand. */
const HANDS = `
const $ = (selector) => document.querySelector(selector);
const texts = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent);
async function until(found) {
  for (;;) {
    const value = found();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
function rockets(count) {
  const bytes = Uint8Array.from(atob('${rocket.toString('base64')}'), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  for (let i = 0; i < count; i++)
    transfer.items.add(new File([bytes], 'rocket.png', { type: 'image/png' }));
  return transfer;
}
function choose(input, count = 1) {
  input.files = rockets(count).files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}
const violations = [];
document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI));
`;

/** Visits a page as a user who does what `code` says, the body of an async function; gives what it returns. */
export async function use(project: Project, url: string, site: Site, code: string) {
  const manifest = {
    manifest_version: 3,
    name: 'a user',
    version: '1',
    content_scripts: [{ matches: ['http://*/*'], js: ['user.js'], run_at: 'document_start' }],
  };
  const text = `${HANDS}
async function user() {
  await until(() => document.readyState === 'complete');
  ${code}
}
user().catch((error) => ({ error: error.stack })).then(async (answer) => {
  ${POST(`${site.origin}/answer`)}
});
`;
  await project.write({ 'user/manifest.json': JSON.stringify(manifest), 'user/user.js': text });
  return visit('Chromium', url, site.answer(), 90, withExtension(join(project.folder, 'user')));
}
