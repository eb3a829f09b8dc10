const picture = new URLSearchParams(location.search).get('picture');
const labels = document.getElementById('labels');
const status = document.getElementById('status');
const table = document.getElementById('scores');

async function ask() {
  const given = labels.value.split(',').map((label) => label.trim());
  status.textContent = 'Looking …';
  table.replaceChildren();
  const { scores, error } = await chrome.runtime.sendMessage({
    picture,
    labels: given.filter((label) => label !== ''),
  });
  status.textContent = error ?? '';
  for (const { label, score } of scores ?? []) {
    const row = table.insertRow();
    row.insertCell().textContent = label;
    row.insertCell().textContent = `${(100 * score).toFixed(1)} %`;
  }
}

document.getElementById('picture').src = picture;
labels.onchange = ask;
ask();
