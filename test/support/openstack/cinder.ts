/** Cinder v3, as far as section 12.5 uses it. */
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
import type { FakeLimits, World } from './world.js';

/** Returns Cinder: a function from requests to answers. */
export function createCinder(world: World) {
  const routes: readonly FakeRoute[] = [
    {
      method: 'PUT',
      pattern: /^\/os-quota-sets\/([^/]+)$/,
      answer: (asked, project = '') => putQuotas(world, asked, project),
    },
    {
      method: 'GET',
      pattern: /^\/os-quota-sets\/([^/]+)$/,
      answer: ({ query }, project = '') => getQuotas(world, project, query.get('usage') === 'true'),
    },
    {
      method: 'GET',
      pattern: /^\/volumes\/([^/]+)$/,
      answer: (_, id = '') => getVolume(world, id),
    },
  ];
  return (request: FakeRequest): FakeAnswer => {
    if (request.access === undefined) return unauthorized();
    const [, project, path = ''] =
      /^\/v3(?:\/((?!os-quota-sets|volumes)[^/]+))?(\/.*)$/.exec(request.path) ?? [];
    // Errata, `catalogue`: with a project in the URL, only the token's own is accepted.
    if (project !== undefined && project !== request.access.projectId) {
      return fault(400, 'Malformed request url');
    }
    return answerBy(routes, { ...request, path });
  };
}

/** Peer README, "Values": all or nothing; every string is refused by a text that names nothing. */
function putQuotas(world: World, request: FakeRequest, project: string): FakeAnswer {
  if (request.access?.isAdmin !== true) {
    return fault(403, "Policy doesn't allow volume_extension:quotas:update to be performed.");
  }
  const set = objectAt(request.body, 'quota_set');
  // Errata, `empty sets`.
  if (set === undefined || Object.keys(set).length === 0) {
    return fault(
      400,
      'Invalid input for field/attribute quota_set. Value: {}. {} should be non-empty',
    );
  }
  // Errata, `unknown project id`: stored all the same.
  const limits = world.limitsOf('cinder', project);
  const unknown = Object.keys(set).filter((key) => !(key in limits));
  // There is no way round: `force` and `skip_validation` are keys like any other.
  if (unknown.length > 0) return fault(400, `Bad key(s) in quota set: ${unknown.join(', ')}`);
  const wanted: FakeLimits = {};
  const usage = world.usageOf('cinder', project);
  for (const [key, value] of Object.entries(set)) {
    // Errata, `number forms`: this is what a string gets, even one of digits.
    if (typeof value === 'string')
      return fault(
        400,
        'The server could not comply with the request since it is either malformed or otherwise incorrect.',
      );
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -1 || value > LARGEST) {
      return fault(
        400,
        `Invalid input for field/attribute ${key}. Value: ${JSON.stringify(value)}.`,
      );
    }
    const used = usage[key] ?? 0;
    // Errata: a limit below current use is refused.
    if (value !== -1 && value < used) {
      return fault(400, `Quota ${key} limit must be equal or greater than existing resources.`);
    }
    wanted[key] = value;
  }
  Object.assign(limits, wanted);
  return { status: 200, body: { quota_set: limits } };
}

/** 12.5: plain integers, with `usage=true` objects. */
function getQuotas(world: World, project: string, withUsage: boolean): FakeAnswer {
  const limits = world.limitsOf('cinder', project);
  if (!withUsage) return { status: 200, body: { quota_set: { id: project, ...limits } } };
  const usage = world.usageOf('cinder', project);
  const detailed: Record<string, object> = {};
  for (const [key, limit] of Object.entries(limits)) {
    detailed[key] = { limit, in_use: usage[key] ?? 0, reserved: 0, allocated: 0 };
  }
  return { status: 200, body: { quota_set: { id: project, ...detailed } } };
}

/** 12.5: `bootable` is a string; there is image metadata only on what was made from an image. */
function getVolume(world: World, id: string): FakeAnswer {
  const volume = world.volumes.get(id);
  if (volume === undefined) return fault(404, `Volume ${id} could not be found.`);
  const { size, bootable, imageId } = volume;
  const metadata = { image_id: imageId, image_name: 'peer-image' };
  return {
    status: 200,
    body: {
      volume: {
        id,
        size,
        status: 'in-use',
        bootable: String(bootable),
        ...(imageId === null ? {} : { volume_image_metadata: metadata }),
      },
    },
  };
}
