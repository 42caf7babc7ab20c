// Goal: allocation writes are safe under any number of writers (sections 15 and 20 of the placement
// specification, behaviours 43, 52, 55 to 57 and the errata on over-allocation). Method: two server
// processes on one database, parallel connections through Envoy and over gRPC; what counts in the end
// are the rows.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  auditAllocations,
  claimOf,
  codeOf,
  createProvider,
  NOAUTH,
  put,
  usedOf,
} from '../support/allocation-stage.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../support/grpc-client.js';
import type { RestAnswer } from '../support/rest-client.js';
import { type Stack, startStack } from '../support/stack.js';

const CONFLICT = 'placement.concurrent_update';
const UNDEFINED = 'placement.undefined_code';

describe('races on allocations', function () {
  this.timeout(60_000);

  let stack: Stack;
  let clients: readonly GrpcClient[];

  before(async () => {
    stack = await startStack({ servers: 0, processes: 2, settings: NOAUTH });
    clients = stack.addresses.map((address) => connectGrpc(address));
  });
  afterEach(() => auditAllocations(stack.database));
  after(async () => {
    for (const client of clients) client.close();
    await stack.stop();
  });

  it('55: parallel claims of distinct consumers all succeed while there is room', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 60 } });
    const answers = await all(60, () => put(stack, randomUUID(), { [provider]: { VCPU: 1 } }));
    expect(statusesOf(answers)).to.deep.equal({ 204: 60 });
    expect(await usedOf(stack.database, provider)).to.deep.equal({ used: 60, generation: 60 });
  });

  it('55: with room for 10, exactly 10 of 80 get it, and the others are told of the capacity', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 10 } });
    const answers = await all(80, () => put(stack, randomUUID(), { [provider]: { VCPU: 1 } }));
    expect(statusesOf(answers)).to.deep.equal({ 204: 10, 409: 70 });
    for (const answer of answers.filter(({ status }) => status === 409)) {
      expect(codeOf(answer)).to.equal(UNDEFINED);
      expect(answer.text).to.include('The requested amount would exceed the capacity.');
    }
    expect(await usedOf(stack.database, provider)).to.deep.equal({ used: 10, generation: 10 });
  });

  it('8 threads on the last capacity never get more than there is (errata)', async () => {
    const provider = await createProvider(stack.database, {
      VCPU: { total: 50 },
      DISK_GB: { total: 1000 },
    });
    const taken = await all(8, async (thread) => {
      const client = clients[thread % clients.length]!;
      let count = 0;
      for (let round = 0; round < 20; round += 1) {
        const claim = { ...OWNERS, allocations: amounts(provider, { VCPU: 1n, DISK_GB: 2n }) };
        const call = client.allocations.replaceAllocations(
          { consumerUuid: randomUUID(), claim: { ...claim, precondition: undefined } },
          { token: 'admin' },
        );
        const reason = await call.then(
          () => undefined,
          () => grpcFailure(call),
        );
        if (reason === undefined) count += 1;
        else expect(reason).to.include({ reason: 'CAPACITY_EXCEEDED' });
      }
      return count;
    });
    expect(taken.reduce((sum, count) => sum + count)).to.equal(50);
    expect(await usedOf(stack.database, provider)).to.include({ used: 50 });
  });

  it('56: of two writes with the same generation one succeeds', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 100 } });
    for (let round = 0; round < 10; round += 1) {
      const consumer = randomUUID();
      await put(stack, consumer, { [provider]: { VCPU: 1 } }, { generation: null });
      const answers = await all(2, (index) =>
        put(stack, consumer, { [provider]: { VCPU: 2 + index } }, { generation: 1 }),
      );
      expect(answers.map(codeOf).sort()).to.deep.equal(['204', CONFLICT]);
      await stack.rest.send('DELETE', `/allocations/${consumer}`, { token: 'admin' });
    }
  });

  it('exactly one of many first writes with null wins; the loser overwrites nothing (section 20.2)', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 100 } });
    for (let round = 0; round < 10; round += 1) {
      const consumer = randomUUID();
      const answers = await all(8, (index) =>
        put(stack, consumer, { [provider]: { VCPU: 1 + index } }, { generation: null }),
      );
      const winners = answers.flatMap(({ status }, index) => (status === 204 ? [index] : []));
      expect(winners).to.have.length(1);
      for (const answer of answers.filter(({ status }) => status !== 204)) {
        expect(codeOf(answer)).to.equal(CONFLICT);
        expect(answer.text).to.include('expected 1 but got None');
      }
      const { json } = await stack.rest.get(`/allocations/${consumer}`, { token: 'admin' });
      expect(json).to.deep.equal({
        allocations: {
          [provider]: {
            generation: BigInt((await usedOf(stack.database, provider)).generation),
            resources: { VCPU: BigInt(1 + winners[0]!) },
          },
        },
      });
      await stack.rest.send('DELETE', `/allocations/${consumer}`, { token: 'admin' });
    }
  });

  it('57: parallel first writes without a generation, and of a new project, all succeed', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 100 } });
    const consumer = randomUUID();
    const answers = await all(12, () => put(stack, consumer, { [provider]: { VCPU: 3 } }));
    expect(statusesOf(answers)).to.deep.equal({ 204: 12 });
    expect(await usedOf(stack.database, provider)).to.deep.equal({ used: 3, generation: 12 });
  });

  it('writers of the same providers and consumers in any order never stand in a circle', async () => {
    const providers = await all(4, () =>
      createProvider(stack.database, { VCPU: { total: 10_000 }, DISK_GB: { total: 10_000 } }),
    );
    const consumers = Array.from({ length: 4 }, () => randomUUID());
    const answers = await all(60, (index) => {
      const turn = <T>(list: readonly T[]) => [
        ...list.slice(index % list.length),
        ...list.slice(0, index % list.length),
      ];
      const order = index % 2 === 0 ? turn(providers) : turn(providers).reverse();
      const wanted = Object.fromEntries(order.map((uuid) => [uuid, { VCPU: 1, DISK_GB: 2 }]));
      const json = Object.fromEntries(
        turn(consumers).map((uuid, at) => [
          uuid,
          { allocations: (index + at) % 5 === 0 ? {} : claimOf(wanted), ...OWNER_KEYS },
        ]),
      );
      return stack.rest.send('POST', '/allocations', {
        token: 'admin',
        headers: { 'openstack-api-version': 'placement 1.13' },
        json,
      });
    });
    expect(statusesOf(answers)).to.deep.equal({ 204: 60 });
  });

  it('of parallel removals of one consumer exactly one finds it (section 20.4)', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 100 } });
    const consumer = randomUUID();
    await put(stack, consumer, { [provider]: { VCPU: 5 } });
    const answers = await all(6, () =>
      stack.rest.send('DELETE', `/allocations/${consumer}`, { token: 'admin' }),
    );
    expect(statusesOf(answers)).to.deep.equal({ 204: 1, 404: 5 });
    expect(await usedOf(stack.database, provider)).to.deep.equal({ used: 0, generation: 1 });
  });

  it('52: amounts that wander between consumers never leave the capacity of a full provider', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 6 } });
    const consumers = Array.from({ length: 6 }, () => randomUUID());
    for (const consumer of consumers.slice(0, 3))
      await put(stack, consumer, { [provider]: { VCPU: 2 } });
    const answers = await all(48, (index) => {
      const from = consumers[index % 6]!;
      const to = consumers[(index * 5 + 1) % 6]!;
      if (from === to) return put(stack, from, { [provider]: { VCPU: 2 } });
      return stack.rest.send('POST', '/allocations', {
        token: 'admin',
        headers: { 'openstack-api-version': 'placement 1.13' },
        json: {
          [from]: { allocations: {}, ...OWNER_KEYS },
          [to]: { allocations: claimOf({ [provider]: { VCPU: 2 } }), ...OWNER_KEYS },
        },
      });
    });
    expect(Object.keys(statusesOf(answers))).to.include('204');
    for (const { status } of answers) expect(status).to.be.oneOf([204, 409]);
    expect((await usedOf(stack.database, provider)).used).to.be.within(2, 6);
  });
});

describe('four server processes', function () {
  this.timeout(60_000);

  let stack: Stack;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 4, settings: NOAUTH });
  });
  after(() => stack.stop());

  it('give a provider with room for 50 to exactly 50 of 500 parallel claims (issue 6)', async () => {
    const provider = await createProvider(stack.database, { VCPU: { total: 50 } });
    const answers = await all(500, () => put(stack, randomUUID(), { [provider]: { VCPU: 1 } }));
    expect(statusesOf(answers)).to.deep.equal({ 204: 50, 409: 450 });
    expect(await usedOf(stack.database, provider)).to.deep.equal({ used: 50, generation: 50 });
    await auditAllocations(stack.database);
  });
});

const OWNER_KEYS = { project_id: 'project', user_id: 'user' };
const OWNERS = { projectId: 'project', userId: 'user' };

function amounts(provider: string, resources: Record<string, bigint>) {
  return { [provider]: { resources } };
}

function all<T>(count: number, start: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => start(index)));
}

function statusesOf(answers: readonly RestAnswer[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
