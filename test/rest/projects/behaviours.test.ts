// Goal: no behaviour of section 18 of the projects specification is forgotten. Method: the titles of
// the tests and cases of the API are searched for all of their numbers.
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';

const FOLDERS = ['.', '../../integration'].map((folder) => new URL(`${folder}/`, import.meta.url));
const BEHAVIOURS = 55;

it('every behaviour of section 18 has a test that names its number', () => {
  const named = new Set<number>();
  for (const folder of FOLDERS) {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.case.yaml') && !/^(?!behaviours)[\w-]+\.test\.ts$/.test(file)) continue;
      const text = readFileSync(new URL(file, folder), 'utf8');
      const titles = text.matchAll(/\bbehaviours? (\d+(?:(?:, | and )\d+)*)/g);
      for (const [, numbers = ''] of titles)
        for (const number of numbers.split(/, | and /)) named.add(Number(number));
    }
  }
  const all = Array.from({ length: BEHAVIOURS }, (_, index) => index + 1);
  expect(all.filter((number) => !named.has(number))).to.deep.equal([]);
});
