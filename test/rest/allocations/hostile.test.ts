// Goal: whatever is sent, no route of the Placement API answers 500, and every refusal has the
// documented shape (sections 3.5 and 20.8).
// Method: hostile ids, queries and bodies on every route of the generated list, at several versions,
// on a provider and a consumer that exist.
import { expect } from 'chai';
import { httpRules } from '../../../src/gen/http-rules.js';
import { isObject, member } from '../../../src/rpc/json.js';
import { type Stack, startStack } from '../../support/stack.js';

const PROVIDER = '6d1f2f0e-1c55-4a61-9a0c-8f6f0a3b7c11';

const ROUTES = httpRules.filter(
  ({ rpc, template }) => rpc.startsWith('apportion.allocations.') && template !== '/placement',
);

const VERSIONS = [11, 27, 39];

const IDS = [
  PROVIDER,
  'VCPU',
  '%00',
  '%ED%A0%80',
  '%CE%BA%20%27%22%3B--',
  '..%2F..%2Fhealthz',
  'x'.repeat(5_000),
  '9'.repeat(40),
];

const NAMES = ['name', 'uuid', 'resources', 'member_of', 'in_tree', 'required', 'project_id'];
const VALUES = [
  '',
  '%00',
  '%ff',
  'in:',
  '!',
  'VCPU:9999999999999999999',
  'VCPU:1:2',
  '%F0%9F%98%80',
];

const NASTY = ['null', 'true', '1e400', '-0', '2e9', '"\\u0000"', '"\\ud800"', '[]', '{}', '[[]]'];
const MEMBERS = [
  ...['name', 'uuid', 'parent_provider_uuid', 'resource_class', 'total', 'allocation_ratio'],
  ...['resource_provider_generation', 'inventories', 'traits', 'aggregates', 'allocations'],
  ...['project_id', 'user_id', 'consumer_generation', 'consumer_type', 'mappings'],
];

function* bodies(): Iterable<string> {
  yield* NASTY;
  yield '{"name": "x"';
  yield `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
  yield `{${'"a":{'.repeat(90)}${'}'.repeat(90)}}`;
  for (const name of MEMBERS) for (const value of NASTY) yield `{"${name}": ${value}}`;
  for (const value of NASTY) {
    yield `{"resource_provider_generation": 0, "inventories": {"VCPU": {"total": ${value}}}}`;
    yield `{"resource_provider_generation": 0, "inventories": {"vcpu": ${value}}}`;
    yield `{"resource_provider_generation": 0, "total": 1, "allocation_ratio": ${value}}`;
    yield `{"resource_provider_generation": ${value}, "traits": ["HW_X"], "aggregates": []}`;
    yield `{"${PROVIDER}": {"allocations": ${value}, "project_id": "p", "user_id": "u"}}`;
    yield `{"allocations": {"${PROVIDER}": {"resources": {"VCPU": ${value}}}},
            "project_id": "p", "user_id": "u", "consumer_generation": null, "consumer_type": "X"}`;
    yield `{"allocations": [{"resource_provider": {"uuid": "${PROVIDER}"}, "resources": ${value}}]}`;
  }
}

describe('hostile requests to the Placement API', function () {
  this.timeout(120_000);
  let stack: Stack;

  before(async function () {
    this.timeout(60_000);
    stack = await startStack({ settings: { ALLOCATIONS_AUTH: 'noauth2' } });
    const json = { name: 'known', uuid: PROVIDER };
    const created = await stack.rest.post('/resource_providers', { token: 'admin', json });
    expect(created.status).to.equal(201);
  });

  after(() => stack.stop());

  async function refuseWell(
    method: string,
    target: string,
    minor: number,
    body?: string,
  ): Promise<void> {
    const headers = {
      'openstack-api-version': `placement 1.${minor}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const answer = await stack.rest.send(method, target, { token: 'admin', headers, body });
    const where = `${method} ${target.slice(0, 200)} at 1.${minor}: ${body ?? ''}\n${answer.text.slice(0, 300)}`;
    expect(answer.status, where).to.be.lessThan(500);
    if (answer.status < 400) return;
    const errors = isObject(answer.json) ? member(answer.json, 'errors') : undefined;
    expect(errors, where).to.have.length(1);
  }

  it('survive hostile ids', async () => {
    for (const { method, template } of ROUTES) {
      if (!template.includes('{')) continue;
      for (const id of IDS) {
        for (const minor of [0, 39]) {
          const path = template.replace(/\{[^}]*\}/g, id);
          await refuseWell(method, path, minor, method === 'PUT' ? '{}' : undefined);
          const below = template.replace(/\{[^}]*\}/, PROVIDER).replace(/\{[^}]*\}/, id);
          await refuseWell(method, below, minor, method === 'PUT' ? '{}' : undefined);
        }
      }
    }
  });

  it('survive hostile queries', async () => {
    for (const path of ['/resource_providers', '/usages', '/traits', '/resource_classes'])
      for (const name of NAMES)
        for (const value of VALUES) {
          await refuseWell('GET', `${path}?${name}=${value}`, 39);
          await refuseWell('GET', `${path}?project_id=p&${name}=${value}&${name}=`, 39);
        }
  });

  for (const minor of VERSIONS)
    it(`survive hostile bodies at 1.${minor}`, async () => {
      for (const { method, template } of ROUTES) {
        if (method !== 'PUT' && method !== 'POST') continue;
        const path = template
          .replace(/\{uuid\}|\{consumer_uuid\}/, PROVIDER)
          .replace(/\{[^}]*\}/, 'VCPU');
        for (const body of bodies()) await refuseWell(method, path, minor, body);
      }
    });
});
