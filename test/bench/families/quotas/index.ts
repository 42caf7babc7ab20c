/** Commissions, beside pgbench doing the same work in plain SQL in the same run. */
import { type Family, type Selection, selected, tell } from '../../family.js';
import { measureLoad } from '../../load.js';
import type { Stage } from '../../stage.js';
import { findPgbench } from '../../tools.js';
import type { Cell, Measurement } from './cell.js';
import { measurePgbench, preparePlain } from './pgbench.js';
import { printTable } from './table.js';
import { fillHistory, fillWorld, PROJECTS, TOKEN, USERS } from './world.js';

const IN_FLIGHT = [1, 32, 256, 1024];

/** The ledger's part of the benchmark. */
export const quotas: Family = {
  async check() {
    await findPgbench();
  },
  async measure(stage, selection) {
    await fillWorld(stage.databaseUrl);
    const plain = await preparePlain(stage.databaseUrl);
    const results = [...(await measureCells(stage, plain, cellsOf(selection, false), selection))];
    if (selection.history) {
      for (const url of [stage.databaseUrl, plain]) await fillHistory(url);
      results.push(...(await measureCells(stage, plain, cellsOf(selection, true), selection)));
    }
    printTable(results);
    return results;
  },
};

function cellsOf({ seconds, ...selection }: Selection, history: boolean): readonly Cell[] {
  return selected(['issue', 'issue+accept'], selection.work).flatMap((work) =>
    selected(['uniform', 'hot'], selection.spread).flatMap((spread) =>
      (selection.inFlight ?? IN_FLIGHT).map((inFlight) => {
        const accept = work === 'issue+accept';
        return { accept, hot: spread === 'hot', inFlight, seconds, history };
      }),
    ),
  );
}

/** Goes through all cells; what is compared runs one right after the other. */
async function measureCells(
  stage: Stage,
  plain: string,
  cells: readonly Cell[],
  selection: Selection,
): Promise<readonly Measurement[]> {
  const results: Measurement[] = [];
  for (const cell of cells)
    for (const against of selected(['grpc', 'rest', 'pgbench'], selection.against)) {
      const measured =
        against === 'pgbench'
          ? await measurePgbench(plain, stage.directory, cell)
          : await measureFace(stage, against, cell);
      tell(measured);
      results.push(measured);
    }
  return results;
}

async function measureFace(stage: Stage, face: string, cell: Cell): Promise<Measurement> {
  const { hot, inFlight, seconds } = cell;
  const work = cell.accept ? 'quotas.issue+accept' : 'quotas.issue';
  const sizes = { projects: PROJECTS, users: USERS };
  const load = { face, work, token: TOKEN, hot, inFlight, seconds, sizes };
  return { ...cell, against: face, ...(await measureLoad(stage, load)) };
}
