// Goal: operators see projects, decide about them and change limits at the command line, and learn from
// exit code and output what became of it (projects specification, 5, 7.7, 8, 13 and 14). Method: the
// command in processes of its own, on a database that a server uses, too.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { parse } from 'lossless-json';
import { apportion, type CommandOutcome } from '../support/command.js';
import { connectGrpc, type GrpcClient } from '../support/grpc-client.js';
import { createPeople, type Person } from '../support/people.js';
import { PROJECTS_WORLD } from '../support/projects.js';
import { startStack, type Stack } from '../support/stack.js';

type Row = Readonly<Record<string, unknown>>;

const UNLIMITED = 2n ** 63n - 1n;
const END = new Date('2113-05-05T20:20:20Z');

describe('apportion project', function () {
  this.timeout(60_000);

  let stack: Stack;
  let client: GrpcClient;
  let owner: Person;

  before(async () => {
    // The server lives in a year in which nothing has expired: it leaves that to the command.
    stack = await startStack({ envoy: false, clock: { now: () => new Date('2019-06-01') } });
    await stack.apply(PROJECTS_WORLD.replace('system_default: 3', 'system_default: 1000'));
    client = connectGrpc(stack.addresses[0]!);
    [owner] = (await createPeople(stack, 1)) as [Person];
  });
  after(async () => {
    client.close();
    await stack.stop();
  });

  const run = (...args: string[]) =>
    apportion(args, { settings: { DATABASE_URL: stack.database.url } });
  const project = (...args: string[]) => run('project', ...args);

  /** Returns the JSON of a command that must succeed; every integer is a bigint. */
  async function json<T = Row>(...args: string[]): Promise<T> {
    const outcome = await project(...args, '--json');
    expect(outcome.code, outcome.stderr).to.equal(0);
    return parse(outcome.stdout, undefined, BigInt) as T;
  }

  /** Runs a command that must succeed, and returns what it says. */
  async function said(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await project(...args);
    expect(code, stderr).to.equal(0);
    return stdout;
  }

  const nameOf = (id: string) => `p-${id}.test`;

  /** Applies for a project. */
  async function submitted(name = nameOf(randomUUID())) {
    const created = await client.projects.createProject(
      {
        name,
        endDate: END,
        comments: 'please',
        resources: { r11: { projectCapacity: 40n, memberCapacity: 4n } },
      },
      owner,
    );
    return { id: created.id, application: String(created.application), name };
  }

  async function active() {
    const applied = await submitted();
    await stack.operations.projects.operating.answer(BigInt(applied.application), 'approve');
    return applied;
  }

  const found = (id: string) => stack.operations.projects.operating.show(id);
  const stateOf = async (id: string) => (await found(id)).view.state;
  const expectFailure = ({ code, stdout, stderr }: CommandOutcome, message: string) => {
    expect([code, stdout, stderr]).to.deep.equal([1, '', `apportion: ${message}\n`]);
  };

  /** The newest event about something. */
  async function eventAbout(subject: string): Promise<Row> {
    const [row] = await stack.database.query<Row>(
      `select type, recipients, facts from events where subject = $1 order by id desc limit 1`,
      [subject],
    );
    if (row === undefined) throw new Error(`Nothing happened to ${subject}`);
    return row;
  }

  describe('list', () => {
    it('shows projects with their applications, and only those asked for', async () => {
      const waiting = await submitted();
      const running = await active();
      const listed = await said('list');
      expect(listed).to.match(/^ID +NAME +STATE +OWNER +CREATED +ENDS +APPLICATION\n/);
      const line = listed.split('\n').find((each) => each.startsWith(waiting.id));
      const cells = line?.split(/ {2,}/) ?? [];
      expect(cells.filter((_cell, index) => index !== 4)).to.deep.equal([
        ...[waiting.id, waiting.name, 'uninitialized', owner.uuid, '2113-05-05T20:20:20Z'],
        `${waiting.application} pending`,
      ]);
      const ids = async (...args: string[]) =>
        (await json<Row[]>('list', ...args)).map(({ id }) => id);
      expect(await ids('--pending'))
        .to.include(waiting.id)
        .and.not.include(running.id);
      expect(await ids('--state', 'active'))
        .to.include(running.id)
        .and.not.include(waiting.id);
      expect(await ids('--name', running.name)).to.deep.equal([running.id]);
      expect(await ids('--owner', owner.uuid)).to.include.members([waiting.id, running.id]);
      expect(await ids('--owner', 'nobody')).to.deep.equal([]);
      expect(await ids()).to.not.include(owner.uuid);
      expect(await ids('--system')).to.include(owner.uuid);
    });

    it('prints all there is to a row as JSON', async () => {
      const { id, application, name } = await submitted();
      const [{ creation_date: created, ...row }] = (await json<Row[]>('list', '--name', name)) as [
        Row,
      ];
      expect(created).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(row).to.deep.equal({
        ...{ id, name, state: 'uninitialized', owner: owner.uuid },
        ...{ end_date: '2113-05-05T20:20:20Z', deactivation_date: null, system_project: false },
        last_application: { id: BigInt(application), state: 'pending', applicant: owner.uuid },
      });
    });

    it('refuses a state that there is not', async () => {
      const { code, stderr } = await project('list', '--state', 'nonex');
      expect(code).to.equal(1);
      expect(stderr).to.contain('Allowed choices are uninitialized, active');
    });
  });

  describe('show', () => {
    it('tells everything: capacities of hidden resources, applications, log', async () => {
      const { id, application, name } = await active();
      await said('suspend', id, '--reason', 'end of trial');
      const shown = await json('show', name);
      expect(shown).to.include({
        ...{ id, name, state: 'suspended', owner: owner.uuid, members: 0n },
        ...{ max_members: UNLIMITED, join_policy: 'moderated', private: false },
      });
      expect(shown['resources']).to.deep.equal({
        'astakos.pending_app': { project_capacity: UNLIMITED, member_capacity: UNLIMITED },
        r11: { project_capacity: 40n, member_capacity: 4n },
        r12: { project_capacity: 9n, member_capacity: 9n },
        r13: { project_capacity: 11n, member_capacity: 11n },
      });
      expect((shown['applications'] as Row[])[0]).to.include({
        ...{ id: BigInt(application), state: 'approved', applicant: owner.uuid },
        ...{ comments: 'please', response: null, response_actor: null },
      });
      expect((shown['log'] as Row[]).map(({ date: _date, ...entry }) => entry)).to.deep.equal([
        { from: 'uninitialized', to: 'active', actor: null, reason: null },
        { from: 'active', to: 'suspended', actor: null, reason: 'end of trial' },
      ]);
    });

    it('is readable', async () => {
      const { id, application } = await active();
      const shown = await said('show', id);
      expect(shown).to.match(new RegExp(`^id: +${id}\nname: +p-`));
      expect(shown).to.match(/\nmembers: +0 of unlimited\n/);
      expect(shown).to.match(/\nCapacities\nRESOURCE +PROJECT +MEMBER\n/);
      expect(shown).to.match(/\nr11 +40 +4\n/);
      expect(shown).to.match(new RegExp(`\n${application} +approved .+ r11=40/4 +please +-\n`));
      expect(shown).to.match(/uninitialized +active +- +-\n$/);
    });

    it('does not know what there is not', async () => {
      expectFailure(await project('show', 'nope'), 'There is no project identified by nope.');
    });
  });

  describe('approve and deny', () => {
    it('answer an application; whoever applied is told, and nobody is named', async () => {
      const { id, application, name } = await submitted();
      expect(await said('approve', application, '--reason', 'well done')).to.equal(
        `approved: application ${application} of project ${id}\n`,
      );
      expect(await stateOf(id)).to.equal('active');
      expect(await eventAbout(application)).to.deep.equal({
        type: 'project.application.approved',
        recipients: [owner.uuid, 'project_notification'],
        facts: {
          ...{ project: id, project_name: name, applicant: owner.uuid },
          ...{ reason: 'well done', previous_state: 'uninitialized' },
        },
      });
      const denied = await submitted();
      expect(await json('deny', denied.application, '--reason', 'too large')).to.deep.equal({
        ...{ project: denied.id, application: BigInt(denied.application), action: 'deny' },
      });
      const [answered] = (await found(denied.id)).applications;
      expect(answered).to.include({ state: 'denied', response: 'too large' });
    });

    it('refuse what cannot be answered any more, and what there is not', async () => {
      const { application } = await active();
      expectFailure(
        await project('deny', application),
        `Cannot deny application ${application} in state 'Approved'`,
      );
      expectFailure(
        await project('approve', '999999'),
        'There is no project application identified by 999999.',
      );
      expectFailure(
        await project('approve', '9999999999999999999'),
        'There is no project application identified by 9999999999999999999.',
      );
    });

    it('refuse a name that another project has', async () => {
      const first = await active();
      const second = await submitted(first.name);
      expectFailure(
        await project('approve', second.application),
        `cannot approve: project with name '${first.name}' already exists (id: ${first.id})`,
      );
    });
  });

  describe('suspend, unsuspend, terminate and reinstate', () => {
    it('move a project; its owner is told, with the reason', async () => {
      const { id, name } = await active();
      const steps: [string, string, string, string, string][] = [
        ['suspend', name, 'suspended', 'project.suspended', `suspended: project ${id}\n`],
        ['unsuspend', name, 'active', 'project.unsuspended', `active again: project ${id}\n`],
        ['terminate', name, 'terminated', 'project.terminated', `terminated: project ${id}\n`],
        ['reinstate', id, 'active', 'project.reinstated', `active again: project ${id}\n`],
      ];
      for (const [action, named, state, type, line] of steps) {
        expect(await said(action, named, '--reason', `because of ${action}`)).to.equal(line);
        expect(await stateOf(id)).to.equal(state);
        expect(await eventAbout(id)).to.deep.equal({
          ...{ type, recipients: [owner.uuid] },
          facts: { project: id, project_name: name, reason: `because of ${action}` },
        });
      }
    });

    it('refuse states that they do not lead from', async () => {
      const { id } = await active();
      expectFailure(await project('unsuspend', id), `Project ${id} is not suspended.`);
      expectFailure(await project('reinstate', id), `Project ${id} is not terminated.`);
      expectFailure(
        await project('terminate', owner.uuid),
        `Cannot terminate: ${owner.uuid} is a system project.`,
      );
      expectFailure(await project('suspend', 'gone'), 'There is no project identified by gone.');
    });

    it('refuse a reason that is too long', async () => {
      const { id } = await active();
      expectFailure(
        await project('suspend', id, '--reason', 'x'.repeat(4097)),
        `'reason' value exceeds max length 4096`,
      );
      expect(await stateOf(id)).to.equal('active');
    });
  });

  describe('terminate --expired', () => {
    const expire = (id: string) =>
      stack.database.query(`update projects set end_date = '2020-01-01' where uuid = $1`, [id]);

    it('lists expired projects in a dry run, and ends them otherwise', async () => {
      const [first, second] = [await active(), await active()];
      await expire(first.id);
      const dry = await project('terminate', '--expired', '--dry-run', '--json');
      expect(parse(dry.stdout)).to.deep.equal([
        {
          ...{ id: first.id, name: first.name, state: 'active', owner: owner.uuid },
          end_date: '2020-01-01T00:00:00Z',
        },
      ]);
      expect(dry.stderr).to.equal('Dry run, nothing was changed: 1 expired\n');
      expect(await stateOf(first.id)).to.equal('active');
      const done = await project('terminate', '--expired');
      expect([done.code, done.stdout, done.stderr]).to.deep.equal([
        0,
        `terminated: project ${first.id} (${first.name})\n`,
        '1 terminated, 0 failed\n',
      ]);
      expect([await stateOf(first.id), await stateOf(second.id)]).to.deep.equal([
        'terminated',
        'active',
      ]);
      const { log } = await found(first.id);
      expect(log.at(-1)).to.include({ reason: 'Expired on 2020-01-01T00:00:00Z' });
      expect(await json('terminate', '--expired')).to.deep.equal([]);
    });

    it('ends the others when one cannot be ended, and exits with 1', async () => {
      const [stuck, other] = [await active(), await active()];
      for (const { id } of [stuck, other]) await expire(id);
      await stack.database.query(`
        create function refuse() returns trigger language plpgsql as
          $$ begin raise exception 'refused on purpose'; end $$;
        create trigger refuse before update on projects for each row
          when (old.uuid = '${stuck.id}' and new.state = 'terminated') execute function refuse()`);
      try {
        const { code, stdout, stderr } = await project('terminate', '--expired');
        expect([code, stdout]).to.deep.equal([
          1,
          `terminated: project ${other.id} (${other.name})\n`,
        ]);
        expect(stderr).to.match(/refused on purpose\n1 terminated, 1 failed\n$/);
      } finally {
        await stack.database.query('drop function refuse cascade');
      }
      expect((await project('terminate', '--expired')).code).to.equal(0);
    });

    it('does not go with a project, nor without anything', async () => {
      expectFailure(await project('terminate'), 'Say which project, or --expired');
      expectFailure(
        await project('terminate', 'p', '--expired'),
        'Say which project, or --expired',
      );
      expectFailure(await project('terminate', 'p', '--dry-run'), '--dry-run is for --expired');
    });
  });

  describe('modify-limits', () => {
    it('sets capacities, of hidden resources, too, and limits follow', async () => {
      const { id, name } = await active();
      expect(await said('modify-limits', name, 'r11=50/5', 'r13=unlimited/0')).to.equal(
        `changed: r11 of project ${id}: 50 in all, 5 for each member\n` +
          `changed: r13 of project ${id}: unlimited in all, 0 for each member\n`,
      );
      const { resources } = (await found(id)).view;
      const pairs = [...resources].map(([resource, { projectCapacity, memberCapacity }]) => [
        ...[resource, projectCapacity, memberCapacity],
      ]);
      expect(pairs).to.deep.equal([
        ['astakos.pending_app', UNLIMITED, UNLIMITED],
        ['r11', 50n, 5n],
        ['r12', 9n, 9n],
        ['r13', UNLIMITED, 0n],
      ]);
      const limits = await stack.database.query(
        `select resource, "limit" from holdings where holder = $1 and resource in ('r11', 'r13')
          order by resource`,
        [`project:${id}`],
      );
      expect(limits).to.deep.equal([
        { resource: 'r11', limit: '50' },
        { resource: 'r13', limit: String(UNLIMITED) },
      ]);
    });

    it('changes what a user may have pending, in his system project', async () => {
      const [person] = (await createPeople(stack, 1)) as [Person];
      expect(await json('modify-limits', person.uuid, 'astakos.pending_app=1/1')).to.deep.equal({
        project: person.uuid,
        resources: { 'astakos.pending_app': { project_capacity: 1n, member_capacity: 1n } },
      });
      const apply = () =>
        client.projects.createProject({ name: nameOf(randomUUID()), endDate: END }, person);
      await apply();
      const refused = await apply().catch((error: unknown) => error);
      expect(refused).to.have.property('details').that.contains('maximum number of pending');
    });

    it('refuses what is no capacity, and changes nothing then', async () => {
      const { id } = await active();
      const waiting = await submitted();
      expectFailure(
        await project('modify-limits', id, 'r11=1/1', 'nope=1/1'),
        'Inexistent resource nope',
      );
      expectFailure(
        await project('modify-limits', id, 'r11=1/2'),
        "Project quota limit is less than member limit for resource 'r11'",
      );
      expectFailure(
        await project('modify-limits', waiting.id, 'r11=1/1'),
        `Project ${waiting.id} is not initialized.`,
      );
      const { projectCapacity, memberCapacity } = (await found(id)).view.resources.get('r11')!;
      expect([projectCapacity, memberCapacity]).to.deep.equal([40n, 4n]);
    });
  });
});
