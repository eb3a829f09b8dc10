'use client';
import { type ChangeEvent, useState } from 'react';
import { pipeline } from 'siglip-ts';

interface LabelScore {
  label: string;
  score: number;
}

const load = () => pipeline('zero-shot-image-classification');
let loading: ReturnType<typeof load> | undefined;

/** Here, in the browser. */
async function here(picture: Blob, labels: string): Promise<LabelScore[]> {
  const classify = await (loading ??= load());
  return classify(picture, labels.split(','));
}

/** On the server, by app/api/classify/route.ts. */
async function there(picture: Blob, labels: string): Promise<LabelScore[]> {
  const query = new URLSearchParams({ labels });
  const response = await fetch(`/api/classify?${query}`, { method: 'POST', body: picture });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function Scores({ title, scores }: { title: string; scores: LabelScore[] }) {
  return (
    <section>
      <h2>{title}</h2>
      <ol>
        {scores.map(({ label, score }) => (
          <li key={label}>
            {label}: {(100 * score).toFixed(1)} %
          </li>
        ))}
      </ol>
    </section>
  );
}

export default function Page() {
  const [labels, setLabels] = useState('rocket,pizza,guitar,cat face,bicycle');
  const [status, setStatus] = useState('');
  const [answers, setAnswers] = useState<[LabelScore[], LabelScore[]]>();

  async function ask(event: ChangeEvent<HTMLInputElement>) {
    const picture = event.target.files?.[0];
    if (!picture) return;
    setStatus('Looking …');
    try {
      setAnswers(await Promise.all([here(picture, labels), there(picture, labels)]));
      setStatus('');
    } catch (error) {
      setStatus((error as Error).message);
    }
  }

  return (
    <main>
      <h1>What is in the picture?</h1>
      <p>
        <label>
          Labels, separated by commas{' '}
          <input value={labels} onChange={(event) => setLabels(event.target.value)} />
        </label>
      </p>
      <p>
        <label>
          Picture <input type="file" accept="image/*" onChange={ask} />
        </label>
      </p>
      <p role="status">{status}</p>
      {answers && <Scores title="In the browser" scores={answers[0]} />}
      {answers && <Scores title="On the server" scores={answers[1]} />}
    </main>
  );
}
