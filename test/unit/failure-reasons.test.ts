// Goal: the reasons the program uses and the ones the proto documents are the same list.
// Method: the union in the kernel's source is compared with the generated enum.
import { expect } from 'chai';
import { FailureReason } from '../../src/gen/apportion/failure/v1/failure.js';
import { unionWords } from '../support/union-words.js';

const PREFIX = 'FAILURE_REASON_';

describe('failure reasons', () => {
  it('are the same in the kernel and in the proto', () => {
    const source = new URL('../../src/kernel/failure.ts', import.meta.url);
    const documented = Object.keys(FailureReason)
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => name.slice(PREFIX.length))
      .filter((name) => name !== 'UNSPECIFIED');
    expect(documented.length).to.be.greaterThan(20);
    expect([...unionWords(source, 'FailureReason')].sort()).to.deep.equal(documented.sort());
  });
});
