import { tinyModel } from '@siglip-ts/tiny-model/inline';
import { pipeline } from 'siglip-ts';

chrome.runtime.onInstalled.addListener(() =>
  chrome.contextMenus.create({
    id: 'classify',
    title: 'What is in this picture?',
    contexts: ['image'],
  }),
);

chrome.contextMenus.onClicked.addListener(({ srcUrl }) =>
  chrome.windows.create({
    url: `scores.html?${new URLSearchParams({ picture: srcUrl })}`,
    type: 'popup',
    width: 380,
    height: 520,
  }),
);

/** Made when first asked; made again after Chromium has stopped this worker and started it anew. */
let loading;
const load = async () => pipeline('zero-shot-image-classification', await tinyModel());

async function scores({ picture, labels }) {
  const classify = await (loading ??= load());
  return classify(picture, labels);
}

chrome.runtime.onMessage.addListener((question, sender, respond) => {
  scores(question).then(
    (scores) => respond({ scores }),
    (error) => respond({ error: error.message }),
  );
  return true; // it responds later
});
