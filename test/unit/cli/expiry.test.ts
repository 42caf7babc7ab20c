// Goal: what `--expires` understands. Method: a table, against a fixed present.
import { expect } from 'chai';
import { parseExpiry } from '../../../src/cli/expiry.js';
import { printable } from '../../../src/cli/output.js';

const NOW = new Date('2030-01-01T00:00:00Z');

describe('parseExpiry', () => {
  const understood: [text: string, expected: string | null][] = [
    ['never', null],
    ['30d', '2030-01-31T00:00:00.000Z'],
    ['90s', '2030-01-01T00:01:30.000Z'],
    ['5m', '2030-01-01T00:05:00.000Z'],
    ['1h', '2030-01-01T01:00:00.000Z'],
    ['2w', '2030-01-15T00:00:00.000Z'],
    ['2031-04-02T09:30:00+02:00', '2031-04-02T07:30:00.000Z'],
    ['2031-04-02T09:30Z', '2031-04-02T09:30:00.000Z'],
  ];
  for (const [text, expected] of understood)
    it(`takes ${text}`, () => {
      expect(parseExpiry(text, NOW)?.toISOString() ?? null).to.equal(expected);
    });

  for (const text of [
    '',
    '30',
    'd',
    '-1d',
    '1y',
    '2031-04-02',
    '2031-13-02T00:00:00Z',
    '999999999w',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseExpiry(text, NOW)).to.throw(/Say never/);
    });
});

describe('printable', () => {
  it('keeps text from steering the terminal', () => {
    expect(printable('Ωμέγα \u001b[31m\n\u202e')).to.equal('Ωμέγα \\u001b[31m\\u000a\\u202e');
  });
});
