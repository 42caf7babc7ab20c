/** Measures works whose speed elsewhere is known from a document only, and compares with that. */
import { selected, type Selection, tell } from './family.js';
import { type LoadResult, measureLoad } from './load.js';
import type { Stage } from './stage.js';
import { printMarkdown, rateOf } from './table.js';

/** How fast somebody else's service does some work, as documented; never measured here. */
export interface Reference {
  /** As the document has it, for instance `73–81`. */
  readonly text: string;
  /** The upper end, per second. */
  readonly best: number;
  /** How many times as fast we have to be, by face; undefined where nothing is demanded. */
  readonly target: Readonly<Record<string, number | undefined>>;
}

/** One kind of work of a family. */
export interface Work {
  /** As in `--work`. */
  readonly name: string;
  /** As the load generator names it. */
  readonly load: string;
  readonly spread: 'uniform' | 'hot';
  readonly token: string;
  readonly reference?: Reference;
  /** Returns how much there is of everything; may make more of it for this measurement. */
  prepare?(stage: Stage, seconds: number): Promise<Readonly<Record<string, number>>>;
}

interface Measurement extends LoadResult {
  readonly work: string;
  readonly spread: string;
  readonly inFlight: number;
  readonly against: string;
  readonly reference: Reference | undefined;
}

const IN_FLIGHT = [8, 32, 64];
const FACES = ['rest', 'grpc'];

/** Measures all works that the run is about, prints them and returns the rows. */
export async function measureWorks(
  stage: Stage,
  works: readonly Work[],
  selection: Selection,
): Promise<readonly object[]> {
  const spreads = selected(['uniform', 'hot'], selection.spread);
  const names = selected([...new Set(works.map(({ name }) => name))], selection.work);
  const faces = selected(FACES, selection.against);
  const chosen = works.filter(
    ({ name, spread }) => names.includes(name) && spreads.includes(spread),
  );
  // A server that has just begun compiles while it works.
  for (const work of chosen)
    for (const face of faces) await loadWith(stage, work, { face, inFlight: 32, seconds: 2 });
  const results: Measurement[] = [];
  for (const work of chosen)
    for (const inFlight of selection.inFlight ?? IN_FLIGHT)
      for (const face of faces) {
        const { name, spread, reference } = work;
        const { seconds } = selection;
        const measured = {
          ...{ work: name, spread, inFlight, against: face, reference },
          ...(await loadWith(stage, work, { face, inFlight, seconds })),
        };
        tell(measured);
        results.push(measured);
      }
  printResults(results);
  return results;
}

async function loadWith(
  stage: Stage,
  work: Work,
  how: { readonly face: string; readonly inFlight: number; readonly seconds: number },
): Promise<LoadResult> {
  const sizes = (await work.prepare?.(stage, how.seconds)) ?? {};
  const { load, token, spread } = work;
  return measureLoad(stage, { ...how, work: load, token, hot: spread === 'hot', sizes });
}

const COLUMNS = [
  ...['work', 'spread', '#in flight', 'against', '#per second', '#p50 ms', '#p99 ms'],
  ...['#server µs', '#Envoy µs', '#Postgres µs', '#client µs', '#two cores /s'],
  ...['#documented /s', '#× its upper end', '#target'],
];

function printResults(results: readonly Measurement[]): void {
  const rows = results.map((result) => {
    const { reference, against } = result;
    const target = reference?.target[against];
    return [
      ...[result.work, result.spread, result.inFlight, against, rateOf(result)],
      ...[result.p50Ms.toFixed(2), result.p99Ms.toFixed(2)],
      ...[result.serverCpuUs.toFixed(0), result.envoyCpuUs.toFixed(0)],
      ...[result.postgresCpuUs.toFixed(0), result.clientCpuUs.toFixed(0)],
      Math.round(boundOf(result)),
      reference?.text ?? '',
      reference === undefined ? '' : (result.perSecond / reference.best).toFixed(1),
      target === undefined ? '' : `${target}×`,
    ];
  });
  printMarkdown(COLUMNS, rows);
  process.stdout.write(
    'The documented figures are those of the established service on two quiet cores, as our\n' +
      'requirements state them. It does not run here: they are not from this run.\n\n',
  );
}

/**
 * Returns how many calls per second two cores could do that nobody else uses, by what a call cost:
 * all that ran shares them, and our server has one thread.
 */
function boundOf(result: LoadResult): number {
  const { serverCpuUs, envoyCpuUs, postgresCpuUs, clientCpuUs } = result;
  const all = serverCpuUs + envoyCpuUs + postgresCpuUs + clientCpuUs;
  return Math.min(2e6 / all, 1e6 / serverCpuUs);
}
