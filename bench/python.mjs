// A Python child that works when it is told to: Pillow, sentencepiece and PyTorch take their turn in the rounds and time
// themselves. The interpreter is PYTHON, or python3.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Absent } from './peers.mjs';

/** `ask(what, ...with)`: the answer of a script in python/. Throws Absent if Python or a package is missing. */
export function python(name = 'peer.py', needs = 'Pillow and sentencepiece') {
  const command = process.env.PYTHON ?? 'python3';
  const script = join(import.meta.dirname, 'python', name);
  const child = spawn(command, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  return {
    async ask(what, ...given) {
      child.stdin.write(`${JSON.stringify({ do: what, with: given })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Absent(`${command} has no ${needs}; set PYTHON`);
      return JSON.parse(value);
    },
    close: () => child.stdin.end(),
  };
}
