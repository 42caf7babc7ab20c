// Goal: the largest commission that a setting allows is issued, read and settled like any other.
// Method: MAX_PROVISIONS and MAX_BODY_BYTES at a hundred thousand provisions, each on a holding of its own,
// over both faces; holdings that do not exist, and many settled together, beside them.
import { expect } from 'chai';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import { auditLedger, recordHistory } from '../support/ledger-audit.js';
import { createPerson } from '../support/people.js';
import type { JsonObject } from '../../src/rpc/json.js';
import type { Stack } from '../support/stack.js';
import { startWorld } from '../support/world.js';

const CALLER = { token: 'nimbus-token' };
const MOST = 100_000;

describe('a commission of a hundred thousand provisions', function () {
  this.timeout(120_000);

  let stack: Stack;
  let client: GrpcClient;

  before(async () => {
    stack = await startWorld({
      settings: { MAX_PROVISIONS: String(MOST), MAX_BODY_BYTES: String(64 * 1024 * 1024) },
    });
    client = connectGrpc(stack.addresses[0] ?? '');
    await createPerson(stack);
    await recordHistory(stack.database);
    await stack.database.query(
      `insert into holdings (holder, source, resource, "limit")
       select 'user:' || n, 'project:many', 'nimbus.vm', 10 from generate_series(1, $1::int) as n`,
      [MOST],
    );
  });

  after(async () => {
    client.close();
    await stack.stop();
  });

  const provisions = (quantity: bigint) =>
    Array.from({ length: MOST }, (_, index) => ({
      holder: `user:${index + 1}`,
      source: 'project:many',
      resource: 'nimbus.vm',
      quantity,
    }));

  async function sums(): Promise<readonly [min: number, max: number]> {
    const [row] = await stack.database.query<{ min: number; max: number }>(
      `select sum(usage_min)::int as min, sum(usage_max)::int as max from holdings
        where source = 'project:many'`,
    );
    return [row!.min, row!.max];
  }

  it('is issued and settled over gRPC, and told apart from what does not fit', async () => {
    const { serial } = await client.commissions.issueCommission(
      { provisions: provisions(3n), requestId: 'large' },
      CALLER,
    );
    expect(await sums()).to.deep.equal([0, 3 * MOST]);
    const again = await client.commissions.issueCommission(
      { provisions: provisions(3n).reverse(), requestId: 'large' },
      CALLER,
    );
    expect(again.serial).to.equal(serial);
    const { commission } = await client.commissions.getCommission({ serial }, CALLER);
    expect(commission?.provisions).to.deep.equal(provisions(3n));
    const failure = await grpcFailure(
      client.commissions.issueCommission({ provisions: provisions(8n) }, CALLER),
    );
    expect(failure).to.include({ reason: 'NO_CAPACITY' });
    await client.commissions.resolveCommissions({ accept: [serial] }, CALLER);
    expect(await sums()).to.deep.equal([3 * MOST, 3 * MOST]);
    await auditLedger(stack.database);
  });

  it('is issued and settled over REST', async () => {
    const before = await sums();
    const issued = await stack.rest.post('/account/v1.0/commissions', {
      ...CALLER,
      json: { provisions: provisions(1n) },
    });
    expect(issued.status, issued.text.slice(0, 300)).to.equal(201);
    const serial = (issued.json as JsonObject)['serial'] as bigint;
    const read = await stack.rest.get(`/account/v1.0/commissions/${serial}`, CALLER);
    expect((read.json as JsonObject)['provisions']).to.have.length(MOST);
    const settled = await stack.rest.post('/account/v1.0/commissions/action', {
      ...CALLER,
      json: { reject: [serial] },
    });
    expect((settled.json as JsonObject)['rejected']).to.deep.equal([serial]);
    expect(await sums()).to.deep.equal(before);
    await auditLedger(stack.database);
  });

  it('is refused whole when one of its holdings does not exist', async () => {
    const before = await sums();
    const wrong = [...provisions(1n).slice(1), { ...provisions(1n)[0]!, holder: 'user:nobody' }];
    const failure = await grpcFailure(
      client.commissions.issueCommission({ provisions: wrong }, CALLER),
    );
    expect(failure).to.include({ reason: 'NO_HOLDING' });
    expect(await sums()).to.deep.equal(before);
  });

  it('does not keep others from being answered', async () => {
    const large = Array.from({ length: 4 }, () =>
      client.commissions.issueCommission({ provisions: provisions(1n), autoAccept: true }, CALLER),
    );
    const small = Array.from({ length: 20 }, () =>
      client.commissions.issueCommission({ provisions: [] }, { token: 'orbit-token' }),
    );
    await Promise.all([...large, ...small]);
    await auditLedger(stack.database);
  });

  it('and as many serials are settled in one call', async () => {
    const serials: bigint[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const issued = await Promise.all(
        Array.from({ length: 250 }, () => client.commissions.issueCommission({}, CALLER)),
      );
      serials.push(...issued.map(({ serial }) => serial));
    }
    const unknown = Array.from({ length: MOST - serials.length }, (_, n) => BigInt(-n));
    const answer = await client.commissions.resolveCommissions(
      { accept: serials, reject: unknown },
      CALLER,
    );
    expect(answer.accepted.length).to.equal(serials.length);
    expect(answer.failed.length).to.equal(unknown.length);
  });
});
