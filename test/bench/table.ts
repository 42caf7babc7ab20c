/** Prints measurements as a Markdown table, each with its ratio to plain SQL in the same cell. */
import type { Measurement } from './measure.js';

export function printTable(results: readonly Measurement[]): void {
  const lines = [
    '| work | spread | in flight | against | per second | p50 ms | p99 ms | × pgbench | server µs | MiB |',
    '|---|---|---:|---|---:|---:|---:|---:|---:|---:|',
  ];
  for (const result of results) {
    const plain = results.find((other) => other.against === 'pgbench' && isSameCell(other, result));
    const failed = Object.values(result.failures).reduce((sum, count) => sum + count, 0);
    lines.push(
      `| ${[
        `${result.accept ? 'issue+accept' : 'issue'}${result.history ? ', long history' : ''}`,
        result.hot ? 'hot' : 'uniform',
        result.inFlight,
        result.against,
        `${Math.round(result.perSecond)}${failed > 0 ? ` (${failed} failed)` : ''}`,
        result.p50Ms.toFixed(2),
        result.p99Ms.toFixed(2),
        plain === undefined ? '' : (result.perSecond / plain.perSecond).toFixed(2),
        result.serverCpuUs?.toFixed(0) ?? '',
        result.serverPeakMiB?.toFixed(0) ?? '',
      ].join(' | ')} |`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function isSameCell(a: Measurement, b: Measurement): boolean {
  return (
    a.accept === b.accept && a.hot === b.hot && a.inFlight === b.inFlight && a.history === b.history
  );
}
