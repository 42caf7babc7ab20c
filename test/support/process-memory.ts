/** What the kernel knows of the memory of another process. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Returns what a process has in memory now, or had at most, in KiB. */
export function memoryOf(pid: number, figure: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${figure}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
}

/** Makes the most a process had begin anew from what it has now. */
export function forgetPeakOf(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
