// Goal and method: those of test/property/ledger-parallel.test.ts, with many more commands, and seeds of
// their own for every run.
import { itKeepsTheLedgerConsistent } from './parallel.js';
import { SEED } from './seed.js';

describe('the ledger under many hands for a long time', function () {
  this.timeout(600_000);

  for (let run = 0; run < 6; run += 1)
    itKeepsTheLedgerConsistent(`run ${run}`, {
      seed: SEED + run,
      connections: 8,
      commandsPerConnection: 2_500,
    });
});
