// Stands for public-fetch.ts in what is bundled for browsers, where nobody can say what a name resolves to.

export const resolvesNames = (): boolean => false;

export async function expectPublic(hostname: string): Promise<void> {
  throw notHere(hostname);
}

export async function publicFetch(url: string | URL | Request): Promise<Response> {
  throw notHere(String(url));
}

const notHere = (what: string): Error =>
  new Error(`${what}: bundled for browsers, where names cannot be resolved`);
