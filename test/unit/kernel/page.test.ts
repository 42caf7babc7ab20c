// Goal: pages continue where the last one ended, and no token but our own is believed.
// Method: tokens are made, read back and forged; sizes sit on their borders.
import { expect } from 'chai';
import fc from 'fast-check';
import { LARGEST_PAGE, pageFromRequest, pageTokenAfter } from '../../../src/kernel/page.js';

function page(pageSize: number, pageToken = '', width = 1) {
  return pageFromRequest({ pageSize, pageToken }, width);
}

function refusal(pageSize: number, pageToken: string, width = 1): string {
  const outcome = page(pageSize, pageToken, width);
  if (outcome.ok) throw new Error('It was taken');
  expect(outcome.failure).to.include({ kind: 'invalid', reason: 'INVALID_REQUEST' });
  return outcome.failure.message;
}

describe('the size of a page', () => {
  it('is the largest when none is asked for, and never larger', () => {
    for (const asked of [0, LARGEST_PAGE, LARGEST_PAGE + 1, 2_147_483_647])
      expect(page(asked)).to.deep.equal({
        ok: true,
        value: { size: LARGEST_PAGE, after: undefined },
      });
  });

  it('is what is asked for below that', () => {
    for (const asked of [1, LARGEST_PAGE - 1])
      expect(page(asked)).to.deep.equal({ ok: true, value: { size: asked, after: undefined } });
  });

  it('must not be negative', () => {
    for (const asked of [-1, -2_147_483_648]) expect(refusal(asked, '')).to.include('page_size');
  });
});

describe('the token of a page', () => {
  it('leads back to its key, whatever the key is', () => {
    const part = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (key) => {
        const token = pageTokenAfter(key);
        expect(token).to.match(/^[\w-]+$/);
        expect(page(5, token, key.length)).to.deep.equal({
          ok: true,
          value: { size: 5, after: key },
        });
      }),
    );
  });

  it('is refused by a list whose keys have another width', () => {
    expect(refusal(5, pageTokenAfter(['a']), 2)).to.include('page_token');
    expect(refusal(5, pageTokenAfter(['a', 'b', 'c']), 2)).to.include('page_token');
  });

  it('is refused when it is forged', () => {
    const encoded = (text: string) => Buffer.from(text).toString('base64url');
    for (const token of [
      'a',
      '!!!',
      encoded('null'),
      encoded('"a"'),
      encoded('[1]'),
      encoded('[null]'),
      encoded('[["a"]]'),
      encoded('{"0": "a", "length": 1}'),
      encoded('["a"'),
      encoded('["a\\u0000b"]'),
      encoded('[]'),
    ])
      expect(refusal(5, token), token).to.include('page_token');
  });

  it('is judged after the size', () => {
    expect(refusal(-1, 'forged')).to.include('page_size');
  });
});
