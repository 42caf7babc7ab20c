// Goal and method: those of test/integration/ledger-crash.test.ts, for as long as it takes to meet rare
// moments, and with a server that stands still: ten seconds pass before others may go on without it.
import { describeCrashRounds } from './crash-rounds.js';
import { FAULTS, SLOW_FAULT } from './crash-site.js';
import { SEED } from './seed.js';

describe('the ledger and what breaks around it, again and again', function () {
  this.timeout(180_000);

  describeCrashRounds({ seed: SEED, rounds: 50, faults: [...FAULTS, SLOW_FAULT] });
});
