// Goal: whatever breaks while a batch is written, every operation of it is written once, or not at all
// and its caller knows. Method: transactions are made to lose, connections are killed before, during
// and after the commit; rows are written as statements go, and by the one that leaves with the commit.
import { expect } from 'chai';
import { Database } from '../../src/db/database.js';
import type { Tx } from '../../src/db/tx.js';
import { BatcherStage, PATIENT } from '../support/batcher-stage.js';
import { eventually } from '../support/eventually.js';
import { failureOf } from '../support/failure-of.js';
import { createGate } from '../support/gate.js';

/** Key of the lock that holds commits up. */
const LOCK = 77;

for (const writesLast of [false, true]) {
  describe(`a batch written ${writesLast ? 'together with its commit' : 'before its commit'}`, () => {
    let stage: BatcherStage;

    before(async () => {
      stage = await BatcherStage.open();
    });
    after(() => stage.close());
    beforeEach(async () => {
      await stage.clear();
      stage.writesLast = writesLast;
    });

    function submit(...notes: readonly string[]): Promise<string>[] {
      const batcher = stage.createBatcher();
      return notes.map((note) => batcher.submit({ note }, PATIENT));
    }

    describe('that fails as a whole', () => {
      it('isolates the operation at fault; its neighbours are written once', async () => {
        const outcomes = await Promise.allSettled(submit('a', 'poison', 'c'));
        expect(outcomes[0]).to.include({ status: 'fulfilled', value: 'wrote a' });
        expect(outcomes[1]).to.have.nested.property('reason.constraint', 'written_note_check');
        expect(outcomes[2]).to.include({ status: 'fulfilled', value: 'wrote c' });
        expect(stage.batches).to.deep.equal([['a', 'poison', 'c'], ['a'], ['poison'], ['c']]);
        expect(await stage.stored()).to.deep.equal(['a', 'c']);
      });

      it('does not answer success when the work ignored a statement that failed', async () => {
        stage.atEnd = (tx) => tx.query({ text: 'select 1/0' }).catch(() => undefined);
        expect(await failureOf(submit('a')[0]!)).to.be.instanceOf(Error);
        expect(await stage.stored()).to.deep.equal([]);
      });
    });

    describe('that loses against others', () => {
      it('is repeated, and every operation is written once', async () => {
        let attempts = 0;
        stage.atEnd = (tx) => {
          attempts += 1;
          return attempts <= 3 ? loseAgainstOthers(tx) : Promise.resolve();
        };
        expect(await Promise.all(submit('a', 'b'))).to.deep.equal(['wrote a', 'wrote b']);
        expect(stage.batches).to.deep.equal(Array(4).fill(['a', 'b']));
        expect(stage.sizes).to.deep.equal([2]);
        expect(await stage.stored()).to.deep.equal(['a', 'b']);
      });

      it('is repeated, too, when it loses at the very end', async () => {
        await stage.testDatabase.query(`
          create sequence commits;
          create function lose_commit() returns trigger language plpgsql as $$ begin
            if nextval('commits') <= 2 then
              raise exception 'injected' using errcode = 'serialization_failure';
            end if;
            return null;
          end $$;
          create constraint trigger lose_commit after insert on written
            deferrable initially deferred for each row execute function lose_commit();`);
        try {
          expect(await Promise.all(submit('a', 'b'))).to.deep.equal(['wrote a', 'wrote b']);
          expect(stage.batches).to.deep.equal(Array(3).fill(['a', 'b']));
          expect(await stage.stored()).to.deep.equal(['a', 'b']);
        } finally {
          await stage.testDatabase.query(`drop trigger lose_commit on written;
            drop function lose_commit; drop sequence commits`);
        }
      });

      it('is given up after a while, each operation for itself', async () => {
        stage.atEnd = (tx, notes) =>
          notes.includes('b') ? loseAgainstOthers(tx) : Promise.resolve();
        const [a, b] = await Promise.allSettled(submit('a', 'b'));
        expect(a).to.include({ status: 'fulfilled', value: 'wrote a' });
        expect(b).to.have.nested.property('reason.reason', 'CONFLICTING_WRITES');
        expect(await stage.stored()).to.deep.equal(['a']);
      });

      function loseAgainstOthers(tx: Tx): Promise<unknown> {
        return tx.query({
          text: `do $$ begin raise exception 'injected' using errcode = '40001'; end $$`,
        });
      }
    });

    describe('whose connection is lost', () => {
      it('during the work is repeated', async () => {
        let kills = 0;
        stage.atStart = async (tx) => {
          kills += 1;
          if (kills === 1) await stage.killConnectionOf(tx);
        };
        expect(await Promise.all(submit('a'))).to.deep.equal(['wrote a']);
        expect(stage.batches).to.deep.equal([['a'], ['a']]);
        expect(await stage.stored()).to.deep.equal(['a']);
      });

      it('between the last write and the commit is repeated, and nothing is written twice', async () => {
        let kills = 0;
        stage.atEnd = async (tx) => {
          kills += 1;
          if (kills <= 2) await stage.killConnectionOf(tx);
        };
        expect(await Promise.all(submit('a', 'b'))).to.deep.equal(['wrote a', 'wrote b']);
        expect(kills).to.equal(3);
        expect(await stage.stored()).to.deep.equal(['a', 'b']);
      });

      it('while it commits is repeated when the commit came to nothing', async () => {
        await whileCommitsAreHeld(async (release) => {
          const answers = submit('a', 'b');
          await stage.kill(await committing());
          // The repeat waits for the lock, too.
          await committing();
          await release();
          expect(await Promise.all(answers)).to.deep.equal(['wrote a', 'wrote b']);
        });
        expect(stage.batches).to.deep.equal(Array(2).fill(['a', 'b']));
        expect(await stage.stored()).to.deep.equal(['a', 'b']);
      });

      it('behind its commit is looked up, not repeated', async () => {
        const lost = stage.proxy.lost;
        stage.proxy.loseNextCommit();
        expect(await Promise.all(submit('a', 'b'))).to.deep.equal(['wrote a', 'wrote b']);
        expect(stage.proxy.lost).to.equal(lost + 1);
        expect(stage.batches).to.deep.equal([['a', 'b']]);
        expect(await stage.stored()).to.deep.equal(['a', 'b']);
      });
    });

    it('is answered after its commit: what is answered others can see', async () => {
      await whileCommitsAreHeld(async (release) => {
        let isAnswered = false;
        const answer = submit('a')[0]!.finally(() => (isAnswered = true));
        await committing();
        expect(isAnswered).to.equal(false);
        expect(await stage.stored()).to.deep.equal([]);
        await release();
        expect(await answer).to.equal('wrote a');
        expect(await stage.stored()).to.deep.equal(['a']);
      });
    });

    /** Runs work while a deferred trigger makes every commit wait for a lock, until it is let go. */
    async function whileCommitsAreHeld(
      work: (release: () => Promise<void>) => Promise<void>,
    ): Promise<void> {
      await stage.testDatabase.query(`
        create function hold_commit() returns trigger language plpgsql as $$
          begin perform pg_advisory_xact_lock(${LOCK}); return null; end $$;
        create constraint trigger hold_commit after insert on written
          deferrable initially deferred for each row execute function hold_commit();`);
      const holder = new Database({ url: stage.testDatabase.url, poolSize: 1 });
      const [locked, gate] = [createGate(), createGate()];
      const holding = holder.transact(async (tx) => {
        await tx.query({ text: `select pg_advisory_xact_lock(${LOCK})` });
        locked.open();
        await gate.passed;
      });
      try {
        await locked.passed;
        await work(async () => {
          gate.open();
          await holding;
        });
      } finally {
        gate.open();
        await holding;
        await holder.close();
        await stage.testDatabase.query(
          'drop trigger hold_commit on written; drop function hold_commit',
        );
      }
    }

    /** Returns the process id of a connection whose commit waits, as soon as there is one. */
    function committing(): Promise<number> {
      return eventually(async () => {
        const [row] = await stage.testDatabase.query<{ pid: number }>(
          `select pid from pg_locks where locktype = 'advisory' and not granted`,
        );
        return row?.pid ?? false;
      });
    }
  });
}
