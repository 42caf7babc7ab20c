/**
 * Goal: whatever a service answers becomes what was asked for, or one clear error that gives away no
 * secret; whatever a catalogue looks like, the services are found.
 * Method: a fake cloud that answers as told.
 */
import { expect } from 'chai';
import { inspect } from 'node:util';
import type { OpenStackError } from '../../../src/links/driver/index.js';
import { FakeStage, openStackErrorOf } from '../../support/openstack/stage.js';

describe('the OpenStack driver and the answers it gets', () => {
  let stage: FakeStage;

  beforeEach(async () => {
    stage = await FakeStage.open();
  });
  afterEach(() => stage.close());

  describe('what a service says', () => {
    const refused = { code: 400, message: 'Too much of it' };
    const answers: readonly [string, number, unknown, Partial<OpenStackError>][] = [
      [
        'badRequest',
        400,
        { badRequest: refused },
        { kind: 'refused', message: 'nova answered 400: Too much of it' },
      ],
      [
        'forbidden',
        403,
        { forbidden: refused },
        { kind: 'forbidden', message: 'nova answered 403: Too much of it' },
      ],
      ['itemNotFound', 404, { itemNotFound: refused }, { kind: 'not-found' }],
      [
        'computeFault',
        500,
        { computeFault: refused },
        { kind: 'unavailable', message: 'nova answered 500: Too much of it' },
      ],
      [
        'NeutronError',
        409,
        { NeutronError: { type: 'OverQuota', message: 'Full', detail: '' } },
        { kind: 'conflict', fault: 'OverQuota', message: 'nova answered 409: Full' },
      ],
      ['error', 401, { error: { ...refused, title: 'Unauthorized' } }, { kind: 'unauthorized' }],
      [
        'a page',
        404,
        '<html>404 Not Found</html>',
        { kind: 'not-found', message: 'nova answered 404' },
      ],
      ['a redirect', 302, '<html></html>', { kind: 'garbled', message: 'nova answered 302' }],
      [
        'a page of success',
        200,
        '<html></html>',
        {
          kind: 'garbled',
          message: 'nova answered 200 with something else than documented: no JSON',
        },
      ],
      [
        'another body',
        200,
        { flavor: { id: 7 } },
        {
          kind: 'garbled',
          message: 'nova answered 200 with something else than documented: no flavor.id',
        },
      ],
      ['an empty array', 200, [], { kind: 'garbled' }],
      [
        'an answer without end',
        200,
        { flavor: 'x'.repeat(70_000) },
        { kind: 'garbled', message: 'nova: the answer is larger than 65536 bytes' },
      ],
    ];
    for (const [what, status, body, expected] of answers) {
      it(`becomes one clear error: ${what} (errata: error shapes)`, async () => {
        const cloud = stage.cloud({ attempts: 1, maxAnswerBytes: 65_536 });
        const headers: Record<string, string> =
          status === 302 ? { Location: '/compute/v2.1/flavors/1' } : {};
        stage.fake.faults.set('nova', { kind: 'answering', answer: { status, body, headers } });
        expect(await openStackErrorOf(cloud.getFlavor('1'))).to.include({
          service: 'nova',
          ...expected,
        });
        expect(stage.fake.seen.filter(({ target }) => target !== '/v2.1/flavors/1')).to.have.length(
          status === 401 ? 2 : 1,
        );
      });
    }

    it('may ask for a pause, which the error tells', async () => {
      const cloud = stage.cloud({ attempts: 1 });
      const answer = { status: 503, headers: { 'Retry-After': '7' } };
      stage.fake.faults.set('nova', { kind: 'answering', answer });
      expect(await openStackErrorOf(cloud.getFlavor('1'))).to.include({
        kind: 'unavailable',
        retryAfterMs: 7000,
      });
    });

    it('is shown on one line, cut, and without passwords and tokens', async () => {
      const cloud = stage.cloud({ attempts: 1 });
      await cloud.signIn();
      const token = [...stage.fake.world.tokens.keys()][0]!;
      const password = 'n3w-passw0rd';
      const message = `no\nway\u0000 ${token} s3cr3t ${password} ${'x'.repeat(2000)}`;
      const answer = { status: 403, body: { error: { message, type: password } } };
      stage.fake.faults.set('keystone', { kind: 'answering', answer });
      const user = { name: 'u', password, projectId: stage.projectId };
      const error = await openStackErrorOf(cloud.ensureUser(user));
      expect(error.message).to.match(/^keystone answered 403: no way \*\*\* \*\*\* \*\*\* x+…$/);
      expect(error.message.length).to.be.lessThan(600);
      const shown = inspect([error, cloud], { depth: 9, showHidden: true });
      for (const secret of [token, 's3cr3t', password]) expect(shown).not.to.include(secret);
    });
  });

  describe('the catalogue (errata)', () => {
    it('is asked by type with fallbacks: `block-storage` without `volumev3`', async () => {
      stage.fake.changeCatalogue((entries) => entries.filter(({ type }) => type !== 'volumev3'));
      expect((await stage.cloud().pullQuotas(stage.projectId)).limits.storage).to.equal(1_024_000n);
      expect(stage.fake.seen.find(({ service }) => service === 'cinder')?.target).to.equal(
        `/v3/os-quota-sets/${stage.projectId}?usage=true`,
      );
    });

    it('may lack versions, carry slashes, and offer internal endpoints only', async () => {
      stage.fake.changeCatalogue((entries) =>
        entries.map(({ type, endpoints }) => ({
          type,
          endpoints: endpoints
            .filter((endpoint) => endpoint.interface === 'internal')
            .map((endpoint) => ({
              ...endpoint,
              url: type === 'compute' ? endpoint.url.replace('/v2.1', '/') : `${endpoint.url}/`,
            })),
        })),
      );
      expect((await stage.cloud().pullQuotas(stage.projectId)).limits.vcpu).to.equal(20n);
    });

    it('is asked for the region of the deployment', async () => {
      const there = stage.cloud({}, { region: 'RegionOne' });
      expect((await there.pullQuotas(stage.projectId)).limits.vcpu).to.equal(20n);
      const nowhere = stage.cloud({}, { region: 'RegionTwo' });
      expect((await openStackErrorOf(nowhere.pullQuotas(stage.projectId))).message).to.match(
        /^the catalogue has no \w+ in the region RegionTwo$/,
      );
    });

    it('may lack a service: its group fails, the others are applied', async () => {
      stage.fake.changeCatalogue((entries) => entries.filter(({ type }) => type === 'compute'));
      const outcomes = await stage
        .cloud()
        .pushQuotas(stage.projectId, { vcpu: 2n, security_group_count: 2n });
      expect(outcomes.map(({ error }) => error?.message)).to.deep.equal([
        undefined,
        'the catalogue has no neutron',
      ]);
    });
  });

  describe('a list', () => {
    const boot = (count: number) => {
      const flavor = { id: '1', name: 'm1.tiny', vcpus: 1, ram: 512, disk: 1 };
      for (let number = 1; number <= count; number += 1) {
        stage.fake.world.addServer({
          name: `s${number}`,
          projectId: stage.projectId,
          flavor,
          status: number === 450 ? 'ERROR' : 'ACTIVE',
          launchedAt: null,
          keyName: null,
          volumeIds: [],
        });
      }
    };

    it('is read page by page until there is nothing more (19.16)', async () => {
      boot(450);
      const statuses = await stage.cloud().listServerStatuses(stage.projectId);
      expect(statuses.size).to.equal(450);
      expect([...statuses.values()].at(-1)).to.equal('ERROR');
      expect(stage.count('nova')).to.equal(3);
    });

    it('is read to its end where pages are shorter than asked (19.16)', async () => {
      boot(7);
      stage.fake.world.longestPage = 3;
      expect((await stage.cloud().listServerStatuses(stage.projectId)).size).to.equal(7);
      expect(stage.count('nova')).to.equal(3);
    });

    it('is read once from a service that knows no pages', async () => {
      const servers = Array.from({ length: 200 }, (_, id) => ({ id: `${id}`, status: 'ACTIVE' }));
      const answer = { status: 200, body: { servers } };
      stage.fake.faults.set('nova', { kind: 'answering', answer });
      expect((await stage.cloud().listServerStatuses(stage.projectId)).size).to.equal(200);
      expect(stage.count('nova')).to.equal(2);
    });
  });

  it('counts groups and rules itself where Neutron has no figures (12.5)', async () => {
    stage.fake.world.hasQuotaDetails = false;
    const group = stage.fake.world.addGroup(stage.projectId, 'many', '');
    for (let port = 1; port <= 1500; port += 1) {
      const range = { port_range_min: port, port_range_max: port };
      stage.fake.world.addRule({ security_group_id: group.id, protocol: 'tcp', ...range });
    }
    const { limits, usage } = await stage.cloud().pullQuotas(stage.projectId);
    expect(limits).to.include({ security_group_count: 10n, security_group_rule_count: 100n });
    // The group, `default`, and their two and four rules besides.
    expect(usage).to.include({ security_group_count: 2n, security_group_rule_count: 1506n });
  });
});
