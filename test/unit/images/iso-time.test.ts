// Goal: time filters read ISO 8601 and nothing else (image specification, section 8.4; errata: whole
// seconds). Method: the rule alone.
import { expect } from 'chai';
import { isoTime } from '../../../src/images/rest/iso-time.js';

describe('a time of a filter (section 8.4)', () => {
  for (const [text, moment] of [
    ['2031-04-09', '2031-04-09T00:00:00.000Z'],
    ['2031-04-09T16:02', '2031-04-09T16:02:00.000Z'],
    ['2031-04-09T16:02:41Z', '2031-04-09T16:02:41.000Z'],
    ['2031-04-09 16:02:41.987654', '2031-04-09T16:02:41.000Z'],
    ['2031-04-09T16:02:41+02', '2031-04-09T14:02:41.000Z'],
    ['2031-04-09T16:02:41-0530', '2031-04-09T21:32:41.000Z'],
    ['2032-02-29T00:00:00+01:00', '2032-02-28T23:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ] as const)
    it(`is read from ${text}`, () => {
      expect(isoTime(text)?.toISOString()).to.equal(moment);
    });

  for (const text of [
    ...['', 'bad', '2031', '2031-04', '2031-13-01', '2031-02-29', '2031-04-31', '2031-04-09T24:00'],
    ...['2031-04-09T16:60', '2031-04-09T16:02:60', '2031-04-09T16', '2031-04-09Z', ' 2031-04-09'],
    ...['2031-04-09T16:02:41+2', '12031-04-09', '2031-04-09T16:02:41Zz', '٢٠٣١-04-09'],
  ])
    it(`is not read from "${text}"`, () => {
      expect(isoTime(text)).to.equal(undefined);
    });
});
