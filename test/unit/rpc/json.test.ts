// Goal: JSON is read without losing a digit or a key and written as the documents print it.
// Method: texts at every border the reader knows; values are written, then read back.
import { expect } from 'chai';
import fc from 'fast-check';
import { Failure } from '../../../src/kernel/failure.js';
import {
  DEEPEST_NESTING,
  isArray,
  isObject,
  JsonDecimal,
  type JsonFault,
  type JsonValue,
  member,
  readJson,
  type Writable,
  writeJson,
  writeString,
} from '../../../src/rpc/json.js';

const SPACED_ASCII = { ascii: true, spaced: true };
const TIGHT = { ascii: false, spaced: false };

function read(text: string | Uint8Array): JsonValue {
  const outcome = readJson(typeof text === 'string' ? Buffer.from(text) : text);
  if (!outcome.ok) throw outcome.failure;
  return outcome.value;
}

function faultOf(text: string | Uint8Array): JsonFault {
  let fault: JsonFault | undefined;
  const outcome = readJson(typeof text === 'string' ? Buffer.from(text) : text, (found) => {
    fault = found;
    return new Failure('invalid', 'INVALID_REQUEST', `worded ${found}`);
  });
  if (outcome.ok || fault === undefined) throw new Error('It was read');
  expect(outcome.failure.message).to.equal(`worded ${fault}`);
  return fault;
}

describe('reading JSON numbers', () => {
  it('keeps every digit of integers', () => {
    for (const digits of [
      '0',
      '-1',
      '9007199254740993',
      '9223372036854775807',
      '-9223372036854775808',
      '9223372036854775808',
      '9'.repeat(40),
    ])
      expect(read(digits)).to.equal(BigInt(digits));
  });

  it('reads -0 as 0', () => {
    expect(read('-0')).to.equal(0n);
  });

  it('tells what is no plain integer from what is one', () => {
    for (const text of ['1.0', '1e3', '1E3', '-0.0', '1e400', '1'.repeat(41)])
      expect(read(text)).to.be.instanceOf(JsonDecimal).with.property('text', text);
  });

  it('reads an integer of many digits in no time', () => {
    const started = performance.now();
    expect(read(`[${'7'.repeat(1_000_000)}]`)).to.have.length(1);
    expect(performance.now() - started).to.be.lessThan(2_000);
  });

  it('refuses what other languages call numbers', () => {
    for (const text of ['01', '+1', '.5', '1.', '0x10', 'NaN', 'Infinity', '-', '1_000', '1n'])
      expect(faultOf(text), text).to.equal('not-json');
  });
});

