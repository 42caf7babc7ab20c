// Goal and method: those of test/rest/fuzz.test.ts, for as long as it takes to try many more values.
import { describeHostileInput } from './hostile-input.js';
import { SEED } from './seed.js';

describe('both faces, for a long time', function () {
  this.timeout(600_000);

  describeHostileInput({ seed: SEED, millisecondsEach: 40_000 });
});
