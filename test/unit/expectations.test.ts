// Goal: cases fail when an answer is not what they say; a comparison that lets everything pass would
// prove nothing. Method: pairs that differ in one place, and what is said about it.
import { expect } from 'chai';
import type { JsonValue } from '../../src/rpc/json.js';
import { readJson } from '../../src/rpc/json.js';
import { unwrap } from '../../src/kernel/parsed.js';
import { difference, memberAt, patternTags } from '../support/expectations.js';

const json = (text: string): JsonValue => unwrap(readJson(Buffer.from(text)));

const pattern = (tag: string, source = '') =>
  patternTags.find((one) => one.tag === tag)!.resolve(source);

describe('difference', () => {
  const actual = json('{"a": 1, "b": [true, null, "x"], "c": {"d": 9223372036854775807}}');
  const same = { a: 1n, b: [true, null, 'x'], c: { d: 9223372036854775807n } };

  it('is none between equals', () => {
    expect(difference(actual, same, true)).to.equal(undefined);
    expect(difference(actual, same, false)).to.equal(undefined);
    expect(difference(actual, { c: {} }, false)).to.equal(undefined);
  });

  it('names the first place that differs', () => {
    const pairs: readonly (readonly [unknown, boolean, string])[] = [
      [{ ...same, a: 2n }, true, 'body/a is "number 1", not "number 2"'],
      [{ ...same, a: 1 }, true, 'body/a is "number 1", not 1'],
      [{ ...same, a: '1' }, true, 'body/a'],
      [{ ...same, b: [true, null] }, false, 'body/b'],
      [{ ...same, b: [true, null, 'y'] }, false, 'body/b/2'],
      [{ ...same, b: [null, true, 'x'] }, true, 'body/b/0'],
      [{ ...same, b: { 0: true } }, false, 'body/b'],
      [{ ...same, c: { d: 9223372036854775806n } }, false, 'body/c/d'],
      [{ ...same, c: [] }, false, 'body/c'],
      [{ a: 1n, b: same.b }, true, 'body has a member "c"'],
      [{ ...same, e: null }, false, 'body lacks "e"'],
      [{ ...same, e: undefined }, true, 'body lacks "e"'],
      [null, false, 'body'],
    ];
    for (const [expected, isWhole, says] of pairs)
      expect(difference(actual, expected, isWhole))
        .to.be.a('string')
        .and.include(says);
  });

  it('takes patterns for what they say', () => {
    expect(difference('x', pattern('!text'), true)).to.equal(undefined);
    expect(difference('', pattern('!text'), true)).to.include('a text');
    expect(difference(5n, pattern('!text'), true)).to.include('a text');
    expect(difference(undefined, pattern('!text'), true)).to.include('a text');
    expect(difference(5n, pattern('!integer'), true)).to.equal(undefined);
    expect(difference(json('5.0'), pattern('!integer'), true)).to.include('an integer');
    expect(difference('abc', pattern('!like', '^a.c$'), true)).to.equal(undefined);
    expect(difference('abcd', pattern('!like', '^a.c$'), true)).to.include('^a.c$');
  });
});

describe('memberAt', () => {
  it('follows keys and positions, and ends where nothing is', () => {
    const value = json('{"a.b": [{"c": null}], "toString": 1}');
    expect(memberAt(value, 'a.b/0/c')).to.equal(null);
    expect(memberAt(value, 'toString')).to.equal(1n);
    expect(memberAt(value, '')).to.equal(value);
    for (const path of ['a', 'a.b/1', 'a.b/0/d', 'a.b/0/c/d', 'hasOwnProperty', 'a.b/length'])
      expect(memberAt(value, path), path).to.equal(undefined);
  });
});
