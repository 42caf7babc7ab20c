/** Nova 2.1, as far as section 12.5 uses it. */
import {
  answerBy,
  type FakeAnswer,
  type FakeRequest,
  type FakeRoute,
  fault,
  LARGEST,
  objectAt,
  unauthorized,
} from './message.js';
import { pageOf } from './pages.js';
import type { FakeFlavor, FakeLimits, FakeServer, World } from './world.js';

/** The newest microversion there is (peer README: 2.1 to 2.104). */
const NEWEST = 104;

/** Keys of the quota set that only the microversions below 2.36 have; always −1 now. */
const OLD_KEYS = ['fixed_ips', 'floating_ips', 'security_groups', 'security_group_rules'];

/** Returns Nova: a function from requests to answers. */
export function createNova(world: World) {
  const routes: readonly FakeRoute[] = [
    {
      method: 'PUT',
      pattern: /^\/v2\.1\/os-quota-sets\/([^/]+)$/,
      answer: (asked, project = '') => putQuotas(world, asked, project),
    },
    {
      method: 'GET',
      pattern: /^\/v2\.1\/os-quota-sets\/([^/]+?)(\/detail)?$/,
      answer: (asked, project = '', detail = '') => getQuotas(world, asked, project, detail !== ''),
    },
    {
      method: 'GET',
      pattern: /^\/v2\.1\/servers\/detail$/,
      answer: (asked) => listServers(world, asked),
    },
    {
      method: 'GET',
      pattern: /^\/v2\.1\/servers\/([^/]+)$/,
      answer: (asked, id = '') => {
        const server = world.servers.get(id);
        if (server === undefined) return fault(404, `Instance ${id} could not be found.`);
        return { status: 200, body: { server: shownServer(world, server, versionOf(asked)) } };
      },
    },
    {
      method: 'GET',
      pattern: /^\/v2\.1\/servers\/([^/]+)\/os-volume_attachments$/,
      answer: (asked, id = '') => attachments(world, id, versionOf(asked)),
    },
    {
      method: 'GET',
      pattern: /^\/v2\.1\/flavors\/([^/]+)$/,
      answer: (_, id = '') => {
        const flavor = world.flavors.get(id);
        if (flavor === undefined) return fault(404, `Flavor ${id} could not be found.`);
        return { status: 200, body: { flavor: { ...flavor, swap: '', rxtx_factor: 1.0 } } };
      },
    },
  ];
  return (request: FakeRequest): FakeAnswer => {
    if (request.access === undefined) return unauthorized();
    const version = versionOf(request);
    if (version < 1 || version > NEWEST) {
      const message = `Version 2.${version} is not supported by the API. Minimum is 2.1 and maximum is 2.${NEWEST}.`;
      return { status: 406, body: { computeFault: { code: 406, message } } };
    }
    return answerBy(routes, request);
  };
}

/** 12.5: no header means 2.1. Returns the minor number. */
function versionOf({ headers }: FakeRequest): number {
  const asked = headers['openstack-api-version'] ?? headers['x-openstack-nova-api-version'] ?? '';
  return Number(/2\.(\d+)$/.exec(String(asked))?.[1] ?? 1);
}

/** Peer README, "Values": all or nothing, judged before anything is stored. */
function putQuotas(world: World, request: FakeRequest, project: string): FakeAnswer {
  const policy = 'os_compute_api:os-quota-sets:update';
  if (request.access?.isAdmin !== true)
    return fault(403, `Policy doesn't allow ${policy} to be performed.`);
  const set = objectAt(request.body, 'quota_set');
  if (set === undefined) return fault(400, 'Invalid input for field/attribute quota_set.');
  // Errata, `unknown project id`.
  if (!world.projects.has(project)) return notAProject(project);
  const limits = world.limitsOf('nova', project);
  const wanted: FakeLimits = {};
  const { force = false, ...values } = set;
  if (typeof force !== 'boolean') return fault(400, 'Invalid input for field/attribute force.');
  for (const [key, value] of Object.entries(values)) {
    if (!(key in limits) && !OLD_KEYS.includes(key)) {
      const unexpected = `Additional properties are not allowed ('${key}' was unexpected)`;
      return fault(
        400,
        `Invalid input for field/attribute quota_set. Value: ${JSON.stringify(set)}. ${unexpected}`,
      );
    }
    // Errata, `number forms`: a string of digits passes here, unlike at Cinder.
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    if (
      typeof number !== 'number' ||
      !Number.isInteger(number) ||
      number < -1 ||
      number > LARGEST
    ) {
      return fault(
        400,
        `Invalid input for field/attribute ${key}. Value: ${JSON.stringify(value)}.`,
      );
    }
    wanted[key] = number;
  }
  const usage = world.usageOf('nova', project);
  for (const [key, value] of Object.entries(wanted)) {
    const used = usage[key] ?? 0;
    // Errata: a limit below current use is refused, unless forced.
    if (!force && value !== -1 && value < used) {
      return fault(
        400,
        `Quota limit ${value} for ${key} must be greater than or equal to already used and reserved ${used}.`,
      );
    }
  }
  Object.assign(limits, wanted);
  // Without `id`, unlike GET (12.5). An empty set is answered like any other (errata, `empty sets`).
  return { status: 200, body: { quota_set: shownLimits(limits, versionOf(request)) } };
}

