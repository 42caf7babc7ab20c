// Goal: no crash makes an answer untrue, or leaves half of a commission behind. Method: servers, database
// and connections are broken at random moments under load; then the tables, the history of every holding
// and all answers are compared. SEED=… repeats what is left to chance.
import { describeCrashRounds } from '../soak/crash-rounds.js';
import { SEED } from '../soak/seed.js';

describe('the ledger and what breaks around it', function () {
  this.timeout(120_000);

  describeCrashRounds({ seed: SEED, rounds: 5 });
});
