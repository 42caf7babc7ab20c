// Goal: identity's documented requests and answers (quota specification, section 11; errata 9-12).
// Method: pure functions from request to command and from result to answer.
import { expect } from 'chai';
import { astakosTime } from '../../../src/identity/rest/astakos-time.js';
import {
  accessToHttp,
  authenticateFromHttp,
  getTokenFromHttp,
} from '../../../src/identity/rest/tokens.js';
import {
  userCatalogsFromHttp,
  userCatalogsToHttp,
} from '../../../src/identity/rest/user-catalogs.js';
import { Failure } from '../../../src/kernel/failure.js';
import type { Parsed } from '../../../src/kernel/parsed.js';
import type { HttpRequest } from '../../../src/rpc/http.js';

function request(body: string, fields: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    target: '/',
    path: '/',
    parameters: [],
    query: new URLSearchParams(),
    headers: {},
    origin: 'http://edge.test',
    contentType: 'application/json',
    body: Buffer.from(body),
    requestId: 'r',
    ...fields,
  };
}

function outcomeOf(decoded: Parsed<unknown>): unknown {
  if (decoded.ok) return decoded.value;
  expect(decoded.failure).to.be.instanceOf(Failure);
  expect(decoded.failure.kind).to.equal('invalid');
  return 'refused';
}

describe('authenticateFromHttp', () => {
  it('11: takes an empty body as the wish for the catalogue, whatever its type', () => {
    for (const contentType of ['', 'application/json', 'text/plain'])
      expect(outcomeOf(authenticateFromHttp(request('', { contentType })))).to.deep.equal({});
  });

  const cases: [body: string, expected: unknown][] = [
    ['{"auth": {"token": {"id": "t"}}}', { token: 't' }],
    ['{"auth": {"token": {"id": "t"}, "tenantName": "p"}}', { token: 't', tenant: 'p' }],
    ['{"auth": {"token": {"id": "t"}, "tenantName": null}}', { token: 't' }],
    ['{"auth": {"token": {"id": "t"}, "tenantName": ""}}', { token: 't' }],
    ['{"auth": {"token": {"id": "t"}, "tenantName": 7}}', 'refused'],
    ['{"auth": {"token": {"id": ""}}}', 'refused'],
    ['{"auth": {"token": {"id": 7}}}', 'refused'],
    ['{"auth": {"token": "t"}}', 'refused'],
    ['{"auth": {"passwordCredentials": {"username": "u", "password": "p"}}}', 'refused'],
    ['{"auth": null}', 'refused'],
    ['{}', 'refused'],
    ['[]', 'refused'],
    ['nonsense', 'refused'],
    [' ', 'refused'],
  ];
  for (const [body, expected] of cases)
    it(`reads ${body} as ${JSON.stringify(expected)}`, () => {
      expect(outcomeOf(authenticateFromHttp(request(body)))).to.deep.equal(expected);
    });
});

describe('getTokenFromHttp', () => {
  it('tells an absent belongsTo from an empty one', () => {
    const parameters = ['t'];
    expect(getTokenFromHttp(request('', { parameters }))).to.deep.equal({ token: 't' });
    const query = new URLSearchParams('belongsTo=');
    expect(getTokenFromHttp(request('', { parameters, query }))).to.deep.equal({
      token: 't',
      belongsTo: '',
    });
  });
});

describe('accessToHttp', () => {
  it('11: prints the catalogue with every key that clients read', () => {
    const endpoint = { versionId: 'v1.0', region: 'default', publicUrl: 'http://h/a', uiUrl: null };
    const services = [{ name: 'astakos_account', type: 'account', endpoints: [endpoint] }];
    const answer = accessToHttp({ services, subject: undefined });
    expect(answer.status).to.equal(200);
    expect(answer.body).to.equal(
      '{"access": {"serviceCatalog": [{"name": "astakos_account", "type": "account", ' +
        '"endpoints_links": [], "endpoints": [{"versionId": "v1.0", "region": "default", ' +
        '"publicURL": "http://h/a", "SNF:uiURL": ""}]}]}}',
    );
  });
});

describe('userCatalogsFromHttp', () => {
  const cases: [body: string, expected: unknown][] = [
    ['{"uuids": ["a"], "displaynames": ["b"]}', { uuids: ['a'], displaynames: ['b'] }],
    ['{"uuids": ["a"]}', { uuids: ['a'], displaynames: [] }],
    ['{"uuids": null}', { uuids: [], displaynames: [] }],
    ['{"more": 1}', { uuids: [], displaynames: [] }],
    ['{"uuids": "a"}', 'refused'],
    ['{"uuids": {"a": 1}}', 'refused'],
    ['{"displaynames": ["a", 1]}', 'refused'],
    ['{"displaynames": [null]}', 'refused'],
    ['[]', 'refused'],
    ['', 'refused'],
  ];
  for (const [body, expected] of cases)
    it(`reads ${body} as ${JSON.stringify(expected)}`, () => {
      expect(outcomeOf(userCatalogsFromHttp(request(body)))).to.deep.equal(expected);
    });
});

describe('userCatalogsToHttp', () => {
  it('prints both keys always, names of any kind and nothing but ASCII', () => {
    const names = new Map([['__proto__', 'Ωμέγα']]);
    expect(userCatalogsToHttp({ names, uuids: new Map() }).body).to.equal(
      '{"uuid_catalog": {"__proto__": "\\u03a9\\u03bc\\u03ad\\u03b3\\u03b1"}, ' +
        '"displayname_catalog": {}}',
    );
  });
});

describe('astakosTime', () => {
  it('prints six digits of a fraction, or none when it is zero', () => {
    expect(astakosTime(new Date('2031-04-02T09:30:00Z'))).to.equal('2031-04-02T09:30:00+00:00');
    expect(astakosTime(new Date('2031-04-02T09:30:00.12Z'))).to.equal(
      '2031-04-02T09:30:00.120000+00:00',
    );
    expect(astakosTime(new Date('2031-04-02T09:30:00.007Z'))).to.equal(
      '2031-04-02T09:30:00.007000+00:00',
    );
  });
});
