/**
 * Where the driver's suite plays: the fake cloud, or the real services that OPENSTACK_PEER names.
 *
 * OPENSTACK_PEER is a folder with an `openstack.sh` whose argument `env` prints the openrc of an
 * administrator, such as `export OS_AUTH_URL=…`. The services must be running.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Deployment } from '../../../src/links/driver/index.js';
import { eventually } from '../eventually.js';
import { type FakeCloud, startFakeCloud } from './cloud.js';
import { RawClient } from './raw-client.js';

/** A server with a system volume of 5 GiB made from an image, and an empty one of 7 GiB. */
export interface BootedServer {
  readonly serverId: string;
  readonly systemVolumeId: string;
  readonly dataVolumeId: string;
  readonly imageId: string;
  /** 2 vCPUs, 2048 MiB. */
  readonly flavorId: string;
}

/** A cloud to play in. */
export interface Scene {
  readonly deployment: Deployment;
  /** Whether these are real services, which take their time. */
  readonly isReal: boolean;
  /** Starts a server named `check` in a project and waits until it runs. */
  bootServer(projectId: string): Promise<BootedServer>;
  /** Removes what the tests made in real services, and closes the fake ones. */
  close(made: { projects: readonly string[]; users: readonly string[] }): Promise<void>;
}

/** Opens the scene. */
export async function openScene(): Promise<Scene> {
  const peer = process.env['OPENSTACK_PEER'];
  return peer === undefined || peer === ''
    ? fakeScene(await startFakeCloud())
    : new RealScene(await readDeployment(peer));
}

function fakeScene(fake: FakeCloud): Scene {
  const { deployment, world } = fake;
  return {
    deployment,
    isReal: false,
    bootServer: (projectId) => {
      const flavor = world.addFlavor({ id: '2', name: 'm1.small', vcpus: 2, ram: 2048, disk: 20 });
      const imageId = 'f9e4cf24-5b3e-4a8c-9a5c-0e6f1b7f2d11';
      const system = world.addVolume({ projectId, size: 5, bootable: true, imageId });
      const data = world.addVolume({ projectId, size: 7, bootable: false, imageId: null });
      const server = world.addServer({
        name: 'check',
        projectId,
        flavor,
        status: 'ACTIVE',
        launchedAt: '2025-02-03T10:11:12.000000',
        keyName: null,
        volumeIds: [system.id, data.id],
      });
      return Promise.resolve({
        serverId: server.id,
        systemVolumeId: system.id,
        dataVolumeId: data.id,
        imageId,
        flavorId: flavor.id,
      });
    },
    close: () => fake.close(),
  };
}

async function readDeployment(peer: string): Promise<Deployment> {
  const { stdout } = await promisify(execFile)(path.resolve(peer, 'openstack.sh'), ['env']);
  const variables = new Map(
    [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const read = (name: string, fallback?: string) => {
    const value = variables.get(name) ?? fallback;
    if (value === undefined) throw new Error(`${peer}/openstack.sh env prints no ${name}`);
    return value;
  };
  return {
    authUrl: read('OS_AUTH_URL'),
    username: read('OS_USERNAME'),
    password: read('OS_PASSWORD'),
    projectName: read('OS_PROJECT_NAME'),
    domain: read('OS_PROJECT_DOMAIN_ID', 'default'),
    region: read('OS_REGION_NAME'),
  };
}

/** Every wait has an end: real services on a busy machine take a minute. */
const PATIENCE = { timeout: 60_000, interval: 500 };

/** Real services: what is made is removed again. */
class RealScene implements Scene {
  readonly isReal = true;
  readonly #servers: string[] = [];
  readonly #volumes: string[] = [];

  constructor(readonly deployment: Deployment) {}

  async bootServer(projectId: string): Promise<BootedServer> {
    const admin = await RawClient.signIn(this.deployment);
    const roles = await admin.get('GET', `${admin.authUrl}/roles?name=admin`, 'roles');
    const grant = `/projects/${projectId}/users/${admin.userId}/roles/${roles[0]?.id ?? ''}`;
    await admin.call('PUT', `${admin.authUrl}${grant}`);
    const client = await RawClient.signIn(this.deployment, projectId);
    const images = await client.get(
      'GET',
      `${client.endpoint('image')}/v2/images?name=peer-image`,
      'images',
    );
    const networks = await client.get(
      'GET',
      `${client.endpoint('network')}/v2.0/networks?name=net`,
      'networks',
    );
    const imageId = images[0]?.id ?? '';
    const system = await this.#volume(client, { size: 5, name: 'system', imageRef: imageId });
    const data = await this.#volume(client, { size: 7, name: 'data' });
    const compute = client.endpoint('compute');
    const disk = { source_type: 'volume', destination_type: 'volume' };
    const server = await client.get('POST', `${compute}/servers`, 'server', {
      server: {
        name: 'check',
        flavorRef: '2',
        networks: [{ uuid: networks[0]?.id }],
        block_device_mapping_v2: [
          { ...disk, boot_index: 0, uuid: system },
          { ...disk, boot_index: -1, uuid: data },
        ],
      },
    });
    this.#servers.push(server.id);
    await until(client, `${compute}/servers/${server.id}`, 'server', 'ACTIVE');
    const ids = { systemVolumeId: system, dataVolumeId: data, imageId, flavorId: '2' };
    return { serverId: server.id, ...ids };
  }

  async close(made: { projects: readonly string[]; users: readonly string[] }): Promise<void> {
    const admin = await RawClient.signIn(this.deployment);
    const compute = admin.endpoint('compute');
    const volumes = admin.endpoint('volumev3');
    for (const id of this.#servers) {
      const url = `${compute}/servers/${id}`;
      await admin.call('DELETE', url);
      await eventually(async () => (await admin.call('GET', url)).status === 404, PATIENCE);
    }
    for (const id of this.#volumes) {
      await until(admin, `${volumes}/volumes/${id}`, 'volume', 'available');
      await admin.call('DELETE', `${volumes}/volumes/${id}`);
    }
    for (const id of made.projects) {
      await admin.call('DELETE', `${compute}/os-quota-sets/${id}`);
      await admin.call('DELETE', `${volumes}/os-quota-sets/${id}`);
      await admin.call('DELETE', `${admin.endpoint('network')}/v2.0/quotas/${id}`);
      await admin.call('DELETE', `${admin.authUrl}/projects/${id}`);
    }
    for (const id of made.users) await admin.call('DELETE', `${admin.authUrl}/users/${id}`);
  }

  async #volume(client: RawClient, volume: object): Promise<string> {
    const url = `${client.endpoint('volumev3')}/volumes`;
    const { id } = await client.get('POST', url, 'volume', { volume });
    this.#volumes.push(id);
    await until(client, `${url}/${id}`, 'volume', 'available');
    return id;
  }
}

async function until(client: RawClient, url: string, key: string, status: string): Promise<void> {
  await eventually(async () => (await client.get('GET', url, key)).status === status, PATIENCE);
}
