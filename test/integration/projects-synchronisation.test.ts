/**
 * Goal: synchronising limits costs a constant number of statements, and changes of one project
 * wait for each other. Method: 10,000 members with counted statements; real parallel transactions.
 */
import { expect } from 'chai';
import type { Tx } from '../../src/db/tx.js';
import type { Quantity } from '../../src/kernel/quantity.js';
import {
  CountingTx,
  createProjectsWorld,
  insertResource,
  type ProjectsWorld,
  resourceDefaults,
} from './projects-world.js';

const MEMBERS = 10_000;

describe('synchronising limits', () => {
  let world: ProjectsWorld;
  const users = Array.from({ length: MEMBERS }, (_, index) => `u${index}`);

  before(async function () {
    this.timeout(60_000);
    world = await createProjectsWorld();
    await world.addUsers(...users);
    for (const [uuid, members] of [
      ['large', users],
      ['small', users.slice(0, 1)],
    ] as const)
      await world.declare({
        uuid,
        name: `${uuid}.org`,
        owner: 'u0',
        resources: { 'nimbus.vm': { project_capacity: 40n, member_capacity: 10n } },
        members: members.map((user) => ({ user })),
      });
  });
  after(() => world.close());

  const counted = (work: (tx: Tx) => Promise<unknown>) =>
    world.database.transact(async (tx) => {
      const counting = new CountingTx(tx);
      await work(counting);
      return counting.statements;
    });

  const limits = async (project: string) =>
    world.db.query(
      `select (holder like 'user:%') as member, "limit"::int, count(*)::int from holdings
        where (holder = $1 or source = $1) and resource = 'nimbus.vm' group by 1, 2 order by 1`,
      [`project:${project}`],
    );

  it('of 10,000 members takes as many statements as of one, and seconds [9.3]', async () => {
    const began = Date.now();
    const large = await counted((tx) => world.projects.setProjectState(tx, 'large', 'suspended'));
    expect(Date.now() - began).to.be.below(5_000);
    const small = await counted((tx) => world.projects.setProjectState(tx, 'small', 'suspended'));
    expect(large).to.equal(small);
    expect(large).to.be.below(10);
    expect(await limits('large')).to.deep.equal([
      { member: false, limit: 0, count: 1 },
      { member: true, limit: 0, count: MEMBERS },
    ]);
    await counted((tx) => world.projects.setProjectState(tx, 'large', 'active'));
    expect(await limits('large')).to.deep.equal([
      { member: false, limit: 40, count: 1 },
      { member: true, limit: 10, count: MEMBERS },
    ]);
  });

  it('of everybody for a new resource takes as many statements as for a few', async () => {
    const began = Date.now();
    await world.addResource('nimbus.ram', 1024n, 9n);
    expect(Date.now() - began).to.be.below(5_000);
    const ram = await world.holdings('nimbus.ram');
    expect(Object.keys(ram)).to.have.length(MEMBERS + 3);
  });

  it('goes in pieces where one would be too large, and leaves nobody out', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `orbit.${letter}`);
    await world.database.transact(async (tx) => {
      for (const name of names) await insertResource(tx, name, 2n, 1n);
      await world.projects.onResourcesRegistered(
        tx,
        names.map((name) => resourceDefaults(name, 2n, 1n)),
      );
    });
    const rows = await world.db.query(
      `select resource, count(*)::int, min("limit")::int, max("limit")::int from holdings
        where resource like 'orbit.%' and (holder = 'project:large' or source = 'project:large')
        group by 1 order by 1`,
    );
    expect(rows).to.deep.equal(
      names.map((resource) => ({ resource, count: MEMBERS + 1, min: 1, max: 1 })),
    );
  });

  it('of one accepted member reads and writes nothing of the others', async () => {
    await world.db.query(`update holdings set usage_max = 1 where source = 'project:large'`);
    await world.addUsers('newcomer');
    const before = await untouched();
    await counted((tx) =>
      world.projects.setMembershipState(tx, { project: 'large', user: 'newcomer' }, 'accepted'),
    );
    expect(await untouched()).to.equal(before);
  });

  it('follows whichever of two changes of one project came last', async () => {
    await world.declare({ uuid: 'busy', name: 'busy.org', owner: 'u0', members: [{ user: 'u1' }] });
    const pair = { projectCapacity: 30n as Quantity, memberCapacity: 3n as Quantity };
    const change = (tx: Tx) => world.projects.setCapacities(tx, 'busy', { 'nimbus.vm': pair });
    const suspend = (tx: Tx) => world.projects.setProjectState(tx, 'busy', 'suspended');
    await Promise.all([world.database.transact(change), world.database.transact(suspend)]);
    expect(await limits('busy')).to.deep.equal([
      { member: false, limit: 0, count: 1 },
      { member: true, limit: 0, count: 1 },
    ]);
    await world.database.transact((tx) => world.projects.setProjectState(tx, 'busy', 'active'));
    expect(await limits('busy')).to.deep.equal([
      { member: false, limit: 30, count: 1 },
      { member: true, limit: 3, count: 1 },
    ]);
  });

  it('happens once when several accept the same request', async () => {
    await world.declare({
      uuid: 'wanted',
      name: 'wanted.org',
      owner: 'u0',
      members: [{ user: 'u2', state: 'requested' }],
    });
    const membership = { project: 'wanted', user: 'u2' };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () =>
        world.database.transact((tx) =>
          world.projects.setMembershipState(tx, membership, 'accepted'),
        ),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).to.include({ kind: 'wrong-state' });
  });

  it('gives a name to one of several projects that are reinstated at once', async () => {
    const uuids = ['n1', 'n2', 'n3', 'n4'];
    for (const uuid of uuids)
      await world.declare({ uuid, name: 'same.org', owner: 'u0', state: 'terminated' });
    const outcomes = await Promise.allSettled(
      uuids.map((uuid) =>
        world.database.transact((tx) => world.projects.setProjectState(tx, uuid, 'active')),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).to.include({ kind: 'already-exists' });
  });

  async function untouched(): Promise<unknown> {
    const [row] = await world.db.query(
      `select md5(string_agg(xmin::text || id, ',' order by id)) as sum
         from holdings where source = 'project:large' and holder <> 'user:newcomer'`,
    );
    return row!['sum'];
  }
});
