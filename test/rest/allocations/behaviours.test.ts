// Goal: no behaviour of section 19 of the allocation specification is forgotten. Method: the titles of
// the tests and cases of the slice are searched for all of their numbers.
import { expect } from 'chai';
import { numbersNamed } from '../../support/numbers-named.js';

const BEHAVIOURS = 71;

it('every behaviour of section 19 has a test that names its number', () => {
  const named = numbersNamed(
    ['.', 'token', '../../integration', '../../unit/allocations'].map(
      (folder) => new URL(`${folder}/`, import.meta.url),
    ),
    (file) => !/^(image|cli|projects?|quota|identity|ledger|membership|events?)-?/.test(file),
  );
  const all = Array.from({ length: BEHAVIOURS }, (_, index) => index + 1);
  expect(all.filter((number) => !named.has(number))).to.deep.equal([]);
});
