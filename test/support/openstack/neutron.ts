/** Neutron v2.0, as far as section 12.5 and the driver's security groups use it. */
import { isIP } from 'node:net';
import {
  answerBy,
  type FakeAnswer,
  type FakeRequest,
  type FakeRoute,
  LARGEST,
  neutronFault,
  objectAt,
  textAt,
  unauthorized,
} from './message.js';
import { pageOf } from './pages.js';
import type { FakeGroup, FakeLimits, FakeRule, World } from './world.js';

/** Returns Neutron: a function from requests to answers. */
export function createNeutron(world: World) {
  const routes: readonly FakeRoute[] = [
    {
      method: 'PUT',
      pattern: /^\/v2\.0\/quotas\/([^/]+)$/,
      answer: (asked, project = '') => putQuotas(world, asked, project),
    },
    {
      method: 'GET',
      pattern: /^\/v2\.0\/quotas\/([^/]+)$/,
      answer: (_, project = '') => ({
        status: 200,
        body: { quota: world.limitsOf('neutron', project) },
      }),
    },
    {
      method: 'GET',
      pattern: /^\/v2\.0\/quotas\/([^/]+)\/details$/,
      answer: (_, project = '') => getDetails(world, project),
    },
    ...groupRoutes(world),
    ...ruleRoutes(world),
  ];
  return (request: FakeRequest): FakeAnswer =>
    request.access === undefined ? unauthorized() : answerBy(routes, request);
}

function groupRoutes(world: World): readonly FakeRoute[] {
  return [
    {
      method: 'GET',
      pattern: /^\/v2\.0\/security-groups$/,
      answer: ({ query }) => {
        const project = query.get('project_id') ?? '';
        world.touchNetwork(project);
        const groups = [...world.groups.values()].filter((group) => group.projectId === project);
        return pageOf(
          'security_groups',
          groups.map((group) => shownGroup(world, group)),
          query,
          world.longestPage,
        );
      },
    },
    {
      method: 'POST',
      pattern: /^\/v2\.0\/security-groups$/,
      answer: (asked) => addGroup(world, asked),
    },
    {
      method: 'PUT',
      pattern: /^\/v2\.0\/security-groups\/([^/]+)$/,
      answer: ({ body }, id = '') => {
        const group = world.groups.get(id);
        if (group === undefined) return noGroup(id);
        const asked = objectAt(body, 'security_group');
        group.name = textAt(asked, 'name');
        group.description = textAt(asked, 'description');
        return { status: 200, body: { security_group: shownGroup(world, group) } };
      },
    },
    {
      method: 'DELETE',
      pattern: /^\/v2\.0\/security-groups\/([^/]+)$/,
      answer: (_, id = '') => deleteGroup(world, id),
    },
  ];
}

function ruleRoutes(world: World): readonly FakeRoute[] {
  return [
    {
      method: 'GET',
      pattern: /^\/v2\.0\/security-group-rules$/,
      answer: ({ query }) => {
        const project = query.get('project_id') ?? '';
        const groups = [...world.groups.values()].filter((group) => group.projectId === project);
        return pageOf(
          'security_group_rules',
          groups.flatMap(({ id }) => world.rulesIn(id)),
          query,
          world.longestPage,
        );
      },
    },
    {
      method: 'POST',
      pattern: /^\/v2\.0\/security-group-rules$/,
      answer: (asked) => addRule(world, asked),
    },
    {
      method: 'DELETE',
      pattern: /^\/v2\.0\/security-group-rules\/([^/]+)$/,
      answer: (_, id = '') =>
        world.rules.delete(id)
          ? { status: 204 }
          : neutronFault(
              404,
              'SecurityGroupRuleNotFound',
              `Security group rule ${id} does not exist`,
            ),
    },
  ];
}

/** Peer README, "Values": all or nothing; `"40"` passes, `1.5` and `true` are stored as 1. */
function putQuotas(world: World, { access, body }: FakeRequest, project: string): FakeAnswer {
  if (access?.isAdmin !== true)
    return neutronFault(403, 'PolicyNotAuthorized', 'rule:update_quota is disallowed by policy');
  const set = objectAt(body, 'quota');
  // Errata, `empty sets`: `{"quota": {}}` is 200, `{}` is 500.
  if (set === undefined) {
    const message = 'Request Failed: internal server error while processing your request.';
    return neutronFault(500, 'HTTPInternalServerError', message);
  }
  const { force = false, ...values } = set;
  // An order, like `force`; checking happens in any case (errata).
  delete values['check_limit'];
  const limits = world.limitsOf('neutron', project);
  const usage = world.usageOf('neutron', project);
  const wanted: FakeLimits = {};
  for (const [key, value] of Object.entries(values)) {
    if (!(key in limits))
      return neutronFault(400, 'HTTPBadRequest', `Unrecognized attribute(s) '${key}'`);
    const number = value === null || value === '' ? NaN : Math.trunc(Number(value));
    if (Number.isNaN(number) || number < -1 || number > LARGEST) {
      return neutronFault(
        400,
        'HTTPBadRequest',
        `Invalid input for ${key}. Reason: '${String(value)}' is invalid.`,
      );
    }
    // Errata: a limit below current use is refused without `check_limit` too, unless forced.
    if (force !== true && number !== -1 && number < (usage[key] ?? 0)) {
      return neutronFault(
        400,
        'InvalidQuotaValue',
        `Change would make usage less than 0 for the following resources: ['${key}'].`,
      );
    }
    wanted[key] = number;
  }
  Object.assign(limits, wanted);
  return { status: 200, body: { quota: limits } };
}

