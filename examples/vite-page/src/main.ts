import { type LoadOptions, pipeline } from 'siglip-ts';
import { find, showScores } from './page';

const load = (model?: string, options?: LoadOptions) =>
  pipeline('zero-shot-image-classification', model, options);

let loading = load();
let picture: Blob | undefined;
let questions = 0;

const status = find('#status', HTMLElement);
const labelsInput = find('#labels', HTMLInputElement);

/** Asks the model about the picture and the labels as they are now. */
async function ask() {
  const labels = labelsInput.value.split(',').map((label) => label.trim());
  const given = labels.filter((label) => label !== '');
  if (!picture || given.length === 0) return;
  const question = ++questions;
  status.textContent = 'Looking …';
  try {
    const classify = await loading;
    const scores = await classify(picture, given);
    if (question !== questions) return; // something newer was asked
    showScores(scores);
    status.textContent = 'How likely each label fits, by itself:';
  } catch (error) {
    status.textContent = (error as Error).message;
  }
}

const preview = find('#preview', HTMLImageElement);
function take(files: FileList | undefined | null) {
  const file = files?.[0];
  if (!file) return;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.hidden = false;
  picture = file;
  void ask();
}

const file = find('#file', HTMLInputElement);
file.onchange = () => take(file.files);
labelsInput.onchange = ask;

const drop = find('#drop', HTMLElement);
document.onpaste = (event) => take(event.clipboardData?.files);
document.ondragover = (event) => {
  event.preventDefault(); // else the browser would open the picture
  drop.classList.add('over');
};
document.ondragleave = () => drop.classList.remove('over');
document.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  take(event.dataTransfer?.files);
};

const cancel = find('#cancel', HTMLButtonElement);
const progress = find('#progress', HTMLProgressElement);
find('#load', HTMLFormElement).onsubmit = async (event) => {
  event.preventDefault();
  const controller = new AbortController();
  cancel.onclick = () => controller.abort();
  cancel.hidden = progress.hidden = false;
  status.textContent = 'Loading …';
  try {
    const name = find('#model', HTMLInputElement).value.trim();
    const loaded = await load(name || undefined, {
      signal: controller.signal,
      progress_callback(info) {
        if (info.status === 'progress') progress.value = info.progress;
      },
    });
    const before = loading;
    loading = Promise.resolve(loaded);
    before.then((classify) => classify.dispose()).catch(() => {}); // it may never have loaded
    status.textContent = 'Loaded.';
    await ask();
  } catch (error) {
    const why = controller.signal.aborted ? 'Cancelled' : (error as Error).message;
    status.textContent = `${why}. The model is the one before.`;
  } finally {
    cancel.hidden = progress.hidden = true;
  }
};
