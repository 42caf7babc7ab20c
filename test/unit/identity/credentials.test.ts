// Goal: which token a call carries. Method: a table of header pairs.
import { expect } from 'chai';
import { tokenIn } from '../../../src/identity/domain/credentials.js';

describe('tokenIn', () => {
  const cases: [title: string, authToken?: string, authorization?: string, expected?: string][] = [
    ['finds nothing in a call without headers'],
    ['takes X-Auth-Token', 'abc', undefined, 'abc'],
    ['counts an empty X-Auth-Token as none', ''],
    ['takes Authorization: Token', undefined, 'Token abc', 'abc'],
    ['takes Authorization: Bearer in any case', undefined, 'bEaReR abc', 'abc'],
    ['prefers X-Auth-Token', 'abc', 'Token def', 'abc'],
    ['looks at Authorization when X-Auth-Token is empty', '', 'Token def', 'def'],
    ['ignores other schemes', undefined, 'Basic YTpi'],
    ['ignores a scheme without a token', undefined, 'Token '],
    ['ignores more than one word', undefined, 'Token a b'],
  ];
  for (const [title, authToken, authorization, expected] of cases)
    it(title, () => {
      expect(tokenIn({ authToken, authorization })).to.equal(expected);
    });
});