describe('reading JSON objects', () => {
  it('lets the last of repeated keys count, whatever the values are', () => {
    expect(read('{"a": 1, "b": 2, "a": 3}')).to.deep.equal({ a: 3n, b: 2n });
    expect(read('{"a": [], "a": {}}')).to.deep.equal({ a: {} });
    expect(read('{"a": {"x": 1}, "a": null}')).to.deep.equal({ a: null });
    expect(read('{"a": true, "\\u0061": false}')).to.deep.equal({ a: false });
  });

  it('makes own members of names that are special to JavaScript', () => {
    const object = read('{"__proto__": {"force": true}, "constructor": 1, "toString": null}');
    if (!isObject(object)) throw new Error('It is no object');
    expect(Object.keys(object)).to.have.members(['__proto__', 'constructor', 'toString']);
    expect(member(object, '__proto__')).to.deep.equal({ force: true });
    expect(member(object, 'force')).to.equal(undefined);
    expect(member(object, 'toString')).to.equal(null);
    expect(({} as Record<string, unknown>)['force']).to.equal(undefined);
  });

  it('does not find members that nobody sent', () => {
    const object = read('{}');
    if (!isObject(object)) throw new Error('It is no object');
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', ''])
      expect(member(object, name), name).to.equal(undefined);
  });

  it('tells absent from null', () => {
    const object = read('{"source": null}');
    if (!isObject(object)) throw new Error('It is no object');
    expect(member(object, 'source')).to.equal(null);
    expect(member(object, 'holder')).to.equal(undefined);
  });

  it('tells objects from arrays, null and decimals', () => {
    expect(
      ['{}', '[]', 'null', '1.5', '1', '"a"'].map((text) => isObject(read(text))),
    ).to.deep.equal([true, false, false, false, false, false]);
    expect(['[]', '{}', 'null', '"a"'].map((text) => isArray(read(text)))).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('reading JSON texts', () => {
  it('reads escapes, pairs of surrogates and lone ones', () => {
    expect(read('"\\u03b1\\ud83d\\ude00\\n\\/\\""')).to.equal('α😀\n/"');
    expect(read('"\\ud800"')).to.equal('\ud800');
    expect(read('"\\u0000"')).to.equal('\0');
  });

  it('refuses control characters and bad escapes', () => {
    for (const text of ['"a\nb"', '"a\0b"', '"\\x41"', '"\\u12"', '"a', "'a'"])
      expect(faultOf(text), JSON.stringify(text)).to.equal('not-json');
  });
});

describe('refusing what is no JSON', () => {
  it('refuses what is empty, unfinished, or more than one value', () => {
    for (const text of [
      '',
      ' ',
      '{',
      '[1,]',
      '{"a":1,}',
      '{"a"}',
      '[,1]',
      '1 2',
      '{} {}',
      '// a\n1',
    ])
      expect(faultOf(text), text).to.equal('not-json');
  });

  it('refuses bytes that are not UTF-8, also half a surrogate pair as bytes', () => {
    for (const bytes of ['ff', '22c32822', 'eda080', '22f88880808022'])
      expect(faultOf(Buffer.from(bytes, 'hex')), bytes).to.equal('not-utf8');
  });

  it('refuses a byte order mark', () => {
    expect(faultOf('\ufeff{}')).to.equal('not-json');
  });

  it('reads nesting up to the deepest and refuses one more, without using up the stack', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(isArray(read(nested(DEEPEST_NESTING)))).to.equal(true);
    expect(faultOf(nested(DEEPEST_NESTING + 1))).to.equal('too-deep');
    expect(faultOf('{"a":'.repeat(DEEPEST_NESTING + 1))).to.equal('too-deep');
    expect(faultOf('['.repeat(1_000_000))).to.equal('too-deep');
  });

  it('does not count brackets inside texts, or those that were closed again', () => {
    expect(read(`["${'['.repeat(500)}\\"${'{'.repeat(500)}"]`)).to.have.length(1);
    expect(read(`[${'[],'.repeat(500)}{}]`)).to.have.length(501);
  });
});

describe('writing JSON', () => {
  it('prints 64-bit integers as numbers with all their digits, and explicit nulls', () => {
    expect(writeJson({ limit: 9223372036854775807n, source: null, n: 7 }, SPACED_ASCII)).to.equal(
      '{"limit": 9223372036854775807, "source": null, "n": 7}',
    );
  });

  it('prints what is zero, false or empty', () => {
    expect(writeJson({ a: 0n, b: false, c: '', d: [], e: {} }, SPACED_ASCII)).to.equal(
      '{"a": 0, "b": false, "c": "", "d": [], "e": {}}',
    );
  });

  it('leaves out members that are undefined', () => {
    expect(writeJson({ a: undefined, b: 1n, c: undefined }, SPACED_ASCII)).to.equal('{"b": 1}');
  });

  it('puts spaces behind commas and colons only where the family has them', () => {
    expect(writeJson([1n, { a: [true, null] }], TIGHT)).to.equal('[1,{"a":[true,null]}]');
    expect(writeJson([1n, { a: [true, null] }], SPACED_ASCII)).to.equal('[1, {"a": [true, null]}]');
  });

  it('escapes everything that is not ASCII, DEL and keys included', () => {
    expect(writeJson({ ναμε: 'α😀\u007f' }, SPACED_ASCII)).to.equal(
      '{"\\u03bd\\u03b1\\u03bc\\u03b5": "\\u03b1\\ud83d\\ude00\\u007f"}',
    );
    expect(writeString('α😀', TIGHT)).to.equal('"α😀"');
  });

  it('escapes lone surrogates in both styles, so that the bytes are UTF-8', () => {
    for (const style of [SPACED_ASCII, TIGHT])
      expect(writeString('a\ud800b', style)).to.equal('"a\\ud800b"');
  });

  it('reads back whatever it writes, and JavaScript reads the same', () => {
    const { value } = fc.letrec<{
      value: Writable;
      leaf: Writable;
      list: Writable;
      object: Writable;
    }>((tie) => ({
      leaf: fc.oneof(
        fc.constant(null),
        fc.boolean(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
        fc.string({ unit: 'binary' }),
        fc.string(),
      ),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc
        .array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries)),
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        tie('leaf'),
        tie('list'),
        tie('object'),
      ),
    }));
    fc.assert(
      fc.property(value, fc.boolean(), fc.boolean(), (written, ascii, spaced) => {
        const text = writeJson(written, { ascii, spaced });
        expect(read(text)).to.deep.equal(written);
        expect(() => JSON.parse(text) as unknown).to.not.throw();
        // eslint-disable-next-line no-control-regex -- the whole of ASCII is what is meant.
        if (ascii) expect(text).to.match(/^[\x00-\x7e]*$/);
      }),
      { numRuns: 500 },
    );
  });
});
