/** The element of the page that a selector names. */
export function find<E extends Element>(selector: string, kind: new () => E): E {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`no ${selector} in the page`);
  return element;
}

/** A bar for each label. */
export function showScores(scores: readonly { label: string; score: number }[]) {
  const rows = scores.map(({ label, score }) => {
    const percent = `${(100 * score).toFixed(1)} %`;
    const bar = Object.assign(document.createElement('meter'), { value: score, title: percent });
    bar.setAttribute('aria-label', label);
    const row = document.createElement('li');
    const text = Object.assign(document.createElement('output'), { textContent: percent });
    row.append(label, text, bar);
    return row;
  });
  find('#scores', HTMLElement).replaceChildren(...rows);
}
