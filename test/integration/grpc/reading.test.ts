// Goal: limits and usage are shown with generated stubs as the proto promises, page by page.
// Method: every RPC of QuotasService and ResourcesService at a server and through Envoy, on users with
// projects of their own; long lists are rows put into the table of holdings.
import { expect } from 'chai';
import type { UserQuota } from '../../../src/gen/apportion/quotas/v1/quotas.js';
import { LARGEST_PAGE, pageTokenAfter } from '../../../src/kernel/page.js';
import { describeBothWays } from '../../support/both-ways.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../../support/grpc-client.js';
import {
  createPeople,
  createPerson,
  createProject,
  pairOf,
  type Person,
} from '../../support/people.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const ORBIT = { token: 'orbit-token' };
const UNLIMITED = 9223372036854775807n;

describe('reading quotas over gRPC', () => {
  let stack: Stack;

  before(async () => {
    stack = await startWorld();
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client) => {
      let user: Person;

      beforeEach(async () => {
        user = await createPerson(stack);
      });

      describe('ListResources', () => {
        it('lists what the API shows, by name, to callers without a token', async () => {
          const { resources, nextPageToken } = await client().resources.listResources({});
          expect(nextPageToken).to.equal('');
          expect(resources).to.deep.equal([
            {
              ...{ name: 'nimbus.ram', service: 'nimbus_compute', unit: 'bytes' },
              ...{ description: 'Machine memory', uiVisible: true, apiVisible: true },
              allowInProjects: true,
            },
            {
              ...{ name: 'nimbus.vm', service: 'nimbus_compute', unit: undefined },
              ...{ description: 'Running machines', uiVisible: true, apiVisible: true },
              allowInProjects: true,
            },
            {
              ...{ name: 'orbit.disk', service: 'orbit_store', unit: 'bytes' },
              ...{ description: undefined, uiVisible: false, apiVisible: true },
              allowInProjects: false,
            },
          ]);
        });

        it('comes in pages', async () => {
          const names: string[] = [];
          let pageToken = '';
          do {
            const page = await client().resources.listResources({ pageSize: 2, pageToken });
            expect(page.resources.length).to.be.at.most(2);
            names.push(...page.resources.map(({ name }) => name));
            pageToken = page.nextPageToken;
          } while (pageToken !== '');
          expect(names).to.deep.equal(['nimbus.ram', 'nimbus.vm', 'orbit.disk']);
        });
      });

      describe('ListQuotas', () => {
        it('lists all visible resources against the base project, by project and resource', async () => {
          const { quotas } = await client().quotas.listQuotas({}, { token: user.token });
          expect(quotas.map(({ projectQuota }) => projectQuota?.resource)).to.deep.equal([
            'nimbus.ram',
            'nimbus.vm',
            'orbit.disk',
          ]);
          expect(quotas[1]).to.deep.equal({
            ...{ user: user.uuid, limit: 100n, usage: 0n, pending: 0n, effectiveLimit: 100n },
            projectQuota: {
              ...{ project: user.uuid, resource: 'nimbus.vm' },
              ...{ projectLimit: 100n, projectUsage: 0n, projectPending: 0n },
            },
          });
        });

        it('counts what is pending into usage, and shows how much it is', async () => {
          const issue = (quantity: bigint, autoAccept: boolean) =>
            client().commissions.issueCommission(
              { provisions: pairOf(user, 'nimbus.vm', quantity), autoAccept },
              NIMBUS,
            );
          await issue(4n, true);
          await issue(3n, false);
          await issue(-2n, false);
          const { quotas } = await client().quotas.listQuotas({}, { token: user.token });
          expect(quotas[1]).to.deep.include({ usage: 7n, pending: 5n });
          expect(quotas[1]?.projectQuota).to.include({ projectUsage: 7n, projectPending: 5n });
        });

        it('tells the limit that binds, negative when others took too much', async () => {
          const other = await createPerson(stack);
          const project = await createProject(stack, other, [user, other], {
            'nimbus.vm': { project_capacity: 10, member_capacity: 6 },
          });
          const effective = async () => {
            const { quotas } = await client().quotas.listQuotas({}, { token: user.token });
            return quotas.find(
              ({ projectQuota }) =>
                projectQuota?.project === project && projectQuota.resource === 'nimbus.vm',
            )?.effectiveLimit;
          };
          const charge = (quantity: bigint) =>
            client().commissions.issueCommission(
              { provisions: pairOf(other, 'nimbus.vm', quantity, project), force: true },
              NIMBUS,
            );
          expect(await effective()).to.equal(6n);
          await charge(7n);
          expect(await effective()).to.equal(3n);
          await charge(10n);
          expect(await effective()).to.equal(-7n);
        });

        it('shows nothing of others', async () => {
          const { quotas } = await client().quotas.listQuotas({}, { token: user.token });
          expect(new Set(quotas.map((quota) => quota.user))).to.deep.equal(new Set([user.uuid]));
        });

        it('is empty for a user without any membership', async () => {
          await stack.operations.database.transact(async (tx) => {
            const membership = { project: user.uuid, user: user.uuid };
            await stack.operations.projects.setMembershipState(tx, membership, 'removed');
          });
          const { quotas } = await client().quotas.listQuotas({}, { token: user.token });
          expect(quotas).to.deep.equal([]);
        });
      });

      describe('ListServiceQuotas', () => {
        const list = (request: object, caller = NIMBUS) =>
          client().quotas.listServiceQuotas(request, caller);

        it("lists the caller's resources only, hidden ones included", async () => {
          const { quotas } = await list({ users: [user.uuid] });
          expect(quotas.map(({ projectQuota }) => projectQuota?.resource)).to.deep.equal([
            'nimbus.ram',
            'nimbus.total_ram',
            'nimbus.vm',
          ]);
          const others = await list({ users: [user.uuid] }, ORBIT);
          expect(others.quotas.map((quota) => [quota.limit, quota.effectiveLimit])).to.deep.equal([
            [3n, 3n],
          ]);
        });

        it('takes several users in any order and ignores unknown ones', async () => {
          const others = await createPeople(stack, 2);
          const users = [...others, user].map(({ uuid }) => uuid);
          const { quotas } = await list({ users: ['nobody', ...users, 'nul\0'] });
          expect(quotas).to.have.length(9);
          expect(quotas.map((quota) => quota.user)).to.deep.equal(
            [...users].sort().flatMap((uuid) => [uuid, uuid, uuid]),
          );
        });

        it('does not find users when none matches, also one with impossible characters', async () => {
          for (const request of [
            { users: ['nobody'] },
            { users: [''] },
            { users: ['nul\0'] },
            { users: [user.uuid], projects: ['nobody'] },
          ]) {
            const failure = await grpcFailure(list(request));
            expect(failure).to.include({ code: 'NOT_FOUND', reason: 'NOT_FOUND' });
            expect(failure.facts).to.include({ kind: 'user' });
          }
          const { facts } = await grpcFailure(list({ users: ['nobody', 'none'] }));
          expect(facts).to.deep.equal({ kind: 'user', id: 'nobody,none' });
        });

        it('answers although nobody could be told all the users that were not found', async () => {
          const users = Array.from({ length: 3000 }, (_, index) => `nobody-${index}`.padEnd(36));
          const failure = await grpcFailure(list({ users }));
          expect(failure).to.include({ code: 'NOT_FOUND', reason: 'NOT_FOUND' });
        });

        it('finds nothing, without complaint, against unknown projects alone', async () => {
          expect((await list({ projects: ['nobody'] })).quotas).to.deep.equal([]);
        });

        it('keeps showing projects a user has left, with limit 0 and the usage that stayed', async () => {
          const owner = await createPerson(stack);
          const project = await createProject(stack, owner, [user], {
            'nimbus.vm': { project_capacity: 10, member_capacity: 6 },
          });
          const provisions = pairOf(user, 'nimbus.vm', 2n, project);
          await client().commissions.issueCommission({ provisions, autoAccept: true }, NIMBUS);
          await stack.operations.database.transact(async (tx) => {
            const membership = { project, user: user.uuid };
            await stack.operations.projects.setMembershipState(tx, membership, 'removed');
          });
          const { quotas } = await list({ users: [user.uuid], projects: [project] });
          const vm = quotas.find(({ projectQuota }) => projectQuota?.resource === 'nimbus.vm');
          expect(vm).to.include({ limit: 0n, usage: 2n });
          expect(vm?.projectQuota).to.include({ projectLimit: 10n, projectUsage: 2n });
        });

        it('comes in pages that add up to the whole list', async () => {
          const people = await createPeople(stack, 3);
          const users = people.map(({ uuid }) => uuid);
          const whole = (await list({ users })).quotas;
          const collected: UserQuota[] = [];
          let pageToken = '';
          do {
            const page = await list({ users, pageSize: 2, pageToken });
            expect(page.quotas.length).to.be.at.most(2);
            collected.push(...page.quotas);
            pageToken = page.nextPageToken;
          } while (pageToken !== '');
          expect(whole).to.have.length(9);
          expect(collected).to.deep.equal(whole);
        });
      });

      describe('ListServiceProjectQuotas', () => {
        const list = (request: object, caller = NIMBUS) =>
          client().quotas.listServiceProjectQuotas(request, caller);

        it('lists projects with their own counters, by project and resource', async () => {
          const project = await createProject(stack, user, [], {
            'nimbus.vm': { project_capacity: 20, member_capacity: 5 },
          });
          const projects = [project, user.uuid];
          const { quotas } = await list({ projects: [...projects, 'nobody'] });
          expect(quotas.map((quota) => [quota.project, quota.resource])).to.deep.equal(
            [...projects]
              .sort()
              .flatMap((id) =>
                ['nimbus.ram', 'nimbus.total_ram', 'nimbus.vm'].map((name) => [id, name]),
              ),
          );
          const vm = quotas.find((one) => one.project === project && one.resource === 'nimbus.vm');
          expect(vm).to.deep.include({ projectLimit: 20n, projectUsage: 0n, projectPending: 0n });
          const hidden = quotas.find((one) => one.resource === 'nimbus.total_ram');
          expect([0n, 2048n, UNLIMITED]).to.include(hidden?.projectLimit);
        });

        it('does not find projects when none matches', async () => {
          const failure = await grpcFailure(list({ projects: ['nobody'] }));
          expect(failure).to.include({ code: 'NOT_FOUND', reason: 'NOT_FOUND' });
          expect(failure.facts).to.include({ kind: 'project', id: 'nobody' });
        });

        it('shows suspended projects with limit 0', async () => {
          const project = await createProject(stack, user, [], {
            'nimbus.vm': { project_capacity: 20, member_capacity: 5 },
          });
          await stack.operations.database.transact((tx) =>
            stack.operations.projects.setProjectState(tx, project, 'suspended'),
          );
          const { quotas } = await list({ projects: [project] });
          expect(quotas.map(({ projectLimit }) => projectLimit)).to.deep.equal([0n, 0n, 0n]);
        });
      });
    },
  );

  describe('pages', () => {
    let client: GrpcClient;
    let user: Person;

    before(async () => {
      client = connectGrpc(stack.addresses[0] ?? '');
      user = await createPerson(stack);
    });
    after(() => {
      client.close();
    });

    const lists: Record<
      string,
      (page: { pageSize?: number; pageToken?: string }) => Promise<unknown>
    > = {
      ListResources: (page) => client.resources.listResources(page),
      ListQuotas: (page) => client.quotas.listQuotas(page, { token: user.token }),
      ListServiceQuotas: (page) => client.quotas.listServiceQuotas(page, NIMBUS),
      ListServiceProjectQuotas: (page) => client.quotas.listServiceProjectQuotas(page, NIMBUS),
      ListCommissions: (page) => client.commissions.listCommissions(page, NIMBUS),
    };

    for (const [name, list] of Object.entries(lists)) {
      it(`of ${name} have no negative size and no forged token`, async () => {
        const forged = [
          'forged',
          pageTokenAfter([]),
          pageTokenAfter(['a', 'b', 'c', 'd']),
          pageTokenAfter(['nul\0', 'nul\0', 'nul\0']),
          pageTokenAfter(['nul\0', 'nul\0']),
          pageTokenAfter(['nul\0']),
        ];
        for (const request of [{ pageSize: -1 }, ...forged.map((pageToken) => ({ pageToken }))]) {
          const failure = await grpcFailure(list(request));
          expect(failure, JSON.stringify(request)).to.include({
            code: 'INVALID_ARGUMENT',
            reason: 'INVALID_REQUEST',
          });
        }
      });
    }

    it('of ListCommissions believe no serial that cannot be one', async () => {
      for (const serial of ['abc', '-1', '1.5', '9223372036854775808', '9'.repeat(30), '']) {
        const pageToken = pageTokenAfter([serial]);
        const failure = await grpcFailure(lists['ListCommissions']!({ pageToken }));
        expect(failure, serial).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
      }
    });

    it('of ListCommissions add up to all pending ones, ascending', async () => {
      const issued: bigint[] = [];
      for (let count = 0; count < 5; count += 1)
        issued.push((await client.commissions.issueCommission({}, ORBIT)).serial);
      const found: bigint[] = [];
      let pageToken = '';
      do {
        const page = await client.commissions.listCommissions({ pageSize: 2, pageToken }, ORBIT);
        expect(page.serials.length).to.be.at.most(2);
        found.push(...page.serials);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(found).to.deep.equal(issued);
      await client.commissions.resolveCommissions({ reject: issued }, ORBIT);
      expect((await client.commissions.listCommissions({}, ORBIT)).serials).to.deep.equal([]);
    });
  });

  it(`gives at most ${LARGEST_PAGE} entries, which a client's default limit of 4 MiB lets in`, async () => {
    await stack.database.query(
      `insert into holdings (holder, source, resource, "limit")
       select 'user:' || gen_random_uuid(), 'project:' || gen_random_uuid(), 'orbit.disk', $2
         from generate_series(1, $1::int)`,
      [LARGEST_PAGE + 5, UNLIMITED],
    );
    const client = connectGrpc(stack.edge, { maxAnswerBytes: 4 * 1024 * 1024 });
    try {
      const users = new Set<string>();
      let pages = 0;
      let pageToken = '';
      do {
        const page = await client.quotas.listServiceQuotas(
          { pageSize: 2 ** 31 - 1, pageToken },
          ORBIT,
        );
        if (pages === 0) expect(page.quotas).to.have.length(LARGEST_PAGE);
        for (const quota of page.quotas) users.add(quota.user);
        pages += 1;
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(pages).to.equal(2);
      expect(users.size).to.be.greaterThan(LARGEST_PAGE + 4);
    } finally {
      client.close();
    }
  });
});
