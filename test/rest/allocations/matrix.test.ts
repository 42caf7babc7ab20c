// Goal: behaviours 14 and 15 on every route there is: who may call is judged before the path, the
// query and the body are looked at (sections 3.1 and 3.2).
// Method: one request per route of the generated list and kind of caller, with ids that are unknown
// and bodies that are empty; whoever is let in is answered something else than 401 and 403.
import { expect } from 'chai';
import { httpRules } from '../../../src/gen/http-rules.js';
import { isArray, isObject, member } from '../../../src/rpc/json.js';
import type { RestAnswer } from '../../support/rest-client.js';
import { type Stack, startStack } from '../../support/stack.js';

const ROUTES = httpRules
  .filter(
    ({ rpc, template }) => rpc.startsWith('apportion.allocations.') && template !== '/placement',
  )
  .map(({ method, template }) => ({
    method,
    path: template.replace(/\{[^}]*\}/g, 'unknown%20id'),
  }));

const HEADERS = {
  'openstack-api-version': 'placement latest',
  'content-type': 'application/json',
};

/** Caller → headers that make him. */
const LET_IN: Readonly<Record<string, Record<string, string>>> = {
  admin: { 'x-auth-token': 'admin' },
  'admin of another project': { 'x-auth-token': 'ada:p', 'x-roles': 'admin' },
  service: { 'x-auth-token': 'nova', 'x-roles': 'service' },
};

const REFUSED: Readonly<Record<string, Record<string, string>>> = {
  'nobody with a role': { 'x-auth-token': 'ada:p' },
  member: { 'x-auth-token': 'ada:p', 'x-roles': 'member' },
  'reader (of another project)': { 'x-auth-token': 'ada:p', 'x-roles': 'member,reader' },
  'system administrator': {
    'x-auth-token': 'admin',
    'x-roles': 'admin,member,reader',
    'openstack-system-scope': 'all',
  },
};

function detailOf({ json }: RestAnswer): string {
  const errors = isObject(json) ? member(json, 'errors') : undefined;
  const [error] = isArray(errors) ? errors : [];
  const detail = isObject(error) ? member(error, 'detail') : undefined;
  return typeof detail === 'string' ? detail : '';
}

describe('the access rules on every route (section 3.2)', () => {
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startStack({ settings: { ALLOCATIONS_AUTH: 'noauth2' } });
  });

  after(() => stack.stop());

  it('are tried on all of them', () => {
    expect(ROUTES.length).to.be.greaterThan(30);
  });

  for (const [who, headers] of Object.entries(REFUSED))
    it(`14, 15. refuse ${who}`, async () => {
      for (const { method, path } of ROUTES) {
        const where = `${method} ${path}`;
        const answer = await stack.rest.send(method, path, { headers: { ...HEADERS, ...headers } });
        expect(answer.status, where).to.equal(403);
        expect(answer.headers['openstack-api-version'], where).to.equal('placement 1.39');
        expect(detailOf(answer), where).to.match(
          who === 'system administrator'
            ? /^Access was denied to this resource\.\n\n placement:[a-z_:]+ *$/
            : /^Access was denied to this resource\.\n\n Policy does not allow placement:[a-z_:]+ to be performed\. *$/,
        );
      }
    });

  for (const [who, headers] of Object.entries(LET_IN))
    it(`15. let ${who} in`, async () => {
      for (const { method, path } of ROUTES) {
        const answer = await stack.rest.send(method, path, { headers: { ...HEADERS, ...headers } });
        expect([200, 201, 204, 400, 404, 409], `${method} ${path}`).to.include(answer.status);
      }
    });

  it('15. let readers see the usages of their own project, and of no other', async () => {
    const reader = { 'x-auth-token': 'ada:p', 'x-roles': 'reader' };
    const statusFor = async (query: string, more: Record<string, string> = {}) => {
      const options = { headers: { ...HEADERS, ...reader, ...more } };
      return (await stack.rest.get(`/usages${query}`, options)).status;
    };
    expect(await statusFor('?project_id=p')).to.equal(200);
    expect(await statusFor('?project_id=q')).to.equal(403);
    expect(await statusFor('?project_id=q', { 'x-project-id': 'q' })).to.equal(200);
    expect(await statusFor('')).to.equal(403);
    // Right about the project, then judged by what else is sent.
    expect(await statusFor('?project_id=p&color=red')).to.equal(400);
  });

  it('1. answer 401 to whoever has no token', async () => {
    for (const { method, path } of ROUTES) {
      const answer = await stack.rest.send(method, path, { headers: HEADERS });
      expect(answer.status, `${method} ${path}`).to.equal(401);
    }
  });
});
