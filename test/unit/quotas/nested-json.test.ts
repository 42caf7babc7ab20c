// Goal: a long answer written entry by entry is the JSON that writing it at once would give.
// Method: random entries in the order of their keys are written both ways, in both styles.
import { expect } from 'chai';
import fc from 'fast-check';
import { NestedJson } from '../../../src/quotas/rest/nested-json.js';
import { type JsonStyle, writeJson } from '../../../src/rpc/json.js';

const SPACED: JsonStyle = { ascii: true, spaced: true };
const TIGHT: JsonStyle = { ascii: false, spaced: false };

function textOf(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString();
}

type Tree = { [key: string]: Tree | string };

/** The entries as nested objects; a null prototype, so that no name is special. */
function treeOf(entries: readonly (readonly [readonly string[], string])[]): Tree {
  const root = Object.create(null) as Tree;
  for (const [path, value] of entries) {
    let node = root;
    for (const key of path.slice(0, -1)) node = (node[key] ??= Object.create(null) as Tree) as Tree;
    node[path.at(-1) ?? ''] = value;
  }
  return root;
}

describe('NestedJson', () => {
  it('writes an empty object when nothing is added', () => {
    for (const depth of [1, 2, 3])
      expect(textOf(new NestedJson(depth, SPACED).end())).to.equal('{}');
  });

  it('opens and closes objects where keys change', () => {
    const json = new NestedJson(3, SPACED);
    json.add(['a', 'x', '1'], '{}');
    json.add(['a', 'x', '2'], '7');
    json.add(['a', 'y', '1'], 'null');
    json.add(['b', 'y', '1'], '[]');
    expect(textOf(json.end())).to.equal(
      '{"a": {"x": {"1": {}, "2": 7}, "y": {"1": null}}, "b": {"y": {"1": []}}}',
    );
  });

  it('opens a new object when only an outer key changes', () => {
    const json = new NestedJson(2, TIGHT);
    json.add(['a', 'x'], '1');
    json.add(['b', 'x'], '2');
    expect(textOf(json.end())).to.equal('{"a":{"x":1},"b":{"x":2}}');
  });

  it('writes one level', () => {
    const json = new NestedJson(1, TIGHT);
    json.add(['a'], '1');
    json.add(['b'], '2');
    expect(textOf(json.end())).to.equal('{"a":1,"b":2}');
  });

  it('escapes keys, in ASCII where the style says so', () => {
    for (const [style, expected] of [
      [SPACED, '{"\\u03bd\\ud83d\\ude00\\"": 1}'],
      [TIGHT, '{"ν😀\\"":1}'],
    ] as const) {
      const json = new NestedJson(1, style);
      json.add(['ν😀"'], '1');
      expect(textOf(json.end())).to.equal(expected);
    }
  });

  it('writes a long answer in several pieces that are one JSON', () => {
    const json = new NestedJson(2, SPACED);
    const value = JSON.stringify('x'.repeat(1_000));
    for (let index = 0; index < 1_000; index += 1) json.add([`k${index >> 3}`, `${index}`], value);
    const pieces = json.end();
    expect(pieces.length).to.be.greaterThan(3);
    const parsed = JSON.parse(textOf(pieces)) as Record<string, Record<string, string>>;
    const keys = Object.values(parsed).flatMap((entries) => Object.keys(entries));
    expect(Object.keys(parsed)).to.have.length(125);
    expect(new Set(keys).size).to.equal(1_000);
  });

  it('writes what writing at once writes', () => {
    const key = fc.oneof(
      fc.constantFrom('', 'a', '__proto__', 'ν', '1'),
      fc.string({ maxLength: 4 }),
    );
    for (const depth of [1, 2, 3]) {
      const path = fc.array(key, { minLength: depth, maxLength: depth });
      const paths = fc.uniqueArray(path, { selector: (one) => JSON.stringify(one), maxLength: 30 });
      fc.assert(
        fc.property(paths, fc.boolean(), (drawn, ascii) => {
          const style = ascii ? SPACED : TIGHT;
          const entries = treeOf(drawn.map((one, index) => [one, String(index)] as const));
          const json = new NestedJson(depth, style);
          // In the order in which an object of objects has them, so that equal keys are neighbours.
          visit(entries, [], (one, value) => {
            json.add(one, writeJson(value, style));
          });
          expect(textOf(json.end())).to.equal(writeJson(entries, style));
        }),
        { numRuns: 200 },
      );
    }
  });
});

function visit(tree: Tree, path: readonly string[], leaf: (path: string[], value: string) => void) {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') leaf([...path, key], value);
    else visit(value, [...path, key], leaf);
  }
}
