/**
 * Goal: the fake cloud answers what the real services answer, so that the other tests mean something.
 * Method: raw calls with the answers seen at real services (errata of section 12.5); the same calls
 * run against the real ones with OPENSTACK_PEER (`make test-openstack`).
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { RawClient } from '../../support/openstack/raw-client.js';
import { openScene, type Scene } from '../../support/openstack/scene.js';

describe('the services of OpenStack', function () {
  this.timeout(process.env['OPENSTACK_PEER'] === undefined ? 10_000 : 180_000);

  let scene: Scene;
  let client: RawClient;
  let quotaUrls: Record<'nova' | 'cinder' | 'neutron', string>;
  let projectId: string;
  const name = `nc-${randomBytes(16).toString('hex')}`;
  const unknown = randomBytes(16).toString('hex');

  before(async () => {
    scene = await openScene();
    client = await RawClient.signIn(scene.deployment);
    const project = { name, domain_id: 'default', description: '', enabled: true };
    const made = await client.get('POST', `${client.authUrl}/projects`, 'project', { project });
    projectId = made.id;
    quotaUrls = {
      nova: `${client.endpoint('compute')}/os-quota-sets`,
      cinder: `${client.endpoint('volumev3')}/os-quota-sets`,
      neutron: `${client.endpoint('network')}/v2.0/quotas`,
    };
  });
  after(() => scene.close({ projects: [projectId, unknown], users: [] }));

  type Service = keyof typeof quotaUrls;
  const put = (service: Service, set: object, project = projectId) =>
    client.call('PUT', `${quotaUrls[service]}/${project}`, {
      [service === 'neutron' ? 'quota' : 'quota_set']: set,
    });
  const read = async (service: Service, suffix = '') => {
    const answer = await client.call('GET', `${quotaUrls[service]}/${projectId}${suffix}`);
    const envelope = service === 'neutron' ? 'quota' : 'quota_set';
    return (answer.body as Record<string, Record<string, unknown>>)[envelope] ?? {};
  };

  describe('quota values (errata: number forms)', () => {
    const accepted: readonly [Service, string, unknown, number][] = [
      ['nova', 'cores', 30, 30],
      ['nova', 'cores', '40', 40],
      ['nova', 'cores', -1, -1],
      ['nova', 'cores', 0, 0],
      ['nova', 'cores', 2_147_483_647, 2_147_483_647],
      ['cinder', 'gigabytes', 976, 976],
      ['cinder', 'gigabytes', -1, -1],
      ['neutron', 'security_group', 110, 110],
      ['neutron', 'security_group', '40', 40],
      ['neutron', 'security_group', 1.5, 1],
      ['neutron', 'security_group', true, 1],
    ];
    for (const [service, key, value, stored] of accepted) {
      it(`${service} stores ${JSON.stringify(value)} as ${stored}`, async () => {
        expect(await put(service, { [key]: value })).to.include({ status: 200 });
        expect((await read(service))[key]).to.equal(stored);
      });
    }

    const refused: readonly [Service, string, readonly unknown[]][] = [
      ['nova', 'cores', [-5, 2_147_483_648, 'abc', 1.5, true, null]],
      ['cinder', 'gigabytes', [-5, 2_147_483_648, 'abc', '40', 1.5, true, null]],
      ['neutron', 'security_group', [-5, 2_147_483_648, 'abc', null]],
    ];
    for (const [service, key, values] of refused) {
      for (const value of values) {
        it(`${service} refuses ${JSON.stringify(value)}`, async () => {
          const before = await read(service);
          expect(await put(service, { [key]: value })).to.include({ status: 400 });
          expect(await read(service)).to.deep.equal(before);
        });
      }
    }
  });

  describe('one call for quotas (errata: one call, empty sets, unknown project id)', () => {
    const mixed: readonly [Service, object][] = [
      ['nova', { instances: 31, cores: -5 }],
      ['nova', { instances: 31, bogus: 1 }],
      ['cinder', { gigabytes: 975, volumes: -5 }],
      ['cinder', { gigabytes: 975, bogus: 1 }],
      ['cinder', { gigabytes: 975, force: true }],
      ['neutron', { security_group: 111, security_group_rule: -5 }],
      ['neutron', { security_group: 111, bogus: 1 }],
    ];
    for (const [service, set] of mixed) {
      it(`${service} stores nothing of ${JSON.stringify(set)}`, async () => {
        const before = await read(service);
        expect(await put(service, set)).to.include({ status: 400 });
        expect(await read(service)).to.deep.equal(before);
      });
    }

    it('may be empty at Nova and Neutron, not at Cinder, and not without its envelope', async () => {
      expect(await put('nova', {})).to.include({ status: 200 });
      expect(await put('cinder', {})).to.include({ status: 400 });
      expect(await put('neutron', {})).to.include({ status: 200 });
      const bare = await client.call('PUT', `${quotaUrls.neutron}/${projectId}`, {});
      expect(bare).to.include({ status: 500 });
    });

    it('is for a project that Keystone knows only at Nova', async () => {
      expect(await put('nova', { cores: 1 }, unknown)).to.include({ status: 400 });
      expect(await put('cinder', { gigabytes: 1 }, unknown)).to.include({ status: 200 });
      expect(await put('neutron', { security_group: 1 }, unknown)).to.include({ status: 200 });
    });

    it('is answered by Nova without the id that GET has', async () => {
      const { body } = await put('nova', { instances: 9 });
      expect((body as { quota_set: object }).quota_set).not.to.have.property('id');
      expect(await read('nova')).to.include({ id: projectId, instances: 9 });
    });

    it('has old keys below microversion 2.36 only', async () => {
      expect(await read('nova')).to.have.property('security_groups', -1);
      const url = `${quotaUrls.nova}/${projectId}`;
      const token = client.headers;
      const newer = { ...token, 'OpenStack-API-Version': 'compute 2.57' };
      const { body } = await client.call('GET', url, undefined, newer);
      expect((body as { quota_set: object }).quota_set).not.to.have.property('security_groups');
    });
  });

  describe('a limit below the present use (errata)', () => {
    before(() => scene.bootServer(projectId));

    it('is counted as the services count', async () => {
      expect((await read('nova', '/detail'))['cores']).to.include({ in_use: 2, reserved: 0 });
      expect((await read('cinder', '?usage=true'))['gigabytes']).to.include({ in_use: 12 });
      const details = await read('neutron', '/details');
      expect(details['security_group']).to.include({ used: 1 });
      expect(details['security_group_rule']).to.include({ used: 4 });
    });

    it('is refused by all three, and may be forced at two', async () => {
      expect(await put('nova', { cores: 1 })).to.include({ status: 400 });
      expect(await put('nova', { cores: 1, force: true })).to.include({ status: 200 });
      expect(await put('cinder', { gigabytes: 3 })).to.include({ status: 400 });
      const rules = { security_group_rule: 2 };
      expect(await put('neutron', rules)).to.include({ status: 400 });
      expect(await put('neutron', { ...rules, force: true })).to.include({ status: 200 });
    });
  });

  describe('refusals (errata: error shapes, catalogue, conflict)', () => {
    const keysOf = (body: unknown) => Object.keys(body as object);

    it('have the shape of their service', async () => {
      const nova = client.endpoint('compute');
      const absent = '00000000-0000-0000-0000-000000000000';
      const server = await client.call('GET', `${nova}/servers/${absent}`);
      expect([server.status, keysOf(server.body)]).to.deep.equal([404, ['itemNotFound']]);
      const volume = await client.call('GET', `${client.endpoint('volumev3')}/volumes/${absent}`);
      expect([volume.status, keysOf(volume.body)]).to.deep.equal([404, ['itemNotFound']]);
      const quota = await put('nova', { bogus: 1 });
      expect([quota.status, keysOf(quota.body)]).to.deep.equal([400, ['badRequest']]);
      const neutron = await put('neutron', { bogus: 1 });
      expect([neutron.status, keysOf(neutron.body)]).to.deep.equal([400, ['NeutronError']]);
      expect(await client.call('GET', `${nova}/servers/`)).to.deep.equal({
        status: 404,
        body: undefined,
      });
    });

    it('of a bad token are the same everywhere', async () => {
      const urls = [
        `${client.authUrl}/projects`,
        ...Object.values(quotaUrls).map((url) => `${url}/${projectId}`),
      ];
      const withoutToken: Record<string, string>[] = [{}, { 'X-Auth-Token': 'no-such-token' }];
      for (const url of urls) {
        for (const headers of withoutToken) {
          const answer = await client.call('GET', url, undefined, headers);
          expect([url, answer.status, keysOf(answer.body)]).to.deep.equal([url, 401, ['error']]);
        }
      }
    });

    it("of Cinder meet another project's id in the URL, if there is one", async () => {
      const block = client.endpoint('block-storage');
      const foreign = `${block}/${projectId}/os-quota-sets/${projectId}`;
      expect(await client.call('GET', foreign)).to.include({ status: 400 });
      const plain = `${block}/os-quota-sets/${projectId}`;
      expect(await client.call('GET', plain)).to.include({ status: 200 });
    });

    it('of a second project of the same name do not give its id', async () => {
      const url = `${client.authUrl}/projects`;
      const project = { name, domain_id: 'default' };
      const answer = await client.call('POST', url, { project });
      expect([answer.status, keysOf(answer.body)]).to.deep.equal([409, ['error']]);
      expect(JSON.stringify(answer.body)).not.to.include(projectId);
      const found = await client.get('GET', `${url}?name=${name}&domain_id=default`, 'projects');
      expect(found[0]?.id).to.equal(projectId);
    });

    it('of Neutron meet the port −1 (errata, traps)', async () => {
      const network = `${client.endpoint('network')}/v2.0`;
      const groups = await client.get(
        'GET',
        `${network}/security-groups?project_id=${projectId}`,
        'security_groups',
      );
      const rule = {
        security_group_id: groups[0]?.id,
        direction: 'ingress',
        protocol: 'icmp',
        port_range_min: -1,
        port_range_max: -1,
      };
      const url = `${network}/security-group-rules`;
      const answer = await client.call('POST', url, { security_group_rule: rule });
      expect([answer.status, keysOf(answer.body)]).to.deep.equal([400, ['NeutronError']]);
    });
  });
});
