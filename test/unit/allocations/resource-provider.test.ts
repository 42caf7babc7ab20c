// Goal: names and generations of providers are judged as sections 2 and 12 of the allocations
// specification say. Method: the borders of each rule.
import { expect } from 'chai';
import {
  isProviderName,
  providerNotFound,
  requireGeneration,
} from '../../../src/allocations/domain/resource-provider.js';
import { failureOf } from '../../support/failure-of.js';

describe('the name of a provider', () => {
  it('has 1 to 200 characters, whatever they are made of [2]', () => {
    for (const name of ['a', 'x'.repeat(200), '☃'.repeat(200), '😀'.repeat(200)])
      expect(isProviderName(name), name).to.equal(true);
    for (const name of ['', 'x'.repeat(201), '😀'.repeat(201), 'a\0', '\ud800'])
      expect(isProviderName(name), name).to.equal(false);
  });
});

describe('the generation of a provider', () => {
  const provider = { uuid: 'p', generation: 7n };

  it('lets pass who has read the last change [15]', () => {
    expect(() => requireGeneration(provider, 7n)).to.not.throw();
  });

  it('stops everybody else, and says what it is and what was given [15]', async () => {
    for (const given of [6n, 8n, -1n, 2n ** 70n])
      expect(
        await failureOf(() => {
          requireGeneration(provider, given);
          return Promise.resolve();
        }),
      ).to.deep.include({
        reason: 'GENERATION_CONFLICT',
        facts: { kind: 'resource_provider', id: 'p', expected: 7n, given },
      });
  });
});

describe('a provider that does not exist', () => {
  it('is named in the documented words [11, 12]', () => {
    expect(providerNotFound('p').message).to.equal('No resource provider with uuid p found');
    expect(providerNotFound('p', ' for delete').message).to.equal(
      'No resource provider with uuid p found for delete',
    );
  });
});
