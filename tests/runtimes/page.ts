// The program for browsers: classifies, shows what it found, and posts it to the server it came from.
import { type Answer, classify, PICTURES } from './classify.ts';

const asked = new URLSearchParams(location.search).get('threads') ?? '1';
const threads = asked === 'auto' ? asked : Number(asked);
const read = async (path: string) => {
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`${path}: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

const element = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: readonly Node[]
) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

function show({ best, hashes }: Answer): void {
  const figures = PICTURES.map((path, i) =>
    element(
      'figure',
      {},
      element('img', { src: `/${path}`, alt: '' }),
      element('figcaption', { textContent: best[i]! }),
    ),
  );
  document.body.append(
    element('h1', { textContent: 'SigLIP in a page without eval' }),
    element('main', {}, ...figures),
    element('pre', { textContent: JSON.stringify(hashes, null, 2) }),
  );
}

let answer: Answer | { error: string };
try {
  answer = await classify({ read, options: { threads } });
  show(answer);
} catch (error) {
  answer = { error: String(error) };
}
await fetch('/answer', { method: 'POST', body: JSON.stringify(answer) });
