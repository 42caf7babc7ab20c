// Goal: the worked trace of the quota specification, section 6.4, comes out as it is written there.
// Method: its steps over REST, one after the other; after each one the two rows of the ledger.
import { expect } from 'chai';
import type { JsonObject } from '../../../src/rpc/json.js';
import { difference, Pattern } from '../../support/expectations.js';
import { holdingOf, LedgerClient, userProvision } from '../../support/ledger.js';
import type { RestAnswer } from '../../support/rest-client.js';
import { type Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const USER = '11111111-2222-4333-8444-555555555555';
const R1 = 'nimbus.vm';
const R2 = 'nimbus.ram';

describe('the worked trace of section 6.4', () => {
  let stack: Stack;
  let ledger: LedgerClient;

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld();
    ledger = new LedgerClient(stack.rest, 'nimbus-token');
    await stack.apply(`
      users: [{uuid: ${USER}, username: tracy, email: tracy@example.org}]
      projects:
        - uuid: ${USER}
          resources:
            ${R1}: {project_capacity: 10, member_capacity: 10}
            ${R2}: {project_capacity: 20, member_capacity: 20}`);
  });

  after(() => stack.stop());

  const r1 = (quantity: number) => userProvision(USER, USER, R1, quantity);
  const r2 = (quantity: number) => userProvision(USER, USER, R2, quantity);

  async function rows(): Promise<readonly string[]> {
    const found = await Promise.all(
      [r1(0), r2(0)].map((provision) => holdingOf(stack.database, provision)),
    );
    return found.map((row) => `${row?.limit},${row?.usage_min},${row?.usage_max}`);
  }

  function expectRefusal(answer: RestAnswer, expected: object): void {
    expect(answer.status, answer.text).to.equal(413);
    const anyText = new Pattern('a text', (actual) => typeof actual === 'string');
    const body = { overLimit: { code: 413n, message: anyText, data: expected } };
    expect(difference(answer.json, body, true)).to.equal(undefined);
  }

  const refusal = (
    name: string,
    resource: string,
    quantity: bigint,
    usage: bigint,
    limit: bigint,
  ) => ({
    name,
    provision: { holder: `user:${USER}`, source: `project:${USER}`, resource, quantity },
    usage,
    limit,
  });

  it('37. gives every answer and every triple of the table', async () => {
    expect(await rows()).to.deep.equal(['10,0,0', '20,0,0']);

    const s1 = await ledger.issue([r1(5), r2(20)]);
    expect(await rows()).to.deep.equal(['10,0,5', '20,0,20']);

    expectRefusal(await ledger.send([r1(1), r2(1)]), refusal('NoCapacityError', R2, 1n, 20n, 20n));
    expect(await rows()).to.deep.equal(['10,0,5', '20,0,20']);

    expectRefusal(await ledger.send([r1(-1)]), refusal('NoQuantityError', R1, -1n, 0n, 0n));
    expect(await rows()).to.deep.equal(['10,0,5', '20,0,20']);

    await ledger.settle(s1, 'accept');
    expect(await rows()).to.deep.equal(['10,5,5', '20,20,20']);
    expect(await logged(s1)).to.equal(2);

    const s2 = await ledger.issue([r1(1), r2(-1)]);
    expect(await rows()).to.deep.equal(['10,5,6', '20,19,20']);

    await ledger.settle(s2, 'reject');
    expect(await rows()).to.deep.equal(['10,5,5', '20,20,20']);

    const s3 = await ledger.issue([r1(1), r2(-1)]);
    const s4 = await ledger.issue([r1(1), r2(-1)]);
    const s5 = await ledger.issue([r1(1), r2(-1)]);
    expect(await rows()).to.deep.equal(['10,5,8', '20,17,20']);

    const resolved = await ledger.resolve([s3, s4, 0n], [s4, s5]);
    expect(resolved.status).to.equal(200);
    expect(resolved.json).to.deep.equal({
      accepted: [s3],
      rejected: [s5],
      failed: [
        [0n, { itemNotFound: { code: 404n, message: 'serial 0 does not exist' } }],
        [s4, { badRequest: { code: 400n, message: `cannot both accept and reject serial ${s4}` } }],
      ],
    });
    expect(await rows()).to.deep.equal(['10,6,7', '20,18,19']);

    expectRefusal(await ledger.send([r1(6)]), refusal('NoCapacityError', R1, 6n, 7n, 10n));
    expect(await rows()).to.deep.equal(['10,6,7', '20,18,19']);

    const s6 = await ledger.issue([r1(6)], { force: true });
    await ledger.settle(s6, 'accept');
    expect(await rows()).to.deep.equal(['10,12,13', '20,18,19']);

    expectRefusal(
      await ledger.send([r1(-20)], { force: true }),
      refusal('NoQuantityError', R1, -20n, 12n, 0n),
    );
    expect(await rows()).to.deep.equal(['10,12,13', '20,18,19']);

    const s7 = await ledger.issue([r1(-1)]);
    await ledger.settle(s7, 'accept');
    expect(await rows()).to.deep.equal(['10,11,12', '20,18,19']);
  });

  it('37. shows the end of it to the user', async () => {
    await stack.apply(
      `users: [{uuid: ${USER}, username: tracy, email: tracy@example.org, tokens: [{value: tracy-token}]}]`,
    );
    const { json } = await stack.rest.get('/account/v1.0/quotas', { token: 'tracy-token' });
    const ofProject = (json as JsonObject)[USER] as JsonObject;
    expect(ofProject[R1]).to.include({ limit: 10n, usage: 12n, pending: 1n, project_usage: 0n });
    expect(ofProject[R2]).to.include({ limit: 20n, usage: 19n, pending: 1n, project_usage: 0n });
  });

  async function logged(serial: bigint): Promise<number> {
    const found = await stack.database.query('select from provision_log where serial = $1', [
      serial,
    ]);
    return found.length;
  }
});
