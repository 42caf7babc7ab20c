/**
 * Goal: the driver does in OpenStack what section 12 asks for, and says clearly what is refused.
 * Method: the same calls against the fake cloud, or with OPENSTACK_PEER against the real services
 * (`make test-openstack`); nothing here knows which of them answers.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import {
  type Cloud,
  OpenStackDriver,
  type OpenStackErrorKind,
} from '../../../src/links/driver/index.js';
import { openScene, type BootedServer, type Scene } from '../../support/openstack/scene.js';
import { openStackErrorOf } from '../../support/openstack/stage.js';

describe('the OpenStack driver', function () {
  this.timeout(process.env['OPENSTACK_PEER'] === undefined ? 10_000 : 180_000);

  let scene: Scene;
  let driver: OpenStackDriver;
  let cloud: Cloud;
  const made = { projects: [] as string[], users: [] as string[] };

  before(async () => {
    scene = await openScene();
    driver = new OpenStackDriver();
    cloud = driver.cloudOf(scene.deployment);
  });
  after(async () => {
    await scene.close(made);
    driver.close();
  });

  const newName = () => `nc-${randomBytes(16).toString('hex')}`;
  const newProject = async (name = newName()) => {
    const id = await cloud.ensureProject({ name, description: 'a project of the tests' });
    made.projects.push(id);
    return id;
  };
  const refusalOf = async (work: Promise<unknown>) => {
    const { service, kind, status, message } = await openStackErrorOf(work);
    return { service, kind, status, message };
  };
  const limitsOf = async (id: string) => (await cloud.pullQuotas(id)).limits;

  describe('projects and users (12.1)', () => {
    it('makes a project, and finds it by its name the next time (48, errata: conflict)', async () => {
      const name = newName();
      const id = await newProject(name);
      expect(id).to.match(/^[0-9a-f]{32}$/);
      expect(await cloud.ensureProject({ name, description: 'other' })).to.equal(id);
    });

    it('says what Keystone refuses (error shapes)', async () => {
      const refusal = await refusalOf(newProject('n'.repeat(65)));
      expect(refusal).to.include({ service: 'keystone', kind: 'refused', status: 400 });
      expect(refusal.message).to.match(/^keystone answered 400: .*name/);
    });

    it('makes a user with a role who can sign in, and renews the password (49)', async () => {
      const projectId = await newProject();
      const name = `${randomBytes(6).toString('hex')}-telemetry`;
      const first = randomBytes(12).toString('hex');
      const userId = await cloud.ensureUser({ name, password: first, projectId });
      made.users.push(userId);
      expect(await cloud.maySignIn({ name, password: first, projectId })).to.equal(false);
      await cloud.grantRole({ projectId, userId, role: 'member' });
      await cloud.grantRole({ projectId, userId, role: 'member' });
      expect(await cloud.maySignIn({ name, password: first, projectId })).to.equal(true);

      const second = randomBytes(12).toString('hex');
      expect(await cloud.ensureUser({ name, password: second, projectId })).to.equal(userId);
      expect(await cloud.maySignIn({ name, password: first, projectId })).to.equal(false);
      expect(await cloud.maySignIn({ name, password: second, projectId })).to.equal(true);
    });

    it('names a role that does not exist', async () => {
      const projectId = await newProject();
      const grant = cloud.grantRole({ projectId, userId: 'any', role: 'no-such-role' });
      expect(await refusalOf(grant)).to.include({
        kind: 'not-found',
        message: 'keystone has no role no-such-role',
      });
    });
  });

  describe('quotas (12.2, 12.3)', () => {
    it('writes and reads all six (29, 37, 43)', async () => {
      const id = await newProject();
      const outcomes = await cloud.pushQuotas(id, {
        vcpu: 20n,
        ram: 51_200n,
        storage: 1_024_000n,
        max_instances: 10n,
        security_group_count: 110n,
        security_group_rule_count: 120n,
      });
      expect(outcomes).to.deep.equal([
        { service: 'cinder', quotas: ['storage'], error: undefined },
        { service: 'nova', quotas: ['vcpu', 'ram', 'max_instances'], error: undefined },
        {
          service: 'neutron',
          quotas: ['security_group_count', 'security_group_rule_count'],
          error: undefined,
        },
      ]);
      expect(await limitsOf(id)).to.deep.equal({
        vcpu: 20n,
        ram: 51_200n,
        storage: 1_024_000n,
        max_instances: 10n,
        security_group_count: 110n,
        security_group_rule_count: 120n,
      });
    });

    for (const [sent, stored] of [
      [4096n, 4096n],
      [1_000_000n, 999_424n],
      [5119n, 4096n],
      [1023n, 1024n],
      [1n, 1024n],
      [0n, 0n],
    ] as const) {
      it(`stores ${sent} MiB of storage as ${stored} (36)`, async () => {
        const id = await newProject();
        await cloud.pushQuotas(id, { storage: sent });
        expect((await limitsOf(id)).storage).to.equal(stored);
      });
    }

    it('keeps unlimited what is unlimited, in both directions (46)', async () => {
      const id = await newProject();
      const unlimited = { storage: -1n, vcpu: -1n, security_group_count: -1n };
      const outcomes = await cloud.pushQuotas(id, unlimited);
      expect(outcomes.map(({ error }) => error)).to.deep.equal([undefined, undefined, undefined]);
      expect(await limitsOf(id)).to.include(unlimited);
    });

    it('stores the largest value, and refuses to send a larger one (errata: number forms)', async () => {
      const id = await newProject();
      await cloud.pushQuotas(id, { vcpu: 2_147_483_647n });
      const outcomes = await cloud.pushQuotas(id, {
        vcpu: 2_147_483_648n,
        ram: 7n,
        security_group_count: 7n,
      });
      expect(outcomes[0]?.error).to.include({
        kind: 'refused',
        message: 'nova was not asked: vcpu must be from -1 to 2147483647',
      });
      expect(outcomes[1]).to.deep.include({ service: 'neutron', error: undefined });
      const limits = await limitsOf(id);
      expect(limits).to.include({ vcpu: 2_147_483_647n, security_group_count: 7n });
      expect(limits.ram).not.to.equal(7n);
    });

    it('reports the refusal of one service and applies the others (39, errata: unknown project)', async () => {
      const nowhere = randomBytes(16).toString('hex');
      const outcomes = await cloud.pushQuotas(nowhere, {
        storage: 2048n,
        vcpu: 3n,
        security_group_count: 4n,
      });
      expect(
        outcomes.map(({ service, error }) => [service, error?.kind, error?.status]),
      ).to.deep.equal([
        ['cinder', undefined, undefined],
        ['nova', 'refused', 400],
        ['neutron', undefined, undefined],
      ]);
      expect(outcomes[1]?.error?.message).to.match(/^nova answered 400: .*is not a valid project/);
      made.projects.push(nowhere);
      expect(await refusalOf(cloud.pullQuotas(nowhere))).to.include({
        service: 'nova',
        kind: 'refused',
      });
    });
  });

  describe('security groups (6, 10.1)', () => {
    const anywhere = '0.0.0.0/0';
    const ssh = { protocol: 'tcp', fromPort: 22, toPort: 22, cidr: anywhere } as const;
    const ping = { protocol: 'icmp', fromPort: -1, toPort: -1, cidr: anywhere } as const;
    const dns = { protocol: 'udp', fromPort: 53, toPort: 53, cidr: '192.0.2.0/24' } as const;
    const listed = async (id: string) => {
      const groups = await cloud.listSecurityGroups(id);
      return Object.fromEntries(groups.map(({ name, rules }) => [name, [...rules]]));
    };

    it('makes the default group of a link, ICMP −1/−1 included (errata, traps)', async () => {
      const id = await newProject();
      const plan = { name: 'ssh', description: 'Secure shell', rules: [ssh, ping] };
      const [outcome] = await cloud.pushSecurityGroups(id, [plan]);
      expect(outcome).to.include({ name: 'ssh', error: undefined });
      expect((await listed(id))['ssh']).to.have.deep.members([ssh, ping]);
      expect(await cloud.pushSecurityGroups(id, [plan])).to.deep.equal([outcome]);
    });

    it('changes what differs and deletes others, but not `default` (10.1, 19.20)', async () => {
      const id = await newProject();
      const [first] = await cloud.pushSecurityGroups(id, [
        { name: 'ssh', description: '', rules: [ssh, ping] },
        { name: 'old', description: '', rules: [ping] },
      ]);
      const renamed = {
        name: 'names',
        description: 'new',
        rules: [ping, dns],
        backendId: first?.backendId,
      };
      const outcomes = await cloud.pushSecurityGroups(id, [renamed], { deleteOthers: true });
      expect(outcomes).to.deep.equal([
        { name: 'names', backendId: first?.backendId, error: undefined },
      ]);
      const groups = await listed(id);
      expect(Object.keys(groups).sort()).to.deep.equal(['default', 'names']);
      expect(groups['names']).to.have.deep.members([ping, dns]);
    });

    it('reports the group that is refused and makes the others (10.1)', async () => {
      const id = await newProject();
      const bad = { protocol: 'tcp', fromPort: 90, toPort: 80, cidr: anywhere } as const;
      const outcomes = await cloud.pushSecurityGroups(id, [
        { name: 'bad', description: '', rules: [bad] },
        { name: 'good', description: '', rules: [ssh] },
      ]);
      expect(outcomes[0]?.error).to.include({ service: 'neutron', kind: 'refused', status: 400 });
      expect(outcomes[1]).to.include({ name: 'good', error: undefined });
    });

    it('says which quota is full (error shapes)', async () => {
      const id = await newProject();
      await cloud.listSecurityGroups(id);
      await cloud.pushQuotas(id, { security_group_count: 1n });
      const plan = { name: 'one too many', description: '', rules: [] };
      const [outcome] = await cloud.pushSecurityGroups(id, [plan]);
      expect(outcome?.error).to.include({ kind: 'conflict', status: 409, fault: 'OverQuota' });
    });
  });

  describe('a running server (12.4)', () => {
    let projectId: string;
    let booted: BootedServer;

    before(async () => {
      projectId = await newProject();
      booted = await scene.bootServer(projectId);
    });

    it('is read with what an import needs (59)', async () => {
      const server = await cloud.getServer(booted.serverId);
      expect(server).to.include({
        id: booted.serverId,
        name: 'check',
        status: 'ACTIVE',
        projectId,
        keyName: null,
        flavorId: booted.flavorId,
      });
      expect(server.securityGroups).to.deep.equal(['default']);
      expect(server.launchedAt).to.be.instanceOf(Date);
      const fixed = server.addresses.filter(({ type }) => type === 'fixed');
      expect(fixed[0]?.address).to.match(/^192\.168\.42\.\d+$/);
      expect(await cloud.getFlavor(server.flavorId)).to.include({ vcpus: 2, ramMib: 2048 });
      expect([...(await cloud.listServerStatuses(projectId))]).to.deep.equal([
        [booted.serverId, 'ACTIVE'],
      ]);
    });

    it('has its volumes, of which one is bootable and knows its image (59)', async () => {
      const ids = await cloud.listAttachedVolumeIds(booted.serverId);
      expect(ids).to.have.members([booted.systemVolumeId, booted.dataVolumeId]);
      expect(await cloud.getVolume(booted.systemVolumeId)).to.deep.equal({
        id: booted.systemVolumeId,
        sizeGib: 5,
        isBootable: true,
        imageId: booted.imageId,
      });
      expect(await cloud.getVolume(booted.dataVolumeId)).to.deep.equal({
        id: booted.dataVolumeId,
        sizeGib: 7,
        isBootable: false,
        imageId: null,
      });
    });

    it('is counted by the services themselves (44, errata: usage)', async () => {
      expect((await cloud.pullQuotas(projectId)).usage).to.deep.equal({
        vcpu: 2n,
        ram: 2048n,
        storage: 12_288n,
        max_instances: 1n,
        security_group_count: 1n,
        security_group_rule_count: 4n,
      });
    });

    it('keeps each service from a limit below its use, with all that came along (40, errata)', async () => {
      const before = await limitsOf(projectId);
      const outcomes = await cloud.pushQuotas(projectId, {
        max_instances: 40n,
        vcpu: 1n,
        storage: 3072n,
        security_group_rule_count: 2n,
      });
      for (const { service, error } of outcomes) {
        expect(error, service).to.include({ service, kind: 'refused', status: 400 });
        expect(error?.message).to.match(new RegExp(`^${service} answered 400: .+`));
      }
      expect(outcomes).to.have.length(3);
      expect(await limitsOf(projectId)).to.deep.equal(before);
    });

    for (const id of [
      '00000000-0000-0000-0000-000000000000',
      'no/such server?#&%',
      'detail',
      'ключ',
      '',
      '.',
      '..',
      '\ud800',
      'x'.repeat(300),
    ]) {
      it(`is not found under the id ${JSON.stringify(id.slice(0, 40))} (63, errata: traps)`, async () => {
        const kind: OpenStackErrorKind = 'not-found';
        expect(await refusalOf(cloud.getServer(id))).to.include({ service: 'nova', kind });
      });
    }

    it('can have lost its flavor or a volume (45, 60)', async () => {
      const absent = '00000000-0000-0000-0000-000000000000';
      expect(await refusalOf(cloud.getFlavor(absent))).to.include({
        kind: 'not-found',
        status: 404,
      });
      expect(await refusalOf(cloud.getVolume(absent))).to.include({
        kind: 'not-found',
        status: 404,
      });
    });
  });
});
