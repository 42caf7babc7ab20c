// Goal: whoever cleans up finds the pending commissions with what is needed to judge them, page by page.
// Method: commissions issued a minute apart on a clock of the test's own, listed over gRPC and REST.
import { expect } from 'chai';
import type {
  IssueCommissionRequest,
  ListCommissionsRequest,
} from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { createPerson, ofUser, type Person } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const seconds = (count: bigint, nanos = 0) => ({ seconds: count, nanos });

describe('the list of pending commissions', () => {
  let stack: Stack;
  let client: GrpcClient;
  let user: Person;
  let now: Date;
  /** Serials of five commissions, one a minute, the last one just now. */
  let serials: bigint[];
  let since: Date;

  before(async () => {
    now = new Date();
    stack = await startWorld({ clock: { now: () => now } });
    client = connectGrpc(stack.addresses[0] ?? '');
    user = await createPerson(stack);
  });

  after(async () => {
    client.close();
    await stack.stop();
  });

  const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);
  const issue = (request: Partial<IssueCommissionRequest>) =>
    client.commissions.issueCommission(request, NIMBUS);
  const later = (milliseconds: number) => {
    now = new Date(now.getTime() + milliseconds);
  };

  beforeEach(async () => {
    await client.commissions.resolveCommissions(
      { reject: (await client.commissions.listCommissions({}, NIMBUS)).serials },
      NIMBUS,
    );
    serials = [];
    since = now;
    for (let index = 0; index < 5; index += 1) {
      if (index > 0) later(60_000);
      const request = { provisions: [vm(1n)], name: `boot ${index} ναμε` };
      serials.push((await issue(request)).serial);
    }
  });

  const list = (request: Partial<ListCommissionsRequest> = {}, caller = NIMBUS) =>
    client.commissions.listCommissions(request, caller);

  it('tells name and times of each, without its provisions', async () => {
    const { commissions, serials: listed, nextPageToken } = await list();
    expect(listed).to.deep.equal(serials);
    expect(nextPageToken).to.equal('');
    expect(commissions).to.deep.equal(
      serials.map((serial, index) => ({
        serial,
        name: `boot ${index} ναμε`,
        issueTime: new Date(since.getTime() + index * 60_000),
        expireTime: undefined,
        provisions: [],
      })),
    );
  });

  it('shows the callers their own only', async () => {
    expect(await list({}, ORBIT)).to.deep.include({ serials: [], commissions: [] });
  });

  it('goes on from page to page, and ends', async () => {
    for (const pageSize of [1, 2, 3, 5, 6]) {
      const found: bigint[] = [];
      const sizes: number[] = [];
      let pageToken = '';
      do {
        const page = await list({ pageSize, pageToken });
        expect(page.commissions.map(({ serial }) => serial)).to.deep.equal(page.serials);
        found.push(...page.serials);
        sizes.push(page.serials.length);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(found).to.deep.equal(serials);
      expect(Math.max(...sizes)).to.be.at.most(pageSize);
    }
  });

  it('goes on rightly though what it stopped at was settled, and others came', async () => {
    const first = await list({ pageSize: 2 });
    await client.commissions.resolveCommissions({ accept: serials.slice(0, 3) }, NIMBUS);
    const { serial } = await issue({ provisions: [vm(1n)] });
    const second = await list({ pageSize: 10, pageToken: first.nextPageToken });
    expect(second.serials).to.deep.equal([...serials.slice(3), serial]);
  });

  it('filters by age, both bounds included', async () => {
    const cases: [Partial<ListCommissionsRequest>, bigint[]][] = [
      [{ minAge: seconds(120n) }, serials.slice(0, 3)],
      [{ minAge: seconds(120n, 1_000_000) }, serials.slice(0, 2)],
      [{ maxAge: seconds(120n) }, serials.slice(2)],
      [{ maxAge: seconds(119n, 999_000_000) }, serials.slice(3)],
      [{ minAge: seconds(60n), maxAge: seconds(180n) }, serials.slice(1, 4)],
      [{ minAge: seconds(180n), maxAge: seconds(60n) }, []],
      [{ minAge: seconds(0n) }, serials],
      [{ maxAge: seconds(0n) }, serials.slice(4)],
    ];
    for (const [request, expected] of cases)
      expect((await list(request)).serials).to.deep.equal(expected);
  });

  it('filters page by page, too', async () => {
    const request = { minAge: seconds(60n), pageSize: 3 };
    const first = await list(request);
    const second = await list({ ...request, pageToken: first.nextPageToken });
    expect([first.serials, second.serials]).to.deep.equal([
      serials.slice(0, 3),
      serials.slice(3, 4),
    ]);
  });

  it('takes the greatest ages there are', async () => {
    const greatest = seconds(315_576_000_000n);
    expect((await list({ minAge: greatest })).serials).to.deep.equal([]);
    expect((await list({ maxAge: greatest })).serials).to.deep.equal(serials);
  });

  it('refuses ages and pages that are none', async () => {
    const token = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
    for (const request of [
      { minAge: seconds(-1n) },
      { maxAge: seconds(0n, -1) },
      { minAge: seconds(315_576_000_001n) },
      { maxAge: seconds(1n, 1_000_000_000) },
      { pageSize: -1 },
      { pageToken: 'x' },
      { pageToken: token(['x']) },
      { pageToken: token([1]) },
      { pageToken: token(['1', '2']) },
      { pageToken: token(['-1']) },
      { pageToken: token(['9223372036854775808']) },
    ])
      expect(await grpcFailure(list(request)), JSON.stringify(Object.keys(request))).to.include({
        code: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
      });
  });

  it('over REST is the bare list of serials, as documented', async () => {
    const answer = await stack.rest.get('/account/v1.0/commissions', NIMBUS);
    expect(answer.json).to.deep.equal(serials);
    const one = await stack.rest.get(`/account/v1.0/commissions/${String(serials[0])}`, NIMBUS);
    expect(one.json).to.have.all.keys('serial', 'issue_time', 'name', 'provisions');
  });
});
