// Goal: the filters of the provider list are read as sections 12, 14.2 and 14.3 of the allocations
// specification say, and refused in their words.
// Method: tables of texts, each with what it means or how it is refused.
import { expect } from 'chai';
import {
  memberOfFrom,
  requiredFrom,
  resourcesFrom,
} from '../../../src/allocations/domain/provider-filter.js';
import { canonicalUuid, isDashedUuid } from '../../../src/allocations/domain/uuid.js';
import { Failure } from '../../../src/kernel/failure.js';

const A = '6d1f2f0e-1c55-4a61-9a0c-8f6f0a3b7c11';
const B = 'b7c0a9de-52d1-4c0f-8d3e-91e2a4f5c622';

function refusalOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof Failure && error.reason === 'INVALID_REQUEST') return error.message;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('resources in a query', () => {
  it('are amounts by class [12]', () => {
    expect([...resourcesFrom('VCPU:2,DISK_GB:500')]).to.deep.equal([
      ['VCPU', 2n],
      ['DISK_GB', 500n],
    ]);
  });

  it('count the later amount of a class that is named twice', () => {
    expect([...resourcesFrom('VCPU:2,VCPU:3')]).to.deep.equal([['VCPU', 3n]]);
  });

  it('keep amounts that no inventory can have', () => {
    expect(resourcesFrom('VCPU:99999999999999999999').get('VCPU')).to.equal(99999999999999999999n);
  });

  const REFUSALS: readonly (readonly [text: string, words: RegExp])[] = [
    ['', /^Badly formed resources parameter\..* Got: empty string\.$/],
    ['DISK_GB:500,', /^Badly formed resources parameter\..* Got: \.$/],
    ['DISK_GB', /^Badly formed resources parameter\..* Got: DISK_GB\.$/],
    ['VCPU:1:2', /^Badly formed resources parameter\..* Got: VCPU:1:2\.$/],
    ['VCPU:fred', /^Requested resource VCPU expected positive integer amount\. Got: fred\.$/],
    ['VCPU:1.5', /expected positive integer amount\. Got: 1\.5\.$/],
    ['VCPU:', /expected positive integer amount\. Got: \.$/],
    ['VCPU:-2', /^Requested resource VCPU requires amount >= 1\. Got: -2\.$/],
    ['VCPU:0', /requires amount >= 1\. Got: 0\.$/],
  ];
  for (const [text, words] of REFUSALS)
    it(`are refused as "${text}" [12, behaviour 62]`, () => {
      expect(refusalOf(() => resourcesFrom(text))).to.match(words);
    });
});

describe('member_of in a query', () => {
  const OLD = { mayRepeat: false, mayForbid: false };
  const REPEATED = { mayRepeat: true, mayForbid: false };
  const NEWEST = { mayRepeat: true, mayForbid: true };

  it('names one aggregate, or several to choose from [14.2]', () => {
    expect(memberOfFrom([A], OLD)).to.deep.equal({ anyOf: [[A]], noneOf: [] });
    expect(memberOfFrom([`in:${A},${B}`], OLD)).to.deep.equal({ anyOf: [[A, B]], noneOf: [] });
    expect(memberOfFrom([`in:${A}`], OLD)).to.deep.equal({ anyOf: [[A]], noneOf: [] });
  });

  it('is repeated from 1.24, and then all must hold [14.2]', () => {
    expect(memberOfFrom([A, `in:${A},${B}`], REPEATED)).to.deep.equal({
      anyOf: [[A], [A, B]],
      noneOf: [],
    });
    expect(refusalOf(() => memberOfFrom([A, B], OLD))).to.include('Multiple member_of');
  });

  it('forbids aggregates from 1.32, even one that is asked for [14.2]', () => {
    expect(memberOfFrom([`!${A}`], NEWEST)).to.deep.equal({ anyOf: [], noneOf: [A] });
    expect(memberOfFrom([`!in:${A},${B}`, A], NEWEST)).to.deep.equal({
      anyOf: [[A]],
      noneOf: [A, B],
    });
    for (const text of [`!${A}`, `!in:${A}`])
      expect(refusalOf(() => memberOfFrom([text], REPEATED))).to.include('valid UUID');
  });

  it('finds aggregates in any spelling [3.7]', () => {
    const { anyOf } = memberOfFrom([A.toUpperCase().replaceAll('-', '')], OLD);
    expect(anyOf).to.deep.equal([[A]]);
  });

  it('refuses everything else [14.2]', () => {
    for (const text of ['', 'in:', 'spam', `in:${A},`, `in:!${A}`, `in:${A},!${B}`, `!!${A}`, '!'])
      expect(
        refusalOf(() => memberOfFrom([text], NEWEST)),
        text,
      ).to.include('valid UUID');
    expect(refusalOf(() => memberOfFrom([`${A},${B}`], NEWEST))).to.include("'in:'");
  });
});

