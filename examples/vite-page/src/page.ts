/** The element of the page that a selector names. */
export function find<E extends Element>(selector: string, kind: new () => E): E {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`no ${selector} in the page`);
  return element;
}

/** A bar for each label. */
export function showScores(scores: readonly { label: string; score: number }[]) {
  const rows = scores.map(({ label, score }) => {
    const percent = document.createElement('span');
    percent.textContent = `${(100 * score).toFixed(1)} %`;
    const bar = document.createElement('meter');
    bar.value = score;
    bar.ariaHidden = 'true'; // a screen reader has read the number already
    const row = document.createElement('li');
    row.append(label, percent, bar);
    return row;
  });
  find('#scores', HTMLElement).replaceChildren(...rows);
}