/** 12.5: the figures are those of an extension. */
function getDetails(world: World, project: string): FakeAnswer {
  if (!world.hasQuotaDetails)
    return neutronFault(404, 'HTTPNotFound', 'The resource could not be found.');
  const usage = world.usageOf('neutron', project);
  const detailed: Record<string, object> = {};
  for (const [key, limit] of Object.entries(world.limitsOf('neutron', project))) {
    detailed[key] = { limit, used: usage[key] ?? 0, reserved: 0 };
  }
  return { status: 200, body: { quota: detailed } };
}

function addGroup(world: World, { body, access }: FakeRequest): FakeAnswer {
  const asked = objectAt(body, 'security_group');
  const project = textAt(asked, 'project_id') || (access?.projectId ?? '');
  const name = textAt(asked, 'name');
  if (name.length > 255) return neutronFault(400, 'HTTPBadRequest', 'Invalid input for name.');
  world.touchNetwork(project);
  if (name === 'default') {
    const message = 'Default security group already exists.';
    return neutronFault(409, 'SecurityGroupDefaultAlreadyExists', message);
  }
  if (isFull(world, project, 'security_group')) return overQuota('security_group');
  const group = world.addGroup(project, name, textAt(asked, 'description'));
  return { status: 201, body: { security_group: shownGroup(world, group) } };
}

function deleteGroup(world: World, id: string): FakeAnswer {
  const group = world.groups.get(id);
  if (group === undefined) return noGroup(id);
  if (group.name === 'default') {
    const message = 'Insufficient rights for removing default security group.';
    return neutronFault(409, 'SecurityGroupCannotRemoveDefault', message);
  }
  for (const rule of world.rulesIn(id)) world.rules.delete(rule.id);
  world.groups.delete(id);
  return { status: 204 };
}

function addRule(world: World, { body }: FakeRequest): FakeAnswer {
  const asked = objectAt(body, 'security_group_rule') as Partial<FakeRule> | undefined;
  const group = world.groups.get(asked?.security_group_id ?? '');
  if (asked === undefined || group === undefined) return noGroup(asked?.security_group_id ?? '');
  const { port_range_min: lowest = null, port_range_max: highest = null, protocol } = asked;
  // Errata, traps: −1 is no port; "any" is null.
  for (const port of [lowest, highest]) {
    if (port !== null && (!Number.isInteger(port) || port < 0 || port > 65535)) {
      return neutronFault(400, 'SecurityGroupInvalidPortValue', `Invalid value for port ${port}`);
    }
  }
  const isRange = protocol === 'tcp' || protocol === 'udp';
  const isHalf = (lowest === null) !== (highest === null);
  if (isRange && (isHalf || (lowest ?? 0) > (highest ?? 65535))) {
    const message = 'For TCP/UDP protocols, port_range_min must be <= port_range_max';
    return neutronFault(400, 'SecurityGroupInvalidPortRange', message);
  }
  const [ip = '', bits = ''] = (asked.remote_ip_prefix ?? '0.0.0.0/0').split('/');
  if (isIP(ip) === 0 || !/^\d{1,3}$/.test(bits)) {
    const message = `Invalid input for remote_ip_prefix. Reason: '${ip}/${bits}' is not a valid IP subnet.`;
    return neutronFault(400, 'HTTPBadRequest', message);
  }
  const twin = world.rulesIn(group.id).find((rule) => sameRule(rule, asked));
  if (twin !== undefined) {
    const message = `Security group rule already exists. Rule id is ${twin.id}.`;
    return neutronFault(409, 'SecurityGroupRuleExists', message);
  }
  if (isFull(world, group.projectId, 'security_group_rule'))
    return overQuota('security_group_rule');
  const rule = world.addRule({ ...asked, security_group_id: group.id });
  return { status: 201, body: { security_group_rule: rule } };
}

const COMPARED = [
  'direction',
  'ethertype',
  'protocol',
  'port_range_min',
  'port_range_max',
  'remote_ip_prefix',
] as const;

function sameRule(one: FakeRule, other: Partial<FakeRule>): boolean {
  return COMPARED.every((key) => one[key] === (other[key] ?? null));
}

function isFull(world: World, project: string, key: string): boolean {
  const limit = world.limitsOf('neutron', project)[key] ?? -1;
  return limit !== -1 && (world.usageOf('neutron', project)[key] ?? 0) >= limit;
}

function overQuota(key: string): FakeAnswer {
  return neutronFault(409, 'OverQuota', `Quota exceeded for resources: ['${key}'].`);
}

function noGroup(id: string): FakeAnswer {
  return neutronFault(404, 'SecurityGroupNotFound', `Security group ${id} does not exist`);
}

function shownGroup(world: World, group: FakeGroup): { id: string } {
  const { id, name, description, projectId } = group;
  const owner = { project_id: projectId, tenant_id: projectId };
  return { id, name, description, ...owner, security_group_rules: world.rulesIn(id) } as {
    id: string;
  };
}
