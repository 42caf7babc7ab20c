// Goal: operations are written together, each with its own outcome, within the bounds of a batch.
// Method: a batcher over a table of its own on a real Postgres; a batch is held up by a gate while
// others gather behind it.
import { expect } from 'chai';
import { BatcherStage, PATIENT } from '../support/batcher-stage.js';
import { failureOf } from '../support/failure-of.js';

describe('Batcher', () => {
  let stage: BatcherStage;

  before(async () => {
    stage = await BatcherStage.open();
  });
  after(() => stage.close());
  beforeEach(() => stage.clear());

  describe('gathering', () => {
    it('writes a lone operation at once', async () => {
      expect(await stage.createBatcher().submit({ note: 'a' }, PATIENT)).to.equal('wrote a');
      expect(stage.sizes).to.deep.equal([1]);
      expect(await stage.stored()).to.deep.equal(['a']);
    });

    it('writes what arrived in one turn together, in the order of arrival', async () => {
      const batcher = stage.createBatcher();
      await Promise.all(['b', 'a', 'c'].map((note) => batcher.submit({ note }, PATIENT)));
      expect(stage.batches).to.deep.equal([['b', 'a', 'c']]);
    });

    it('gathers while another batch is written, and writes one batch at a time', async () => {
      const batcher = stage.createBatcher();
      const { gate, held } = await stage.holdUp(batcher);
      const others = ['a', 'b', 'c'].map((note) => batcher.submit({ note }, PATIENT));
      expect(batcher.waiting).to.equal(3);
      expect(stage.batches).to.deep.equal([['held']]);
      gate.open();
      expect(await Promise.all([held, ...others])).to.deep.equal([
        'wrote held',
        'wrote a',
        'wrote b',
        'wrote c',
      ]);
      expect(stage.sizes).to.deep.equal([1, 3]);
      expect(batcher.waiting).to.equal(0);
    });

    it('answers each operation by its own outcome; a refused one leaves no trace', async () => {
      const batcher = stage.createBatcher();
      const outcomes = await Promise.allSettled([
        batcher.submit({ note: 'a' }, PATIENT),
        batcher.submit({ note: 'b', isRefused: true }, PATIENT),
        batcher.submit({ note: 'c' }, PATIENT),
      ]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal([
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect(outcomes[1]).to.have.nested.property('reason.message', 'refused b');
      expect(stage.sizes).to.deep.equal([3]);
      expect(await stage.stored()).to.deep.equal(['a', 'c']);
    });

    it('isolates an operation that makes the whole batch fail', async () => {
      const batcher = stage.createBatcher();
      const outcomes = await Promise.allSettled(
        ['a', 'poison', 'c'].map((note) => batcher.submit({ note }, PATIENT)),
      );
      expect(outcomes[0]).to.include({ status: 'fulfilled', value: 'wrote a' });
      expect(outcomes[1]).to.have.nested.property('reason.constraint', 'written_note_check');
      expect(outcomes[2]).to.include({ status: 'fulfilled', value: 'wrote c' });
      expect(stage.batches).to.deep.equal([['a', 'poison', 'c'], ['a'], ['poison'], ['c']]);
      expect(await stage.stored()).to.deep.equal(['a', 'c']);
    });

    it('goes on after a batch that failed', async () => {
      const batcher = stage.createBatcher();
      const failed = await failureOf(batcher.submit({ note: 'poison' }, PATIENT));
      expect(failed).to.have.property('constraint', 'written_note_check');
      expect(await batcher.submit({ note: 'a' }, PATIENT)).to.equal('wrote a');
    });
  });

  describe('bounds', () => {
    it('refuses what comes to a full queue, and takes more when there is room again', async () => {
      const batcher = stage.createBatcher(3);
      const { gate, held } = await stage.holdUp(batcher);
      const waiting = ['a', 'b', 'c'].map((note) => batcher.submit({ note }, PATIENT));
      const failure = await failureOf(async () => batcher.submit({ note: 'd' }, PATIENT));
      expect(failure).to.include({ kind: 'overloaded', reason: 'OVERLOADED' });
      gate.open();
      await Promise.all([held, ...waiting]);
      expect(await batcher.submit({ note: 'e' }, PATIENT)).to.equal('wrote e');
      expect(await stage.stored()).to.deep.equal(['a', 'b', 'c', 'e', 'held']);
    });

    it('does not execute what expired or was cancelled while it waited', async () => {
      const batcher = stage.createBatcher();
      const { gate, held } = await stage.holdUp(batcher);
      let isCancelled = false;
      const expired = batcher.submit({ note: 'expired' }, { ...PATIENT, deadline: Date.now() });
      const cancelled = batcher.submit(
        { note: 'cancelled' },
        { ...PATIENT, isCancelled: () => isCancelled },
      );
      const good = batcher.submit({ note: 'good' }, { ...PATIENT, deadline: Date.now() + 60_000 });
      isCancelled = true;
      gate.open();
      for (const failure of await Promise.all([expired, cancelled].map(failureOf)))
        expect(failure).to.include({ kind: 'deadline-exceeded', reason: 'DEADLINE_EXCEEDED' });
      expect(await Promise.all([held, good])).to.deep.equal(['wrote held', 'wrote good']);
      expect(stage.batches).to.deep.equal([['held'], ['good']]);
      expect(await stage.stored()).to.deep.equal(['good', 'held']);
    });

    it('needs no transaction when everything that waited expired', async () => {
      const batcher = stage.createBatcher();
      const expired = batcher.submit({ note: 'expired' }, { ...PATIENT, deadline: 0 });
      expect(await failureOf(expired)).to.include({ reason: 'DEADLINE_EXCEEDED' });
      expect(stage.batches).to.deep.equal([]);
      expect(batcher.waiting).to.equal(0);
    });

    it('writes at most 256 operations together', async () => {
      const batcher = stage.createBatcher();
      const notes = Array.from({ length: 600 }, (_, index) => `n${index}`);
      await Promise.all(notes.map((note) => batcher.submit({ note }, PATIENT)));
      expect(stage.sizes).to.deep.equal([256, 256, 88]);
      expect(stage.batches.flat()).to.deep.equal(notes);
    });

    it('lets a small caller into the next batch beside one that floods', async () => {
      const batcher = stage.createBatcher();
      const { gate, held } = await stage.holdUp(batcher);
      const flood = Array.from({ length: 900 }, (_, index) =>
        batcher.submit({ note: `f${index}` }, { ...PATIENT, callerKey: 'flood' }),
      );
      const small = batcher.submit({ note: 'small' }, { ...PATIENT, callerKey: 'small' });
      gate.open();
      await Promise.all([held, ...flood, small]);
      expect(stage.batches[1]).to.include('small');
      expect(stage.batches[1]?.length).to.be.greaterThan(100);
      const flooded = stage.batches.flat().filter((note) => note.startsWith('f'));
      expect(flooded).to.deep.equal(flood.map((_, index) => `f${index}`));
    });

    it('gives every caller a turn when there are more of them than places', async () => {
      const batcher = stage.createBatcher();
      const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);
      const submitted = keys.flatMap((callerKey) =>
        [1, 2].map((turn) =>
          batcher.submit({ note: `${callerKey} ${turn}` }, { ...PATIENT, callerKey }),
        ),
      );
      await Promise.all(submitted);
      const firstTurns = stage.batches.slice(0, 2).flat();
      for (const key of keys) expect(firstTurns).to.include(`${key} 1`);
    });

    it('keeps heavy operations apart, and writes one that is too heavy alone', async () => {
      const batcher = stage.createBatcher();
      const weights = [12_000, 8_000, 1, 50_000, 20_000];
      await Promise.all(
        weights.map((weight) => batcher.submit({ note: `w${weight}`, weight }, PATIENT)),
      );
      expect(stage.batches).to.deep.equal([['w12000', 'w8000'], ['w1'], ['w50000'], ['w20000']]);
    });
  });
});
