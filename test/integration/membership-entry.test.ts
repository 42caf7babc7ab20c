// Goal: nobody enters a project whose account is being deactivated, and none more than there is room
// for, whoever comes first (projects specification, 12.4, 12.5 and 15; errata 14). Method: transactions
// on connections of their own; one is held open at the moment that decides while another one runs into
// it, in both orders.
import { expect } from 'chai';
import { Failure } from '../../src/kernel/failure.js';
import { parsed } from '../../src/kernel/parsed.js';
import type { UserPrincipal } from '../../src/kernel/principal.js';
import {
  createMemberships,
  type Memberships,
  type MembershipsDeps,
} from '../../src/projects/service/memberships.js';
import { eventually } from '../support/eventually.js';
import { createGate, createProjectsWorld, type ProjectsWorld } from './projects-world.js';

describe('entering a project', function () {
  this.timeout(30_000);

  let world: ProjectsWorld;
  let deps: MembershipsDeps;
  let memberships: Memberships;

  before(async () => {
    world = await createProjectsWorld();
    const { database, quotas, events, identity } = world;
    deps = {
      ...{ database, quotas, events, clock: { now: () => new Date() } },
      holdAccounts: (tx, selection) => identity.holdAccounts(tx, selection),
    };
    memberships = createMemberships(deps);
  });
  beforeEach(async () => {
    await world.reset();
    await world.acceptUsers('owner', 'u');
    await declare({ join_policy: 'auto', members: [{ user: 'u', state: 'requested' }] });
  });
  after(() => world.close());

  const declare = (fields: object) =>
    world.declare({
      ...{ uuid: 'p', name: 'p.org', owner: 'owner' },
      resources: { 'nimbus.vm': { project_capacity: 40n, member_capacity: 10n } },
      ...fields,
    });

  const idOf = async (user: string) => {
    const [row] = await world.db.query<{ id: string }>(
      `select m.id from project_memberships m join projects p on p.id = m.project_id
        where m.user_uuid = $1 and p.uuid = 'p'`,
      [user],
    );
    return BigInt(row?.id ?? 0);
  };

  /** The three ways in, each with how it is refused to an account that is not active. */
  const WAYS: Readonly<
    Record<string, readonly [enter: (by: Memberships) => Promise<unknown>, refusal: string]>
  > = {
    'a request that is accepted': [
      async (by) =>
        by.act(principal('owner'), parsed({ id: await idOf('u'), action: 'accept', reason: null })),
      'User account is not active.',
    ],
    'an enrollment': [
      (by) =>
        by.create(
          principal('owner'),
          parsed({ how: 'enroll', project: 'p', account: { by: 'email', value: 'u@example.org' } }),
        ),
      'User account is not active.',
    ],
    'joining at once': [
      async (by) => {
        await declare({ members: [{ user: 'u', state: 'cancelled' }] });
        return by.create(principal('u'), parsed({ how: 'join', project: 'p' }));
      },
      'User inactive',
    ],
  };

  for (const [way, [enter, refusal]] of Object.entries(WAYS)) {
    it(`by ${way} waits for a deactivation that has begun, and is refused then [12.4, 12.5]`, async () => {
      const gate = createGate();
      const written = createGate();
      const deactivation = world.database.transact(async (tx) => {
        await tx.query({ text: `update users set active = false where uuid = 'u'` });
        written.open();
        await gate.opened;
        await world.projects.onUserActivityChanged(tx, [{ uuid: 'u', active: false }]);
      });
      await written.opened;
      const entering = outcomeOf(enter(memberships));
      await eventually(() => waiting(1));
      gate.open();
      await deactivation;
      expect(await entering).to.equal(refusal);
      expect(await limit('u')).to.equal(undefined);
    });

    it(`by ${way} is found by a deactivation that comes meanwhile [12.4, 12.5]`, async () => {
      const gate = createGate();
      const held = createGate();
      const slow = createMemberships({
        ...deps,
        holdAccounts: async (tx, selection) => {
          const accounts = await deps.holdAccounts(tx, selection);
          held.open();
          await gate.opened;
          return accounts;
        },
      });
      const entering = outcomeOf(enter(slow));
      await held.opened;
      const deactivation = world.database.transact(async (tx) => {
        await tx.query({ text: `update users set active = false where uuid = 'u'` });
        await world.projects.onUserActivityChanged(tx, [{ uuid: 'u', active: false }]);
      });
      await eventually(() => waiting(1));
      gate.open();
      expect(await entering).to.equal('done');
      await deactivation;
      const [row] = await world.db.query(
        `select state, suspension_reason from project_memberships where id = $1`,
        [String(await idOf('u'))],
      );
      expect(row).to.deep.equal({ state: 'suspended', suspension_reason: 'user_deactivation' });
      expect(await limit('u')).to.equal(0n);
    });
  }

  it('at once lets in exactly as many as may be, of fifty who come together [51]', async () => {
    const users = Array.from({ length: 50 }, (_, index) => `m-${index}`);
    await world.acceptUsers(...users);
    await declare({ max_members: 10 });
    const outcomes = await Promise.all(
      users.map((user) =>
        outcomeOf(memberships.create(principal(user), parsed({ how: 'join', project: 'p' }))),
      ),
    );
    expect(new Set(outcomes)).to.deep.equal(new Set(['done']));
    const states = await world.db.query<{ state: string; count: string }>(
      `select state, count(*) from project_memberships where user_uuid like 'm-%'
          and project_id = (select id from projects where uuid = 'p') group by state order by state`,
    );
    expect(states).to.deep.equal([
      { state: 'accepted', count: '10' },
      { state: 'requested', count: '40' },
    ]);
    const holdings = Object.keys(await world.holdings('nimbus.vm'));
    expect(holdings.filter((key) => /^user:m-\d+ project:p$/.test(key))).to.have.length(10);
  });

  it('has one last place, however many are accepted and enrolled at once [15]', async () => {
    const users = Array.from({ length: 8 }, (_, index) => `m-${index}`);
    await world.acceptUsers(...users);
    await declare({
      join_policy: 'moderated',
      max_members: 1,
      members: users.slice(4).map((user) => ({ user, state: 'requested' })),
    });
    const ids = await Promise.all(users.map(idOf));
    const outcomes = await Promise.all(
      users.map((value, index) =>
        outcomeOf(
          index < 4
            ? memberships.create(
                principal('owner'),
                parsed({ how: 'enroll', project: 'p', account: { by: 'uuid', value } }),
              )
            : memberships.act(
                principal('owner'),
                parsed({ id: ids[index] ?? 0n, action: 'accept', reason: null }),
              ),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).to.have.length(1);
    expect(new Set(outcomes)).to.deep.equal(
      new Set(['done', 'You have reached the maximum number of members for this Project.']),
    );
  });

  it('looks for nobody by a uuid or address that cannot be', async () => {
    for (const by of ['email', 'uuid'] as const)
      for (const value of ['', '\0', '\ud800', 'nobody', 'U@EXAMPLE.ORG']) {
        const command = { how: 'enroll', project: 'p', account: { by, value } } as const;
        const refusal = await outcomeOf(memberships.create(principal('owner'), parsed(command)));
        expect(refusal).to.equal(`Unknown users: ${value}`);
      }
  });

  /** Whether so many transactions wait for a lock. */
  async function waiting(count: number): Promise<boolean> {
    const [row] = await world.db.query<{ n: string }>(
      `select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return Number(row?.n) >= count;
  }

  /** The limit of a member in the project; undefined when there is none. */
  async function limit(user: string): Promise<bigint | undefined> {
    return (await world.holdings('nimbus.vm'))[`user:${user} project:p`]?.[0];
  }
});

function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof Failure) return error.message;
      throw error;
    },
  );
}

function principal(uuid: string): UserPrincipal {
  return {
    ...{ kind: 'user', id: 0n, uuid, username: uuid, email: `${uuid}@example.org` },
    ...{ projectAdmin: false, staff: false, tokenExpiresAt: null },
    scope: { project: null, roles: [] },
  };
}
