/**
 * Goal: a reader gets what it asks for in pages that fit, and events are kept as long as they should be.
 * Method: events recorded beforehand, read over gRPC; the sweep run by hand on a clock of the test's own.
 */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { connectGrpc, grpcFailure } from '../support/grpc-client.js';
import {
  event,
  type EventsWorld,
  KEPT_DAYS,
  NIMBUS,
  startEventsWorld,
  subjectsOf,
} from './events-world.js';

describe('reading events', () => {
  let world: EventsWorld;

  before(async () => {
    world = await startEventsWorld();
  });
  beforeEach(() => world.reset());
  after(() => world.close());

  describe('pages', () => {
    const SUBJECTS = ['a', 'b', 'c', 'd', 'e'];

    it('are as large as asked for, and say whether there is more', async () => {
      await world.record(...SUBJECTS.map((subject) => event(subject)));
      const first = await world.list({ pageSize: 2 });
      expect([subjectsOf(first), first.more]).to.deep.equal([['a', 'b'], true]);
      const second = await world.list({ pageSize: 3, resumeToken: first.resumeToken });
      expect([subjectsOf(second), second.more]).to.deep.equal([['c', 'd', 'e'], false]);
    });

    it('hold at most 1,000 events', async () => {
      await world.record(...Array.from({ length: 1_003 }, (_, index) => event(String(index))));
      for (const pageSize of [0, 5_000]) {
        const page = await world.list({ pageSize });
        expect([page.events.length, page.more]).to.deep.equal([1_000, true]);
        expect((await world.list({ resumeToken: page.resumeToken })).events).to.have.length(3);
      }
    });

    it('stay below what a client takes by default, and lose nothing for it', async () => {
      const large = { text: 'ü'.repeat(400_000) };
      const wanted = SUBJECTS.concat(SUBJECTS);
      for (const subject of wanted) await world.record({ ...event(subject), facts: large });
      const usual = connectGrpc(world.stack.addresses[0]!, { maxAnswerBytes: 4_194_304 });
      try {
        const found: string[] = [];
        let resumeToken = '';
        for (let hasMore = true; hasMore;) {
          const page = await usual.events.listEvents({ resumeToken }, NIMBUS);
          expect(page.events).to.not.deep.equal([]);
          found.push(...subjectsOf(page));
          ({ resumeToken, more: hasMore } = page);
        }
        expect(found).to.deep.equal(wanted);
      } finally {
        usual.close();
      }
    });

    it('are refused with a negative size', async () => {
      expect(await grpcFailure(world.list({ pageSize: -1 }))).to.include({
        reason: 'INVALID_REQUEST',
      });
    });
  });

  it('come in the order of their transactions, and within them of their ids', async () => {
    await world.record(...['100b', '99b', '99a', '100a', '9'].map((subject) => event(subject)));
    await world.stack.database.query(
      `update events set xact = regexp_replace(subject, '[a-z]', '')::xid8`,
    );
    expect(await world.listAll({ pageSize: 1 })).to.deep.equal(['9', '99b', '99a', '100b', '100a']);
  });

  describe('filters', () => {
    beforeEach(() =>
      world.record(
        event('p1', 'project.application.submitted'),
        event('p1', 'project.suspended'),
        event('p2', 'project.application.approved'),
        event('p1', 'projector.lit'),
        event('i1', 'image.member.create'),
      ),
    );

    it('select by what the type begins with', async () => {
      expect(await world.listAll({ typePrefix: 'project.' })).to.deep.equal(['p1', 'p1', 'p2']);
      expect(await world.listAll({ typePrefix: 'project.application.' })).to.deep.equal([
        'p1',
        'p2',
      ]);
      expect(await world.listAll({ typePrefix: 'image.member.create' })).to.deep.equal(['i1']);
      for (const typePrefix of ['Project.', 'project.%', '~', '_', "'"])
        expect(await world.listAll({ typePrefix }), typePrefix).to.deep.equal([]);
    });

    it('select by subject', async () => {
      expect((await world.list({ subject: 'p1' })).events.map(({ type }) => type)).to.deep.equal([
        'project.application.submitted',
        'project.suspended',
        'projector.lit',
      ]);
      expect(await world.listAll({ subject: 'p' })).to.deep.equal([]);
    });

    it('select by both, page by page', async () => {
      const request = { subject: 'p1', typePrefix: 'project.', pageSize: 1 };
      expect(await world.listAll(request)).to.deep.equal(['p1', 'p1']);
    });

    it('are refused when they are no text', async () => {
      for (const request of [{ subject: 'a\0' }, { typePrefix: 'a\0' }])
        expect(await grpcFailure(world.list(request))).to.include({ reason: 'INVALID_REQUEST' });
    });
  });

  describe('the sweep', () => {
    const sweep = async () => {
      const found = world.stack.operations.events.sweeps.find(
        ({ name }) => name === 'events.forget',
      );
      if (found === undefined) throw new Error('Nothing forgets events');
      await found.run();
    };
    const at = (days: number) => {
      world.setTime(new Date(Date.UTC(2040, 0, 1) + days * 86_400_000));
    };

    it('forgets what is older than the setting says, however much it is', async () => {
      at(0);
      await world.record(...Array.from({ length: 2_500 }, () => event('old')));
      at(1);
      await world.record(event('young'));
      at(KEPT_DAYS);
      await sweep();
      expect(await world.listAll({ subject: 'old' })).to.have.length(2_500);
      at(KEPT_DAYS + 0.5);
      await sweep();
      expect(await world.listAll({})).to.deep.equal(['young']);
    });

    it('leaves tokens as they are', async () => {
      at(0);
      await world.record(event('old'));
      const { resumeToken } = await world.list();
      at(2 * KEPT_DAYS);
      await sweep();
      expect(subjectsOf(await world.list({ resumeToken }))).to.deep.equal([]);
      await world.record(event('new'));
      expect(subjectsOf(await world.list({ resumeToken }))).to.deep.equal(['new']);
    });

    it('makes events readable that came from a server that had counted further', async () => {
      await world.record(event('a'), event('b'));
      await world.stack.database.query("update events set xact = '4611686018427387904'");
      await world.transact((tx) => world.stack.operations.events.record(tx, [event('c')]));
      await eventually(async () => expect(await world.listAll({})).to.deep.equal(['c']));
      await sweep();
      await world.settle();
      expect(await world.listAll({})).to.deep.equal(['a', 'b', 'c']);
    });
  });
});
