// A test hub with two files and an empty cache, new for every test of the file that imports this.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { hubFiles, type HubOptions, type ModelFiles } from '@siglip-ts/hub';
import { content, startHub, type TestHub } from './hub-server.ts';

export const id = 'google/siglip-base';
export const big = content(100_000);

export let hub: TestHub;
export let cache: string;
/** What $HF_HOME names: empty. */
export let home: string;
/** What else of the environment of whoever runs the tests would matter. */
const NAMES = [
  ...['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_TOKEN_PATH', 'HF_ENDPOINT', 'HF_HUB_CACHE'],
  ...['HUGGINGFACE_HUB_CACHE', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE', 'NODE_USE_ENV_PROXY'],
  ...['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'HF_HUB_DISABLE_IMPLICIT_TOKEN'],
];
beforeEach(async () => {
  hub = await startHub();
  cache = await mkdtemp(join(tmpdir(), 'hub-'));
  home = await mkdtemp(join(tmpdir(), 'hf-'));
  for (const name of NAMES) vi.stubEnv(name, '');
  vi.stubEnv('HF_HOME', home);
  hub.files.set('config.json', { bytes: content(30), etag: 'git1' });
  hub.files.set('model.safetensors', { bytes: big, etag: 'sha256', via: 'storage' });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true });
  await rm(cache, { recursive: true });
});

export function model(options: HubOptions = {}): ModelFiles {
  const retry = { attempts: 3, pause: 1 };
  return hubFiles(id, { endpoint: hub.endpoint, cache, retry, ...options });
}

/** toEqual takes half a second for this. */
export function expectBig(bytes: Uint8Array | undefined): void {
  expect(bytes && Buffer.compare(bytes, big)).toBe(0);
}

/** How the cache calls the hub. */
export function hostFolder(): string {
  return new URL(hub.endpoint).host.replace(':', '%3A');
}

/** The names of what the cache holds, without the names of their folders. */
export async function cached(): Promise<string[]> {
  const entries = await readdir(cache, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}
