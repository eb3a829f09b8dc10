// Next.js as it stands: a client component and a route handler, each of which classifies as Node does.
import { describe, expect, test } from 'vitest';
import { programOf, visit } from '../runtimes/browser.ts';
import { emptyProject } from './pack.ts';
import { expectScores, LABELS, POST, writePicture } from './program.ts';
import { serve } from './site.ts';
import { start } from './started.ts';

const classified = (image: string) =>
  `await (await pipeline('zero-shot-image-classification'))(${image}, ${JSON.stringify(LABELS)})`;

const LAYOUT = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}`;
const page = (answerTo: string) => `'use client';
import { useEffect, useState } from 'react';
import { pipeline } from 'siglip-ts';

async function ask() {
  const page = ${classified("new URL('/cat.jpg', location.href)")};
  const route = await (await fetch('/api/classify')).json();
  return { page, route };
}
export default function Page() {
  const [text, setText] = useState('');
  useEffect(() => {
    ask().catch((error) => ({ error: error.stack })).then(async (answer) => {
      setText(JSON.stringify(answer));
      ${POST(answerTo)}
    });
  }, []);
  return <pre>{text}</pre>;
}`;
const ROUTE = `import { pipeline } from 'siglip-ts';

export const dynamic = 'force-dynamic';
export async function GET() {
  return Response.json(${classified("'public/cat.jpg'")});
}`;

describe.skipIf(!programOf('Chromium'))('Next.js, built and started', () => {
  test('a client component and a route handler', async () => {
    const project = await emptyProject('next', {
      dependencies: { next: '16.4.6', react: '19.2.0', 'react-dom': '19.2.0' },
      manifest: { type: undefined },
    });
    const site = await serve(project.folder); // which only hears the answer
    await project.write({
      'app/layout.js': LAYOUT,
      'app/page.js': page(`${site.origin}/answer`),
      'app/api/classify/route.js': ROUTE,
    });
    await writePicture(project, 'public/cat.jpg');
    await project.run('next', ['build'], { NEXT_TELEMETRY_DISABLED: '1' });
    const next = await start(project, 'next', ['start', '--port', '0']);
    try {
      const answer = await visit('Chromium', next.url, site.answer(), 90);
      expect(Object.keys(answer as object)).toEqual(['page', 'route']);
      const { page, route } = answer as { page: unknown; route: unknown };
      await expectScores(page);
      await expectScores(route);
    } finally {
      await next.stop();
      site.close();
    }
  });
});
