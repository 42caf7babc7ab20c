// Goal: the time of issue is printed as the quota specification, section 5.1, has it.
// Method: commissions over REST while the clock of the server stands at chosen moments.
import { expect } from 'chai';
import { LedgerClient } from '../../support/ledger.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const PRINTED: Readonly<Record<string, string>> = {
  '2031-05-06T07:08:09.123Z': '2031-05-06T07:08:09.123000+00:00',
  '2031-05-06T07:08:09.120Z': '2031-05-06T07:08:09.120000+00:00',
  '2031-05-06T07:08:09.001Z': '2031-05-06T07:08:09.001000+00:00',
  '2031-05-06T07:08:09.000Z': '2031-05-06T07:08:09+00:00',
  '2030-12-31T23:59:59.999Z': '2030-12-31T23:59:59.999000+00:00',
};

describe('the time of issue', () => {
  let stack: Stack;
  let now = new Date();

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld({ clock: { now: () => now } });
  });

  after(() => stack.stop());

  for (const [moment, printed] of Object.entries(PRINTED)) {
    it(`${moment} is printed as ${printed}`, async () => {
      now = new Date(moment);
      const serial = await new LedgerClient(stack.rest, 'nimbus-token').issue([]);
      const target = `/account/v1.0/commissions/${serial}`;
      const { text } = await stack.rest.get(target, { token: 'nimbus-token' });
      expect(text).to.include(`"issue_time": "${printed}"`);
    });
  }
});
