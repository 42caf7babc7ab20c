/** Which numbered behaviours of a document have tests, as the titles of these say. */
import { readdirSync, readFileSync } from 'node:fs';

/** A case or test whose title begins with numbers: `2, 3. lists`, `17. to 20., 22. refuses`. */
const TITLE = /(?:^ +- name: ['"]?|\bit\(\s*['"`])(\d+(?:\.?,? (?:to |and )?\d+)*)[.:] /gm;

/** A title that names them within: `behaviours 42 and 43`. */
const WITHIN = /\bbehaviours? (\d+(?:(?:, | and )\d+)*)/g;

/** Returns the numbers that tests and cases in these folders name, in files that are asked for. */
export function numbersNamed(
  folders: readonly URL[],
  isAsked: (file: string) => boolean,
): ReadonlySet<number> {
  const named = new Set<number>();
  for (const folder of folders) {
    for (const file of readdirSync(folder)) {
      if (!/^(?!behaviours).*\.(case\.yaml|test\.ts)$/.test(file) || !isAsked(file)) continue;
      const text = readFileSync(new URL(file, folder), 'utf8');
      for (const pattern of [TITLE, WITHIN])
        for (const [, numbers = ''] of text.matchAll(pattern))
          for (const number of numbersIn(numbers)) named.add(number);
    }
  }
  return named;
}

function* numbersIn(text: string): Iterable<number> {
  for (const [, first = '', last = first] of text.matchAll(/(\d+)(?:\.? to (\d+))?/g))
    for (let number = Number(first); number <= Number(last); number += 1) yield number;
}
