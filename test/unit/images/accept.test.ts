// Goal: the form of a fault follows `Accept` (image specification, section 3.3). Method: the rule alone.
import { expect } from 'chai';
import { faultFormat } from '../../../src/images/rest/accept.js';

describe('the form of a fault (section 3.3)', () => {
  for (const [format, accepted] of [
    ['json', ['application/json', 'APPLICATION/JSON', 'application/*', 'a/b, application/json']],
    ['json', ['application/json, text/html;q=0.5', 'text/html;q=0, application/json;q=0.001']],
    ['html', ['*/*', 'text/html', 'text/*', 'application/json, */*', 'application/json,text/html']],
    ['text', [undefined, '', 'text/plain', 'application/xml', '*/*;q=0', ';;,,', 'json', '/']],
    ['text', ['text/html;q=2', 'text/html;q=-1', 'text/html;q=x']],
  ] as const)
    for (const accept of accepted)
      it(`is ${format} for ${String(accept)}`, () => {
        expect(faultFormat(accept)).to.equal(format);
      });

  it('follows the most specific range', () => {
    expect(faultFormat('*/*;q=0.9, text/html;q=0.1, application/json;q=0.2')).to.equal('json');
    expect(faultFormat('text/*;q=0, */*')).to.equal('json');
  });
});
