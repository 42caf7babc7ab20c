import { z } from 'zod';
import type { Tx } from '../../db/tx.js';
import { moment, text } from '../../state/fields.js';
import { BrokenReference, type Report, type StateSection } from '../../state/section.js';
import { type Endpoint, sameEndpoints } from '../domain/catalog.js';
import {
  type ComponentRow,
  componentsByName,
  insertComponents,
} from '../storage/component-rows.js';
import { replaceServices, servicesByName } from '../storage/component-rows.js';
import { applyComponentTokens } from './component-tokens.js';
import { refuseDuplicates } from './duplicates.js';

/** A resource of a service, as the state file declares it; another slice knows what it means. */
export interface NestedResource<Entry = unknown> {
  readonly component: string;
  readonly service: string;
  /** Leads to the resource from the section's list. */
  readonly path: readonly (string | number)[];
  readonly entry: Entry;
}

/** Who takes care of the resources that services declare. */
export interface NestedResources<Entry = unknown> {
  /** Shape of one resource; strict. */
  readonly entry: z.ZodType<Entry>;
  /** Creates and updates the resources; their services exist by then. */
  apply(tx: Tx, resources: readonly NestedResource<Entry>[], report: Report): Promise<void>;
}

const url = text(1, 1024).refine((value) => /^(https?:\/\/[^/]|\/)/.test(value), {
  error: 'must be an http or https URL, or a path below this deployment',
});

const endpoint = z
  .strictObject({
    public_url: url,
    version_id: text().default('v1.0'),
    region: text().default('default'),
    ui_url: url.nullable().default(null),
  })
  .transform((entry): Endpoint => ({
    versionId: entry.version_id,
    region: entry.region,
    publicUrl: entry.public_url.replace(/(?<=.)\/+$/, ''),
    uiUrl: entry.ui_url,
  }));

function componentEntry(resource: z.ZodType) {
  return z.strictObject({
    name: text(),
    token: text().optional(),
    token_expires_at: moment.nullable().optional(),
    services: z
      .array(
        z.strictObject({
          name: text(),
          type: text(),
          endpoints: z.array(endpoint).default([]),
          resources: z.array(resource).default([]),
        }),
      )
      .default([]),
  });
}

/** A component as the state file declares it. */
export type ComponentEntry = z.output<ReturnType<typeof componentEntry>>;

/** Returns the section `components`: components, their tokens, services and resources. */
export function componentsSection(nested: NestedResources): StateSection<ComponentEntry> {
  return {
    key: 'components',
    entry: componentEntry(nested.entry),
    async apply(tx, entries, report) {
      refuseRepeated(entries);
      const stored = await componentsByName(
        tx,
        entries.map(({ name }) => name),
      );
      const known = new Set(stored.map(({ name }) => name));
      const added = await insertComponents(
        tx,
        entries.map(({ name }) => name).filter((name) => !known.has(name)),
      );
      const ids = idsByName([...stored, ...added]);
      const tokens = await applyComponentTokens(tx, entries, ids);
      entries.forEach(({ name }, index) => {
        const { isChanged, note } = tokens[index] ?? { isChanged: false };
        const outcome = !known.has(name) ? 'created' : isChanged ? 'updated' : 'unchanged';
        report({ kind: 'component', name, outcome, ...(note !== undefined && { note }) });
      });
      await applyServices(tx, entries, ids, report);
      await nested.apply(tx, [...resourcesOf(entries)], report);
    },
  };
}

function refuseRepeated(entries: readonly ComponentEntry[]): void {
  refuseDuplicates(
    'components',
    entries.map(({ name }, index) => ({ path: [index, 'name'], value: name })),
  );
  refuseDuplicates(
    'components',
    entries.flatMap(({ token }, index) =>
      token === undefined ? [] : [{ path: [index, 'token'], value: token }],
    ),
  );
  refuseDuplicates(
    'components',
    entries.flatMap(({ services }, index) =>
      services.map(({ name }, at) => ({ path: [index, 'services', at, 'name'], value: name })),
    ),
  );
}

function idsByName(rows: readonly ComponentRow[]): ReadonlyMap<string, bigint> {
  return new Map(rows.map(({ id, name }) => [name, id]));
}

async function applyServices(
  tx: Tx,
  entries: readonly ComponentEntry[],
  ids: ReadonlyMap<string, bigint>,
  report: Report,
): Promise<void> {
  const declared = entries.flatMap(({ name: component, services }, index) =>
    services.map((service, at) => ({
      ...service,
      componentId: ids.get(component) ?? 0n,
      path: [index, 'services', at, 'name'],
    })),
  );
  const rows = await servicesByName(
    tx,
    declared.map(({ name }) => name),
  );
  const stored = new Map(rows.map((row) => [row.name, row]));
  const changed = declared.filter((service) => {
    const row = stored.get(service.name);
    if (row !== undefined && row.componentId !== service.componentId)
      throw new BrokenReference(
        service.path,
        `${JSON.stringify(service.name)} belongs to component ${JSON.stringify(row.componentName)}`,
      );
    const isSame = row?.type === service.type && sameEndpoints(row.endpoints, service.endpoints);
    const outcome = row === undefined ? 'created' : isSame ? 'unchanged' : 'updated';
    report({ kind: 'service', name: service.name, outcome });
    return outcome !== 'unchanged';
  });
  await replaceServices(tx, changed);
}

function* resourcesOf(entries: readonly ComponentEntry[]): Iterable<NestedResource> {
  for (const [index, { name: component, services }] of entries.entries())
    for (const [at, { name: service, resources }] of services.entries())
      for (const [position, entry] of resources.entries())
        yield { component, service, path: [index, 'services', at, 'resources', position], entry };
}
