/**
 * Goal: dates are read as section 1.4 of the projects specification says, and printed as they were
 * meant. Method: spellings and what they come to, side by side.
 */
import { expect } from 'chai';
import { astakosTime } from '../../../src/identity/index.js';
import { isPrintable, Moment, momentFrom } from '../../../src/projects/domain/moment.js';

describe('a date that somebody sends', () => {
  for (const [sent, printed] of Object.entries({
    '2113-05-05T20:20:20Z': '2113-05-05T20:20:20+00:00',
    '2113-5-5T20:20:20Z': '2113-05-05T20:20:20+00:00',
    '2113-01-01T0:0Z': '2113-01-01T00:00:00+00:00',
    '2031-03-01 07:00:00+00:00': '2031-03-01T07:00:00+00:00',
    '2031-03-01T07:00:00.5+02:00': '2031-03-01T05:00:00.500000+00:00',
    '2031-03-01T07:00:00.000001Z': '2031-03-01T07:00:00.000001+00:00',
    '2031-03-01T07:00:00.1234567Z': '2031-03-01T07:00:00.123456+00:00',
    '2031-12-31T23:30:00-0130': '2032-01-01T01:00:00+00:00',
    '2032-02-29T12:00:00+05': '2032-02-29T07:00:00+00:00',
    '0001-01-01T00:00:00Z': '0001-01-01T00:00:00+00:00',
    '9999-12-31T23:59:59.999999Z': '9999-12-31T23:59:59.999999+00:00',
  })) {
    it(`${sent} means ${printed} [1.4]`, () => {
      expect(astakosTime(momentFrom(sent)!)).to.equal(printed);
    });
  }

  for (const sent of [
    ...['', 'nonex', '2031-03-01', '2031-03-01T07:00:00', '2031-03-01T07:00:00 CET'],
    ...['2031-02-29T07:00:00Z', '2031-13-01T07:00:00Z', '2031-00-01T07:00:00Z'],
    ...['2031-03-01T24:00:00Z', '2031-03-01T07:60:00Z', '2031-03-01T07:00:60Z'],
    ...['2031-03-01T07Z', '31-03-01T07:00:00Z', '12031-03-01T07:00:00Z', ' 2031-03-01T07:00:00Z'],
    ...['2031-03-01T07:00:00+24:00', '2031-03-01T07:00:00+00:60', '2031-03-01T07:00:00+1:00'],
    ...['0000-12-31T00:00:00Z', '0001-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01'],
    ...['2031-03-01T07:00:00Z\n', '2031-03-01T07:00:00.Z', '1e3', '2031-W09-6T07:00:00Z'],
  ]) {
    it(`${JSON.stringify(sent)} means nothing [1.4]`, () => {
      expect(momentFrom(sent)).to.equal(undefined);
    });
  }
});

describe('a moment', () => {
  it('is a date like any other, and comes back from its own text', () => {
    const moment = new Moment(Date.UTC(2031, 2, 1, 7), 42);
    expect(moment.toISOString()).to.equal('2031-03-01T07:00:00.000042Z');
    expect(JSON.stringify({ moment })).to.equal('{"moment":"2031-03-01T07:00:00.000042Z"}');
    expect(momentFrom(moment.toISOString())).to.deep.equal(moment);
    expect(moment > new Date(Date.UTC(2031, 2, 1, 6))).to.equal(true);
    expect(new Moment(0, 0).toISOString()).to.equal(new Date(0).toISOString());
  });

  it('can be printed while its year has four digits', () => {
    expect(isPrintable(new Date(NaN))).to.equal(false);
    expect(isPrintable(new Date(Date.UTC(10_000, 0)))).to.equal(false);
    expect(isPrintable(new Date(Date.UTC(9_999, 0)))).to.equal(true);
  });
});