function getQuotas(
  world: World,
  request: FakeRequest,
  project: string,
  inDetail: boolean,
): FakeAnswer {
  if (!world.projects.has(project)) return notAProject(project);
  const limits = shownLimits(world.limitsOf('nova', project), versionOf(request));
  if (!inDetail) return { status: 200, body: { quota_set: { id: project, ...limits } } };
  const usage = world.usageOf('nova', project);
  const detailed: Record<string, object> = {};
  for (const [key, limit] of Object.entries(limits)) {
    detailed[key] = { limit, in_use: usage[key] ?? 0, reserved: 0 };
  }
  return { status: 200, body: { quota_set: { id: project, ...detailed } } };
}

function shownLimits(limits: FakeLimits, version: number): FakeLimits {
  const old = version < 36 ? Object.fromEntries(OLD_KEYS.map((key) => [key, -1])) : {};
  return { ...limits, ...old };
}

function notAProject(id: string): FakeAnswer {
  return fault(400, `Project ID ${id} is not a valid project.`);
}

function listServers(world: World, { query, access }: FakeRequest): FakeAnswer {
  const project = query.has('all_tenants') ? query.get('project_id') : access?.projectId;
  const all = [...world.servers.values()].filter(
    ({ projectId }) => project === null || projectId === project,
  );
  const marker = query.get('marker');
  if (marker !== null && all.every(({ id }) => id !== marker)) {
    return fault(400, `marker [${marker}] not found`);
  }
  const shown = all.map((server) => shownServer(world, server, 1));
  return pageOf('servers', shown, query, world.longestPage);
}

/** 12.5: from 2.47 the flavor is embedded and has no id; a volume-booted server's image is ''. */
function shownServer(
  world: World,
  server: FakeServer,
  version: number,
): { id: string; [key: string]: unknown } {
  const { vcpus, ram, disk, name }: FakeFlavor = server.flavor;
  const hasPort = server.launchedAt !== null;
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    tenant_id: server.projectId,
    key_name: server.keyName,
    image: '',
    flavor:
      version < 47
        ? { id: server.flavor.id, links: [] }
        : { vcpus, ram, disk, original_name: name, ephemeral: 0, swap: 0, extra_specs: {} },
    // Peer README: a just accepted server has no address and no group yet.
    addresses: hasPort
      ? { net: [address('192.168.42.15', 'fixed'), address('203.0.113.7', 'floating')] }
      : {},
    ...(hasPort ? { security_groups: [{ name: 'default' }, { name: 'default' }] } : {}),
    'OS-SRV-USG:launched_at': server.launchedAt,
    'os-extended-volumes:volumes_attached': server.volumeIds
      .filter((id) => world.volumes.has(id))
      .map((id) => ({ id })),
  };
}

function address(addr: string, type: string): object {
  return {
    addr,
    version: 4,
    'OS-EXT-IPS:type': type,
    'OS-EXT-IPS-MAC:mac_addr': 'fa:16:3e:00:00:01',
  };
}

/** Peer README: attachments lose their `id` with 2.89. */
function attachments(world: World, serverId: string, version: number): FakeAnswer {
  const server = world.servers.get(serverId);
  if (server === undefined) return fault(404, `Instance ${serverId} could not be found.`);
  const volumeAttachments = server.volumeIds.map((volumeId, index) => ({
    ...(version < 89 ? { id: volumeId } : {}),
    volumeId,
    serverId,
    device: `/dev/vd${'abcdef'.charAt(index)}`,
  }));
  return { status: 200, body: { volumeAttachments } };
}
