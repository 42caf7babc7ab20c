// Goal: one clear line for everything that can be wrong with a state file. Method: a table of small
// files, with sections made for the purpose, and the line each one is refused with.
import { expect } from 'chai';
import { z } from 'zod';
import { OperatorError } from '../../../src/kernel/operator-error.js';
import { readStateDocument } from '../../../src/state/document.js';
import { integer, moment, text } from '../../../src/state/fields.js';
import type { StateSection } from '../../../src/state/section.js';

const people: StateSection = {
  key: 'users',
  entry: z.strictObject({
    uuid: text(),
    active: z.boolean().default(true),
    limit: integer(0n, 9223372036854775807n).optional(),
    policy: z.enum(['auto', 'moderated']).optional(),
    resources: z.record(z.string(), z.strictObject({ capacity: z.bigint() })).optional(),
    tokens: z.array(z.strictObject({ expires_at: moment.nullable().optional() })).default([]),
  }),
  apply: () => Promise.resolve(),
};
const things: StateSection = { ...people, key: 'things' };

function read(yaml: string) {
  return readStateDocument('state.yaml', yaml, [people, things]);
}

function refusal(yaml: string): string {
  try {
    read(yaml);
  } catch (error) {
    expect(error).to.be.instanceOf(OperatorError);
    return (error as Error).message;
  }
  return 'accepted';
}

describe('readStateDocument', () => {
  const refused: [yaml: string, message: string][] = [
    ['customers: []', 'customers: unknown key'],
    ['users: [{uuid: u, colour: red}]', 'users[0].colour: unknown key'],
    ['users: [{uuid: u}, {uuid: v, __proto__: {}}]', 'users[1].__proto__: unknown key'],
    ['__proto__: {}', '__proto__: unknown key'],
    ['users: [{}]', 'users[0].uuid: is missing'],
    ['users: [{uuid: }]', 'users[0].uuid: must be a text, not null'],
    ['users: [{uuid: 7}]', 'users[0].uuid: must be a text, not a whole number'],
    ['users: [{uuid: 1.5}]', 'users[0].uuid: must be a text, not a number'],
    ['users: [{uuid: ""}]', 'users[0].uuid: must have 1 to 255 characters'],
    ['users: [{uuid: "a\\0b"}]', 'users[0].uuid: must not contain NUL or broken characters'],
    ['users: [{uuid: "\\uD800"}]', 'users[0].uuid: must not contain NUL or broken characters'],
    [`users: [{uuid: ${'x'.repeat(256)}}]`, 'users[0].uuid: must have 1 to 255 characters'],
    ['users: [{uuid: u, active: "yes"}]', 'users[0].active: must be true or false, not a text'],
    ['users: [{uuid: u, policy: open}]', 'users[0].policy: must be auto or moderated'],
    ['users: [{uuid: u, limit: -1}]', 'users[0].limit: must be 0 to 9223372036854775807'],
    ['users: [{uuid: u, limit: 1.5}]', 'users[0].limit: must be a whole number, not a number'],
    [
      'users: [{uuid: u, limit: 9223372036854775808}]',
      'users[0].limit: must be 0 to 9223372036854775807',
    ],
    [
      'users: [{uuid: u, resources: {nimbus.vm: {capacity: 1, more: 2}}}]',
      'users[0].resources["nimbus.vm"].more: unknown key',
    ],
    [
      'users: [{uuid: u, tokens: [{}, {expires_at: tomorrow}]}]',
      'users[0].tokens[1].expires_at: must be a time such as 2030-01-01T00:00:00Z',
    ],
    [
      'users: [{uuid: u, tokens: [{expires_at: 2030-01-01}]}]',
      'users[0].tokens[0].expires_at: must be a time such as 2030-01-01T00:00:00Z',
    ],
    ['users: {uuid: u}', 'users: must be a list, not a group of keys'],
    ['users: [u]', 'users[0]: must be a group of keys, not a text'],
    ['- users', 'must be a group of keys such as users: and components:'],
    ['just words', 'must be a group of keys such as users: and components:'],
    ['users: []\nusers: []', 'line 2, column 1: the same key twice'],
    ['users: [{uuid: u, uuid: v}]', 'line 1, column 19: the same key twice'],
  ];
  for (const [yaml, message] of refused)
    it(`refuses ${yaml.length > 70 ? `${yaml.slice(0, 70)}…` : yaml}`, () => {
      expect(refusal(yaml)).to.equal(`state.yaml: ${message}`);
    });

  it('refuses what is not YAML, telling line and column', () => {
    expect(refusal('users:\n  - {uuid: u')).to.match(/^state\.yaml: line \d+, column \d+: \S/);
    expect(refusal('users: []\n---\nusers: []')).to.match(/^state\.yaml: line \d+, column \d+: \S/);
    expect(refusal('users: !!js/function "x"')).to.match(/^state\.yaml: line 1, column \d+: \S/);
  });

  it('refuses aliases that unfold without end, and at once', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 0; level < 12; level += 1) {
      const [name, before] = ['bcdefghijklm'[level], 'abcdefghijkl'[level]];
      lines.push(
        `${name ?? ''}: &${name ?? ''} [${Array(10)
          .fill(`*${before ?? ''}`)
          .join(', ')}]`,
      );
    }
    const begun = Date.now();
    expect(refusal(lines.join('\n'))).to.match(/^state\.yaml: /);
    expect(refusal('users: &u [*u]')).to.match(/^state\.yaml: /);
    expect(Date.now() - begun).to.be.below(2_000);
  });

  it('gives every section its list, an empty one when the file says nothing', () => {
    for (const yaml of ['', '# nothing', 'users:', 'users: []\nthings: null', '{}']) {
      const document = read(yaml);
      expect([...document.keys()]).to.deep.equal([people, things]);
      expect([...document.values()]).to.deep.equal([[], []]);
    }
  });

  it('keeps the order of the sections, whatever that of the file', () => {
    const document = read('things: [{uuid: t}]\nusers: [{uuid: u}]');
    expect([...document.keys()].map(({ key }) => key)).to.deep.equal(['users', 'things']);
  });

  it('loses no digit and reads times with their offset', () => {
    const document = read(
      'users: [{uuid: u, limit: 9223372036854775807, tokens: [{expires_at: 2030-01-01T02:00:00+02:00}]}]',
    );
    expect(document.get(people)).to.deep.equal([
      {
        uuid: 'u',
        active: true,
        limit: 9223372036854775807n,
        tokens: [{ expires_at: new Date('2030-01-01T00:00:00Z') }],
      },
    ]);
  });

  it('lets one value stand for several by an alias', () => {
    const document = read('users: [&u {uuid: u}]\nthings: [*u]');
    expect(document.get(things)).to.have.length(1);
  });
});
