import { pipeline } from 'siglip-ts/worker';

// The one line that differs from a page without a worker is the import above.
const loading = pipeline('zero-shot-image-classification');

const find = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const status = find('status');
const progress = find<HTMLProgressElement>('progress');
const ask = find<HTMLButtonElement>('ask');
const abort = find<HTMLButtonElement>('abort');

let frames = 0;
function count() {
  find('frames').textContent = String(++frames);
  requestAnimationFrame(count);
}
count();

find<HTMLFormElement>('form').onsubmit = async (event) => {
  event.preventDefault();
  const pictures = [...find<HTMLInputElement>('files').files!];
  const labels = find<HTMLInputElement>('labels').value.split(',');
  const controller = new AbortController();
  abort.onclick = () => controller.abort();
  abort.disabled = false;
  ask.disabled = true;
  find('answers').replaceChildren();
  progress.value = 0;
  status.textContent = 'Working …';
  const start = performance.now();
  try {
    const classify = await loading;
    const answers = await classify(
      pictures,
      labels.map((label) => label.trim()).filter((label) => label !== ''),
      {
        signal: controller.signal,
        on_image: (done, total) => Object.assign(progress, { value: done, max: total }),
      },
    );
    const rows = answers.map(([best], i) => {
      const text = `${pictures[i]!.name}: ${best!.label}, ${(100 * best!.score).toFixed(1)} %`;
      return Object.assign(document.createElement('li'), { textContent: text });
    });
    find('answers').replaceChildren(...rows);
    status.textContent = `Done in ${((performance.now() - start) / 1000).toFixed(1)} s.`;
  } catch (error) {
    status.textContent = controller.signal.aborted ? 'Aborted.' : (error as Error).message;
  } finally {
    abort.disabled = true;
    ask.disabled = false;
  }
};
