/**
 * Goal: an event exists exactly if its transaction was committed, and a reader that goes on from its
 * token misses none and gets none twice, whatever is committed in which order.
 * Method: transactions held open on connections of their own, a server asked over gRPC in between.
 */
import { expect } from 'chai';
import { createOperations } from '../../src/app.js';
import type { Tx } from '../../src/db/tx.js';
import type { EventLine } from '../../src/events/index.js';
import { createGate, type Gate } from '../support/gate.js';
import { connectGrpc, grpcFailure } from '../support/grpc-client.js';
import { createPerson } from '../support/people.js';
import { startStack } from '../support/stack.js';
import { event, type EventsWorld, NIMBUS, startEventsWorld, subjectsOf } from './events-world.js';

describe('events', () => {
  let world: EventsWorld;

  before(async () => {
    world = await startEventsWorld();
  });
  beforeEach(() => world.reset());
  after(() => world.close());

  /** Records in a transaction that stays open until the gate is, and then fails if it is to. */
  async function recordSlowly(
    subject: string,
    error?: Error,
  ): Promise<{ gate: Gate; done: Promise<void> }> {
    const gate = createGate();
    const recorded = createGate();
    const done = world.transact(async (tx) => {
      await world.stack.operations.events.record(tx, [event(subject)]);
      recorded.open();
      await gate.passed;
      if (error !== undefined) throw error;
    });
    await Promise.race([recorded.passed, done]);
    return { gate, done };
  }

  /** Records without waiting for what is open. */
  const recordAtOnce = (subject: string) =>
    world.transact((tx) => world.stack.operations.events.record(tx, [event(subject)]));

  describe('recording', () => {
    it('keeps everything that was said', async () => {
      const now = new Date('2031-02-03T04:05:06.789Z');
      world.setTime(now);
      await world.record({
        type: 'test.thing.done',
        subject: 'größe \u{1F600}',
        recipients: ['u1', 'project_creation', 'with "quotes", {braces}'],
        facts: { name: 'a.b', reason: 'weil\nnicht', empty: '' },
      });
      const { events, more } = await world.list();
      expect(more).to.equal(false);
      expect(events).to.have.length(1);
      const { id, ...rest } = events[0]!;
      expect(id > 0n).to.equal(true);
      expect(rest).to.deep.equal({
        type: 'test.thing.done',
        subject: 'größe \u{1F600}',
        recipients: ['u1', 'project_creation', 'with "quotes", {braces}'],
        facts: { name: 'a.b', reason: 'weil\nnicht', empty: '' },
        time: now,
      });
    });

    it('keeps the order in which a transaction recorded', async () => {
      const wanted = Array.from({ length: 50 }, (_, index) => String(index));
      await world.record(...wanted.map((subject) => event(subject)));
      expect(subjectsOf(await world.list())).to.deep.equal(wanted);
    });

    it('takes no statement when there is nothing to say', async () => {
      const noTx = undefined as unknown as Tx;
      await world.stack.operations.events.record(noTx, []);
      expect(subjectsOf(await world.list())).to.deep.equal([]);
    });

    it('refuses types that are not dotted words in lower case', async () => {
      for (const type of [
        'thing',
        'Test.thing',
        'test..thing',
        'test.thing.',
        'test thing.x',
        '',
      ]) {
        const refused = await world.record(event('a', type)).catch((error: unknown) => error);
        expect(refused, type).to.have.property('code', '23514');
      }
    });
  });

  describe('the log', () => {
    it('hears of each event once, after its commit, with ids only', async () => {
      const heard: EventLine[] = [];
      const operations = createOperations(world.stack.config, {
        onEvent: (line) => heard.push(line),
      });
      try {
        let attempts = 0;
        await operations.database.transact(async (tx) => {
          await operations.events.record(tx, [
            { ...event('a'), recipients: ['u1'], facts: { email: 'a@example.org' } },
            event('b', 'test.other.done'),
          ]);
          expect(heard).to.deep.equal([]);
          attempts += 1;
          // What Postgres says of two transactions that must not both be committed: repeated inside.
          if (attempts < 3) await tx.query({ text: "do $$ begin raise sqlstate '40001'; end $$" });
        });
        expect(attempts).to.equal(3);
        await world.settle();
        const ids = (await world.list()).events.map(({ id }) => id);
        expect(heard).to.deep.equal([
          { id: ids[0], type: 'test.thing.done', subject: 'a', recipients: ['u1'] },
          { id: ids[1], type: 'test.other.done', subject: 'b', recipients: [] },
        ]);
      } finally {
        await operations.close();
      }
    });

    it('does not hear of a transaction that is rolled back', async () => {
      const heard: EventLine[] = [];
      const operations = createOperations(world.stack.config, {
        onEvent: (line) => heard.push(line),
      });
      try {
        const failing = operations.database.transact(async (tx) => {
          await operations.events.record(tx, [event('lost')]);
          throw new Error('on purpose');
        });
        expect(await failing.catch(String)).to.equal('Error: on purpose');
        expect([heard, subjectsOf(await world.list())]).to.deep.equal([[], []]);
      } finally {
        await operations.close();
      }
    });
  });

  describe('reading while others write', () => {
    it('waits for a transaction that began before and commits after', async () => {
      const slow = await recordSlowly('slow');
      await recordAtOnce('fast');
      const before = await world.list();
      expect(subjectsOf(before)).to.deep.equal([]);
      slow.gate.open();
      await slow.done;
      await world.settle();
      const after = await world.list({ resumeToken: before.resumeToken });
      expect(subjectsOf(after)).to.deep.equal(['slow', 'fast']);
      expect(subjectsOf(await world.list({ resumeToken: after.resumeToken }))).to.deep.equal([]);
    });

    it('shows what is older than the open transaction at once', async () => {
      await world.record(event('before'));
      const slow = await recordSlowly('slow');
      await recordAtOnce('behind');
      const first = await world.list();
      expect(subjectsOf(first)).to.deep.equal(['before']);
      slow.gate.open();
      await slow.done;
      await world.settle();
      expect(subjectsOf(await world.list({ resumeToken: first.resumeToken }))).to.deep.equal([
        'slow',
        'behind',
      ]);
    });

    it('is not held up for longer by a transaction that fails', async () => {
      const slow = await recordSlowly('lost', new Error('on purpose'));
      await recordAtOnce('kept');
      expect(subjectsOf(await world.list())).to.deep.equal([]);
      slow.gate.open();
      expect(await slow.done.catch(String)).to.equal('Error: on purpose');
      await world.settle();
      expect(subjectsOf(await world.list())).to.deep.equal(['kept']);
    });

    it('misses none and repeats none of many writers', async () => {
      const writers = 8;
      const each = 25;
      const write = async (writer: number) => {
        for (let index = 0; index < each; index += 1) {
          await world.transact(async (tx) => {
            await world.stack.operations.events.record(tx, [event(`${writer}-${index}`)]);
            // Transactions that end in another order than they began.
            if (index % 3 === writer % 3) await tx.query({ text: 'select pg_sleep(0.01)' });
          });
        }
      };
      const read = async () => {
        const found: string[] = [];
        let resumeToken = '';
        while (found.at(-1) !== 'last') {
          const page = await world.list({ resumeToken, pageSize: 7 });
          found.push(...subjectsOf(page));
          ({ resumeToken } = page);
        }
        return found.slice(0, -1);
      };
      const reading = read();
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
      await world.record(event('last'));
      const found = await reading;
      const written = Array.from({ length: writers * each }, (_, index) => {
        return `${Math.floor(index / each)}-${index % each}`;
      });
      expect(found).to.have.length(written.length);
      expect(found).to.have.members(written);
    });
  });

  describe('the resume token', () => {
    it('comes with an empty list, and leads to what happens next', async () => {
      const { resumeToken, more } = await world.list();
      expect(resumeToken).to.not.equal('');
      expect(more).to.equal(false);
      await world.record(event('next'));
      expect(subjectsOf(await world.list({ resumeToken }))).to.deep.equal(['next']);
    });

    it('goes on at another server, behind the edge', async () => {
      await world.record(event('first'), event('second'));
      const { resumeToken } = await world.list({ pageSize: 1 });
      const shared = { ...world.stack.database, drop: () => Promise.resolve() };
      const other = await startStack({ database: shared });
      const otherClient = connectGrpc(other.edge);
      try {
        const page = await otherClient.events.listEvents({ resumeToken }, NIMBUS);
        expect(subjectsOf(page)).to.deep.equal(['second']);
      } finally {
        otherClient.close();
        await other.stop();
      }
    });

    it('passes over what a filter leaves out', async () => {
      await world.record(event('other'), event('wanted'), event('other'));
      const { resumeToken } = await world.list({ subject: 'wanted' });
      expect(subjectsOf(await world.list({ resumeToken }))).to.deep.equal([]);
    });

    it('is refused when it is none', async () => {
      const key = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
      const forged = [
        'x',
        '!!!',
        key(),
        key('1'),
        key('1', '2', '3'),
        key('a', '1'),
        key('-1', '1'),
        key(1, 1),
        key('18446744073709551616', '1'),
        key('1', '9223372036854775808'),
        key('1', '1'.repeat(5000)),
      ];
      for (const resumeToken of forged) {
        const { code, reason } = await grpcFailure(world.list({ resumeToken }));
        expect([code, reason], resumeToken).to.deep.equal(['INVALID_ARGUMENT', 'INVALID_REQUEST']);
      }
    });

    it('is refused when the server has not come that far: it is of another database', async () => {
      const resumeToken = Buffer.from('["18446744073709551615","1"]').toString('base64url');
      const { reason, message } = await grpcFailure(world.list({ resumeToken }));
      expect([reason, message]).to.deep.equal([
        'INVALID_REQUEST',
        'resume_token comes from another database',
      ]);
    });
  });

  describe('callers', () => {
    it('are components; users and nobody are refused', async () => {
      const { token } = await createPerson(world.stack);
      expect(await grpcFailure(world.client.events.listEvents({}, { token }))).to.include({
        code: 'UNAUTHENTICATED',
        reason: 'TOKEN_UNKNOWN',
      });
      expect(await grpcFailure(world.client.events.listEvents({}))).to.include({
        code: 'UNAUTHENTICATED',
        reason: 'TOKEN_MISSING',
      });
    });
  });
});
