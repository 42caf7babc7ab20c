/** Tells what running processes have used, as Linux counts it in `/proc`. */
import { readdir, readFile } from 'node:fs/promises';

/** Ticks of the processor's clock per second. */
const TICKS = 100;

/**
 * Returns the processor time of the processes and of their children, also of ended ones, in
 * seconds. Noise by others does not change it much.
 */
export async function processorSeconds(pids: readonly number[]): Promise<number> {
  const all = [...pids, ...(await childrenOf(pids))];
  const times = await Promise.all(all.map(ownSeconds));
  return times.reduce((sum, time) => sum + time, 0);
}

/** Returns the most memory one of the processes ever had until now, in MiB. */
export async function peakMiB(pids: readonly number[]): Promise<number> {
  const peaks = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    }),
  );
  return Math.max(...peaks);
}

async function childrenOf(pids: readonly number[]): Promise<readonly number[]> {
  const lists = await Promise.all(
    pids.map(async (pid) => {
      const tasks = await readdir(`/proc/${pid}/task`);
      const texts = tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8'));
      return (await Promise.all(texts)).join(' ').split(' ');
    }),
  );
  return lists.flat().filter(Boolean).map(Number);
}

/** The time of one process and of its ended children; 0 when it has just ended itself. */
async function ownSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}
