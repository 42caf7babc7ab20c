/** Prints commissions as a Markdown table, each with its ratio to plain SQL in the same cell. */
import { printMarkdown, rateOf } from '../../table.js';
import type { Measurement } from './cell.js';

const COLUMNS = [
  ...['work', 'spread', '#in flight', 'against', '#per second', '#p50 ms', '#p99 ms', '#× pgbench'],
  ...['#server µs', '#MiB'],
];

export function printTable(results: readonly Measurement[]): void {
  const rows = results.map((result) => {
    const plain = results.find((other) => other.against === 'pgbench' && isSameCell(other, result));
    return [
      `${result.accept ? 'issue+accept' : 'issue'}${result.history ? ', long history' : ''}`,
      result.hot ? 'hot' : 'uniform',
      result.inFlight,
      result.against,
      rateOf(result),
      result.p50Ms.toFixed(2),
      result.p99Ms.toFixed(2),
      plain === undefined ? '' : (result.perSecond / plain.perSecond).toFixed(2),
      result.serverCpuUs?.toFixed(0) ?? '',
      result.serverPeakMiB?.toFixed(0) ?? '',
    ];
  });
  printMarkdown(COLUMNS, rows);
}

function isSameCell(a: Measurement, b: Measurement): boolean {
  return (
    a.accept === b.accept && a.hot === b.hot && a.inFlight === b.inFlight && a.history === b.history
  );
}
