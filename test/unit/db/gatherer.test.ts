// Goal: concurrent look-ups share questions, each gets its own answer, and none reads from before it
// came. Method: a source that answers when told to.
import { expect } from 'chai';
import { Gatherer } from '../../../src/db/gatherer.js';

interface Question {
  readonly keys: readonly number[];
  answer(found: readonly string[]): void;
  fail(error: Error): void;
}

function stage() {
  const questions: Question[] = [];
  const gatherer = new Gatherer<number, string>(
    (keys) =>
      new Promise((resolve, reject) => {
        questions.push({ keys, answer: resolve, fail: reject });
      }),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { gatherer, questions, turn };
}

describe('a gatherer', () => {
  it('asks at once for calls of one turn, and then for those that came meanwhile', async () => {
    const { gatherer, questions, turn } = stage();
    const first = [gatherer.find(1), gatherer.find(2)];
    await turn();
    const later = [gatherer.find(3), gatherer.find(1)];
    await turn();
    expect(questions.map(({ keys }) => keys)).to.deep.equal([[1, 2]]);
    questions[0]!.answer(['one', 'two']);
    expect(await Promise.all(first)).to.deep.equal(['one', 'two']);
    await turn();
    expect(questions.map(({ keys }) => keys)).to.deep.equal([
      [1, 2],
      [3, 1],
    ]);
    questions[1]!.answer(['three', 'one again']);
    expect(await Promise.all(later)).to.deep.equal(['three', 'one again']);
  });

  it('fails the calls of one question alone', async () => {
    const { gatherer, questions, turn } = stage();
    const failing = gatherer.find(1).catch((error: unknown) => error);
    await turn();
    const next = gatherer.find(2);
    questions[0]!.fail(new Error('away'));
    expect(await failing).to.have.property('message', 'away');
    await turn();
    questions[1]!.answer(['two']);
    expect(await next).to.equal('two');
  });

  it('asks for at most 256 keys, and takes no answer of another length', async () => {
    const { gatherer, questions, turn } = stage();
    const calls = Array.from({ length: 300 }, (_, key) =>
      gatherer.find(key).catch((error: unknown) => error),
    );
    await turn();
    expect(questions[0]!.keys).to.have.length(256);
    questions[0]!.answer([]);
    await turn();
    expect(questions[1]!.keys).to.have.length(44);
    questions[1]!.answer(questions[1]!.keys.map(String));
    const found = await Promise.all(calls);
    expect(found[0]).to.have.property('message', '0 answers to 256 keys');
    expect(found[299]).to.equal('299');
  });
});