describe('required in a query', () => {
  const OLD = { mayForbid: false, mayChoose: false };
  const FORBIDDING = { mayForbid: true, mayChoose: false };
  const NEWEST = { mayForbid: true, mayChoose: true };

  it('lists traits that must all be there [14.3]', () => {
    expect(requiredFrom(['CUSTOM_A,CUSTOM_B'], OLD)).to.deep.equal({
      anyOf: [['CUSTOM_A'], ['CUSTOM_B']],
      noneOf: [],
    });
  });

  it('forbids traits from 1.22 [14.3]', () => {
    expect(requiredFrom(['CUSTOM_A,!CUSTOM_B'], FORBIDDING)).to.deep.equal({
      anyOf: [['CUSTOM_A']],
      noneOf: ['CUSTOM_B'],
    });
    expect(refusalOf(() => requiredFrom(['!CUSTOM_B'], OLD))).to.match(/^Invalid query string/);
  });

  it('offers a choice and may be repeated from 1.39 [14.3]', () => {
    expect(requiredFrom(['in:CUSTOM_A,CUSTOM_B', '!CUSTOM_C', 'CUSTOM_D'], NEWEST)).to.deep.equal({
      anyOf: [['CUSTOM_A', 'CUSTOM_B'], ['CUSTOM_D']],
      noneOf: ['CUSTOM_C'],
    });
    expect(refusalOf(() => requiredFrom(['in:CUSTOM_A'], FORBIDDING))).to.include('CUSTOM_MAGIC');
  });

  it('counts the last of several before 1.39 [3.7]', () => {
    expect(requiredFrom(['CUSTOM_A', 'CUSTOM_B'], FORBIDDING).anyOf).to.deep.equal([['CUSTOM_B']]);
  });

  it('refuses everything else [14.3]', () => {
    for (const text of ['', ',', 'CUSTOM_A,', '!', 'in:', 'in:!CUSTOM_A', '!in:CUSTOM_A', 'custom'])
      expect(
        refusalOf(() => requiredFrom([text], NEWEST)),
        text,
      ).to.include('Expected');
  });
});

describe('a uuid', () => {
  it('is known in any spelling [3.7]', () => {
    const bare = A.replaceAll('-', '');
    for (const text of [A, A.toUpperCase(), bare, `{${A}}`, `urn:uuid:${A}`])
      expect(canonicalUuid(text), text).to.equal(A);
    for (const text of ['', 'spam', `${bare}0`, '-'.repeat(36), `${A}\0`])
      expect(canonicalUuid(text), text).to.equal(undefined);
  });

  it('has its dashes in their places in a query [3.7, behaviour 62]', () => {
    expect(isDashedUuid(A)).to.equal(true);
    expect(isDashedUuid(A.toUpperCase())).to.equal(true);
    for (const text of ['spameggs', A.replaceAll('-', ''), `{${A}}`, `${A} `])
      expect(isDashedUuid(text), text).to.equal(false);
  });
});
