// How much memory a page takes, as Linux counts it: the peak of the browser's largest process beside its own, sampled.
// That is the page's, if it loads a large model.
import { readdirSync, readFileSync } from 'node:fs';

export interface Peak {
  /** The most that one process had resident (VmHWM), in MB. */
  readonly resident: number;
  /** The same without what it shares with other processes (Pss), in MB, as far as samples saw it. */
  readonly proportional: number;
  /** The most that all processes of the browser had together (Pss), in MB. */
  readonly all: number;
}

/** Watches the processes of the group that `pid` leads, until it is stopped. */
export function watchMemory(pid: number): () => Peak {
  let peak: Peak = { resident: 0, proportional: 0, all: 0 };
  const timer = setInterval(() => (peak = sampled(pid, peak)), 250);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

function sampled(group: number, before: Peak): Peak {
  let { resident, proportional } = before;
  let all = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) continue;
      const pss = megabytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
      all += pss;
      if (Number(pid) === group) continue; // the browser itself
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      resident = Math.max(resident, megabytes(status, 'VmHWM'));
      proportional = Math.max(proportional, pss);
    } catch {
      // It has ended.
    }
  }
  return { resident, proportional, all: Math.max(before.all, all) };
}

function megabytes(text: string, field: string): number {
  return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1000);
}
