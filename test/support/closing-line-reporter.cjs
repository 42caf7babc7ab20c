const { Runner, reporters } = require('mocha');

/** The `spec` reporter, and after all it says one line that programs can read. */
module.exports = class ClosingLineReporter extends reporters.Spec {
  /**
   * @param {import('mocha').Runner} runner
   * @param {import('mocha').MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    // Listeners run in the order they were added, and `spec` has just added the summary's.
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      console.log(`${passes} passed, ${failures} failed`);
    });
  }
};
