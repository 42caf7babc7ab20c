import { z } from 'zod';
import { OpenStackError, type ServiceName } from './errors.js';
import { readPages } from './paging.js';
import type { Session } from './session.js';

/** A server as Nova shows it at microversion 2.1. */
export interface BackendServer {
  readonly id: string;
  /** May be empty. */
  readonly name: string;
  /** Nova's word, such as `ACTIVE`. */
  readonly status: string;
  readonly projectId: string;
  readonly keyName: string | null;
  readonly flavorId: string;
  /** In Nova's order, over all networks. */
  readonly addresses: readonly { readonly address: string; readonly type: 'fixed' | 'floating' }[];
  /** Each name once; empty while the server has no port. */
  readonly securityGroups: readonly string[];
  /** Null for a server that never ran. */
  readonly launchedAt: Date | null;
}

/** A volume as Cinder shows it. */
export interface BackendVolume {
  readonly id: string;
  readonly sizeGib: number;
  readonly isBootable: boolean;
  /** The image it was made from; null when it was made from none. */
  readonly imageId: string | null;
}

/** A hardware preset. */
export interface BackendFlavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ramMib: number;
  readonly diskGib: number;
}

const SERVER = z
  .object({
    id: z.string(),
    name: z.string().nullish(),
    status: z.string(),
    tenant_id: z.string(),
    key_name: z.string().nullish(),
    flavor: z.object({ id: z.string() }),
    addresses: z
      .record(
        z.string(),
        z.array(z.object({ addr: z.string(), 'OS-EXT-IPS:type': z.string().optional() })),
      )
      .nullish(),
    security_groups: z.array(z.object({ name: z.string() })).nullish(),
    'OS-SRV-USG:launched_at': z.string().nullish(),
  })
  .transform((server): BackendServer => ({
    id: server.id,
    name: server.name ?? '',
    status: server.status,
    projectId: server.tenant_id,
    keyName: server.key_name ?? null,
    flavorId: server.flavor.id,
    addresses: Object.values(server.addresses ?? {})
      .flat()
      .map((entry) => ({
        address: entry.addr,
        type: entry['OS-EXT-IPS:type'] === 'floating' ? 'floating' : 'fixed',
      })),
    securityGroups: [...new Set((server.security_groups ?? []).map(({ name }) => name))],
    launchedAt: momentOf(server['OS-SRV-USG:launched_at']),
  }));

const FLAVOR = z
  .object({
    id: z.string(),
    name: z.string(),
    vcpus: z.number(),
    ram: z.number(),
    disk: z.number(),
  })
  .transform(({ id, name, vcpus, ram, disk }): BackendFlavor => ({
    id,
    name,
    vcpus,
    ramMib: ram,
    diskGib: disk,
  }));

const VOLUME = z
  .object({
    id: z.string(),
    size: z.number().int(),
    bootable: z.union([z.string(), z.boolean()]),
    volume_image_metadata: z.object({ image_id: z.string().optional() }).nullish(),
  })
  .transform((volume): BackendVolume => ({
    id: volume.id,
    sizeGib: volume.size,
    // A string in the document, of Cinder's and of ours.
    isBootable: String(volume.bootable) === 'true',
    imageId: volume.volume_image_metadata?.image_id ?? null,
  }));

/**
 * Returns a server of any project; throws an OpenStackError, of kind `not-found` when there is none.
 * Whose it is, the caller has to judge (12.4, Rule).
 */
export async function getServer(
  session: Session,
  id: string,
  signal?: AbortSignal,
): Promise<BackendServer> {
  const path = `/servers/${segment('nova', 'server', id)}`;
  // An id such as `detail` names something else of Nova's, which has no server in it.
  const form = z.object({ server: SERVER.optional() });
  const { server } = await session.call('nova', { method: 'GET', path, answer: form, signal });
  if (server?.id !== id) throw absent('nova', 'server', id);
  return server;
}

/** Returns the ids of the volumes attached to a server, in Nova's order; throws an OpenStackError. */
export async function listAttachedVolumeIds(
  session: Session,
  serverId: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const id = segment('nova', 'server', serverId);
  const { volumeAttachments } = await session.call('nova', {
    method: 'GET',
    path: `/servers/${id}/os-volume_attachments`,
    answer: z.object({ volumeAttachments: z.array(z.object({ volumeId: z.string() })) }),
    signal,
  });
  return volumeAttachments.map(({ volumeId }) => volumeId);
}

/** Returns a volume of any project; throws an OpenStackError, `not-found` when there is none. */
export async function getVolume(
  session: Session,
  id: string,
  signal?: AbortSignal,
): Promise<BackendVolume> {
  const path = `/volumes/${segment('cinder', 'volume', id)}`;
  const answer = z.object({ volume: VOLUME });
  return (await session.call('cinder', { method: 'GET', path, answer, signal })).volume;
}

/** Returns a flavor; throws an OpenStackError, `not-found` when it was deleted. */
export async function getFlavor(
  session: Session,
  id: string,
  signal?: AbortSignal,
): Promise<BackendFlavor> {
  const path = `/flavors/${segment('nova', 'flavor', id)}`;
  const answer = z.object({ flavor: FLAVOR });
  return (await session.call('nova', { method: 'GET', path, answer, signal })).flavor;
}

/** Returns the status of every server of a project, by its id; throws an OpenStackError. */
export async function listServerStatuses(
  session: Session,
  projectId: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const servers = await readPages(session, {
    service: 'nova',
    path: `/servers/detail?all_tenants=1&project_id=${encodeURIComponent(projectId)}`,
    key: 'servers',
    item: z.object({ id: z.string(), status: z.string() }),
    // A server takes about two kilobytes.
    pageSize: 200,
    signal,
  });
  return new Map(servers.map(({ id, status }) => [id, status]));
}

/** Ids are free text as far as the document goes; no service has longer ones. */
const LONGEST_ID = 255;

/**
 * Returns an id as one part of a path. What cannot be one is nothing the service could know: an
 * empty part and dots would name another resource.
 */
function segment(service: ServiceName, noun: string, id: string): string {
  const isPart = id !== '' && id !== '.' && id !== '..' && id.length <= LONGEST_ID;
  if (!isPart || !id.isWellFormed()) throw absent(service, noun, id);
  return encodeURIComponent(id);
}

function absent(service: ServiceName, noun: string, id: string): OpenStackError {
  const shown = JSON.stringify(id.slice(0, LONGEST_ID));
  return new OpenStackError(service, 'not-found', `${service} has no ${noun} ${shown}`);
}

/** Nova's moments are UTC without saying so (12.4). */
function momentOf(text: string | null | undefined): Date | null {
  if (text === null || text === undefined) return null;
  const moment = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(moment.getTime()) ? null : moment;
}
