// Goal: whatever callers send over either face, they are answered within the limits, nothing breaks, and
// nothing is left half done. Method: random requests, bodies, messages and bytes, and too much of everything,
// through a real Envoy and at a server. SEED=… repeats a run.
import { describeHostileInput } from '../soak/hostile-input.js';
import { SEED } from '../soak/seed.js';

describe('both faces', function () {
  this.timeout(60_000);

  describeHostileInput({ seed: SEED, millisecondsEach: 1_500 });
});
