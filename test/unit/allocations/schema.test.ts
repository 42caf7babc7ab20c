// Goal: bodies are judged as documented and refused in the words that clients look for (section 3.7).
// Method: the validator alone, on values as the JSON reader makes them.
import { expect } from 'chai';
import { pythonText } from '../../../src/allocations/rest/python-text.js';
import {
  integerFrom,
  numberFrom,
  printViolation,
  type Schema,
  violationOf,
} from '../../../src/allocations/rest/schema.js';
import { unwrap } from '../../../src/kernel/parsed.js';
import { readJson } from '../../../src/rpc/json.js';

const read = (text: string) => unwrap(readJson(Buffer.from(text)));

/** The violation as callers see it, or undefined. */
function refusal(schema: Schema, text: string): string | undefined {
  const violation = violationOf(schema, read(text));
  return violation && printViolation(violation);
}

const INTEGER: Schema = { type: 'integer', minimum: 1, maximum: 2147483647 };
const RESOURCES: Schema = {
  type: 'object',
  minProperties: 1,
  patternProperties: { '^[A-Z0-9_]+$': { type: 'integer', minimum: 1 } },
};

describe('a schema (section 3.7)', () => {
  for (const [text, message] of [
    ['10', undefined],
    ['10.0', undefined],
    ['1e1', undefined],
    ['"10"', `'10' is not of type 'integer'  Failed validating 'type'`],
    ['true', `True is not of type 'integer'`],
    ['10.5', `10.5 is not of type 'integer'`],
    ['1e400', `1e400 is not of type 'integer'`],
    ['null', `None is not of type 'integer'`],
    ['0', `0 is less than the minimum of 1  Failed validating 'minimum'`],
    [
      '2147483648',
      `2147483648 is greater than the maximum of 2147483647  Failed validating 'maximum'`,
    ],
    ['1180591620717411303424', `greater than the maximum of`],
  ] as const)
    it(`${message === undefined ? 'takes' : 'refuses'} ${text} as an integer`, () => {
      const found = refusal(INTEGER, text);
      if (message === undefined) expect(found).to.equal(undefined);
      else expect(found).to.include(message);
    });

  it('names several types', () => {
    expect(refusal({ type: ['integer', 'null'] }, '"x"')).to.include(
      `'x' is not of type 'integer', 'null'`,
    );
    expect(refusal({ type: ['integer', 'null'] }, 'null')).to.equal(undefined);
  });

  it('refuses members that nothing names', () => {
    const schema: Schema = { type: 'object', properties: { name: { type: 'string' } } };
    expect(refusal(schema, '{"x": 1}')).to.include(
      `Additional properties are not allowed ('x' was unexpected)  Failed validating 'additionalProperties'`,
    );
    expect(refusal(schema, '{"x": 1, "y": 2}')).to.include(`('x', 'y' were unexpected)`);
    expect(refusal({ ...schema, additionalProperties: true }, '{"x": 1}')).to.equal(undefined);
    expect(refusal(schema, '{"__proto__": 1}')).to.include(`'__proto__' was unexpected`);
    expect(refusal(RESOURCES, '{"vcpu": 1}')).to.include(
      `'vcpu' does not match any of the regexes: '^[A-Z0-9_]+$'`,
    );
  });

  it('wants what is required, and enough of it', () => {
    expect(refusal({ type: 'object', required: ['total'] }, '{}')).to.include(
      `'total' is a required property  Failed validating 'required'`,
    );
    expect(refusal(RESOURCES, '{}')).to.include(`{} should be non-empty`);
    expect(refusal({ type: 'array', minItems: 1 }, '[]')).to.include(
      `Failed validating 'minItems'`,
    );
    expect(refusal({ type: 'array', uniqueItems: true }, '["a", "a"]')).to.include(
      `['a', 'a'] has non-unique elements`,
    );
    expect(refusal({ type: 'array' }, '{}')).to.include(`{} is not of type 'array'`);
  });

  it('counts characters of texts', () => {
    const schema: Schema = { type: 'string', minLength: 1, maxLength: 2 };
    expect(refusal(schema, '""')).to.include(`Failed validating 'minLength'`);
    expect(refusal(schema, '"😀😀"')).to.equal(undefined);
    expect(refusal(schema, '"😀😀😀"')).to.include(`Failed validating 'maxLength'`);
  });

  it('knows the spellings of a uuid', () => {
    const uuid = '6d1f2f0e-1c55-4a61-9a0c-8f6f0a3b7c11';
    const any: Schema = { type: 'string', format: 'uuid' };
    for (const text of [uuid, uuid.toUpperCase(), uuid.replaceAll('-', ''), `{${uuid}}`])
      expect(refusal(any, JSON.stringify(text)), text).to.equal(undefined);
    expect(refusal(any, '"x"')).to.include(`'x' is not a 'uuid'  Failed validating 'format'`);
    const dashed: Schema = { type: 'string', format: 'dashed-uuid' };
    expect(refusal(dashed, JSON.stringify(uuid))).to.equal(undefined);
    expect(refusal(dashed, JSON.stringify(uuid.replaceAll('-', '')))).to.include('format');
  });

  it('refuses texts that cannot be stored', () => {
    for (const text of ['"a\\u0000"', '"\\ud800"'])
      expect(refusal({ type: 'string' }, text), text).to.include('cannot be stored');
  });

  it('tells the fault nearest to the root, and where it is', () => {
    const schema: Schema = {
      type: 'object',
      properties: { a: { type: 'array', items: RESOURCES } },
      required: ['b'],
    };
    expect(refusal(schema, '{"a": [{"VCPU": 0}]}')).to.include(`'b' is a required property`);
    expect(refusal({ ...schema, required: [] }, '{"a": [{"VCPU": 1}, {"VCPU": 0}]}')).to.equal(
      `0 is less than the minimum of 1  Failed validating 'minimum' in schema  On instance['a'][1]['VCPU']:     0`,
    );
  });
});

describe('numbers of a body', () => {
  it('are read without losing digits', () => {
    expect(integerFrom(read('9007199254740993'))).to.equal(9007199254740993n);
    expect(integerFrom(read('10.0'))).to.equal(10n);
    expect(integerFrom(read('1.5'))).to.equal(undefined);
    expect(numberFrom(read('1.5'))).to.equal(1.5);
    expect(numberFrom(read('-1e400'))).to.equal(-Infinity);
    expect(numberFrom(read('"1"'))).to.equal(undefined);
  });
});

describe('values in messages', () => {
  it('look as Python prints them', () => {
    expect(pythonText(read('{"a": [null, true, false, 1, 1.50, "b"]}'))).to.equal(
      `{'a': [None, True, False, 1, 1.50, 'b']}`,
    );
    expect(pythonText(`it's`)).to.equal(`"it's"`);
    expect(pythonText(`it's "so"`)).to.equal(`'it\\'s "so"'`);
    expect(pythonText('a\n\u0001')).to.equal(`'a\\n\\x01'`);
  });

  it('are cut when they are long', () => {
    for (const text of [`"${'x'.repeat(10_000)}"`, `[${'1,'.repeat(5_000)}1]`])
      expect(pythonText(read(text)).length).to.be.lessThan(250);
  });
});
