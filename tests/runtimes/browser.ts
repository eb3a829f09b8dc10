// Browsers without a driver: started headless on a URL, ended when the page has posted its answer. A driver would change
// what is tested; Chromium's, for one, runs scripts past the page's content security policy.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Browser {
  /** An environment variable that names the program, and where it usually is. */
  readonly variable: string;
  readonly paths: readonly string[];
  readonly args: (profile: string, url: string) => string[];
  /** Preferences of a new profile. */
  readonly preferences?: Readonly<Record<string, string | boolean>>;
}

export const BROWSERS = {
  Chromium: {
    variable: 'CHROMIUM',
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    args: (profile, url) => [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...[`--user-data-dir=${profile}`, url],
    ],
  },
  Firefox: {
    variable: 'FIREFOX',
    paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
    args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url],
    preferences: {
      'browser.aboutwelcome.enabled': false,
      'browser.sessionstore.resume_from_crash': false, // they are ended by a signal
      'browser.shell.checkDefaultBrowser': false,
      'browser.startup.homepage_override.mstone': 'ignore',
      'datareporting.policy.dataSubmissionEnabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'toolkit.telemetry.reportingpolicy.firstRun': false,
    },
  },
} as const satisfies Record<string, Browser>;
export type BrowserName = keyof typeof BROWSERS;

/** The program, or undefined where it is not installed. */
export function programOf(name: BrowserName): string | undefined {
  const { variable, paths } = BROWSERS[name];
  return process.env[variable] ?? paths.find((path) => existsSync(path));
}

/** What a page needs of its browser beyond the usual. */
export interface Setup {
  readonly args?: readonly string[];
  /** On a screen in memory, by xvfb-run and with a GPU in software: Firefox has no WebGL when it is headless. */
  readonly screen?: boolean;
  /** A folder that outlives the visit. Default: a new one. */
  readonly profile?: string;
  /** Hears the process that leads the group of all of them. */
  readonly onStart?: (pid: number) => void;
}

/** Opens a page and waits for `answer`, `seconds` at most. */
export async function visit<T>(
  name: BrowserName,
  url: string,
  answer: Promise<T>,
  seconds: number,
  setup: Setup = {},
): Promise<T> {
  const { args, preferences }: Browser = BROWSERS[name];
  const profile = setup.profile ?? mkdtempSync(join(tmpdir(), 'siglip-browser-'));
  const prefs = Object.entries(preferences ?? {});
  const lines = prefs.map(([key, value]) => `user_pref("${key}", ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, 'user.js'), lines.join(''));
  const command = [programOf(name)!, ...args(profile, url), ...(setup.args ?? [])];
  const [program, ...rest] = setup.screen
    ? ['xvfb-run', '-a', ...command.filter((arg) => arg !== '--headless')]
    : command;
  const browser = spawn(program!, rest, {
    stdio: 'ignore', // their complaints are many, and none is of the page
    env: { ...process.env, HOME: profile, ...(setup.screen && { LIBGL_ALWAYS_SOFTWARE: '1' }) },
    detached: true, // a group of its own, which is ended as a whole
  });
  setup.onStart?.(browser.pid!);
  const ended = new Promise<number | null>((resolve) => browser.on('close', resolve));
  const late = new Promise<'late'>((resolve) =>
    setTimeout(resolve, seconds * 1000, 'late').unref(),
  );
  const what = (why: string) => new Error(`${name}, ${url}: ${why}`);
  try {
    return await Promise.race([
      answer,
      late.then(() => Promise.reject(what(`no answer in ${seconds} s`))),
      ended.then((code) => Promise.reject(what(`ended with ${code} before it answered`))),
    ]);
  } finally {
    if (browser.exitCode === null) process.kill(-browser.pid!, 'SIGKILL');
    await ended;
    if (!setup.profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
