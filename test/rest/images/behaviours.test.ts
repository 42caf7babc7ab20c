// Goal: no behaviour of section 14 of the image specification is forgotten. Method: the titles of the
// tests and cases of the slice are searched for all of their numbers.
import { expect } from 'chai';
import { numbersNamed } from '../../support/numbers-named.js';

const BEHAVIOURS = 63;

it('every behaviour of section 14 has a test that names its number', () => {
  const named = numbersNamed(
    ['.', '../../integration', '../../integration/grpc'].map(
      (folder) => new URL(`${folder}/`, import.meta.url),
    ),
    (file) => file.endsWith('.case.yaml') || /^(image|matrix|wire)/.test(file),
  );
  const all = Array.from({ length: BEHAVIOURS }, (_, index) => index + 1);
  expect(all.filter((number) => !named.has(number))).to.deep.equal([]);
});
