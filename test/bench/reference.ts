/** Measures works whose speed elsewhere is known from a document only, and compares with that. */
import { type Selection, tell } from './family.js';
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
  const results: Measurement[] = [];
  const isChosen = (value: string, chosen: readonly string[] | undefined) =>
    chosen === undefined || chosen.includes(value);
  for (const work of works) {
    if (!isChosen(work.name, selection.work) || !isChosen(work.spread, selection.spread)) continue;
    for (const inFlight of selection.inFlight ?? IN_FLIGHT)
      for (const face of FACES)
        if (isChosen(face, selection.against))
          results.push(
            await measureWork(stage, work, { face, inFlight, seconds: selection.seconds }),
          );
  }
  printResults(results);
  return results;
}

async function measureWork(
  stage: Stage,
  work: Work,
  { face, inFlight, seconds }: { face: string; inFlight: number; seconds: number },
): Promise<Measurement> {
  const { name, spread, token, reference } = work;
  const sizes = (await work.prepare?.(stage, seconds)) ?? {};
  const hot = spread === 'hot';
  const load = { face, work: work.load, token, hot, inFlight, seconds, sizes };
  const measured = {
    ...{ work: name, spread, inFlight, against: face, reference },
    ...(await measureLoad(stage, load)),
  };
  tell(measured);
  return measured;
}

const COLUMNS = [
  ...['work', 'spread', '#in flight', 'against', '#per second', '#p50 ms', '#p99 ms'],
  ...['#server µs', '#Envoy µs', '#Postgres µs', '#documented /s', '#× its upper end', '#target'],
];

function printResults(results: readonly Measurement[]): void {
  const rows = results.map((result) => {
    const { reference, against } = result;
    const target = reference?.target[against];
    return [
      ...[result.work, result.spread, result.inFlight, against, rateOf(result)],
      ...[result.p50Ms.toFixed(2), result.p99Ms.toFixed(2)],
      ...[result.serverCpuUs.toFixed(0), result.envoyCpuUs.toFixed(0)],
      result.postgresCpuUs.toFixed(0),
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
