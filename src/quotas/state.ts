import { z } from 'zod';
import type { Tx } from '../db/tx.js';
import type { Identity, NestedResource, NestedResources } from '../identity/index.js';
import { type Quantity, UNLIMITED, ZERO } from '../kernel/quantity.js';
import { BrokenReference, type Outcome, type Report } from '../state/section.js';
import type { QuotasHooks } from './hooks.js';
import { findResources, saveResources, type StoredResource } from './storage/resources.js';

const amount = z
  .union([z.bigint(), z.int()])
  .transform((value) => BigInt(value) as Quantity)
  .refine((value) => value >= ZERO && value <= UNLIMITED, `must be 0 to ${UNLIMITED}`);

/** A resource of the state file; what is absent keeps its value, or takes the default at first. */
const resourceEntry = z.strictObject({
  name: z.string().min(1).max(255),
  description: z.string().max(4096).nullable().optional(),
  unit: z.string().max(255).nullable().optional(),
  ui_visible: z.boolean().optional(),
  api_visible: z.boolean().optional(),
  system_default: amount.optional(),
  project_default: amount.optional(),
});

type ResourceEntry = z.output<typeof resourceEntry>;

/** What registering resources needs. */
export interface ResourcesSectionDeps {
  readonly identity: Pick<Identity, 'componentsOfServices'>;
  readonly hooks: Pick<QuotasHooks, 'resourcesRegistered'>;
}

/** Returns what a state file says of resources, below the services of components. */
export function createResourcesSection(deps: ResourcesSectionDeps): NestedResources {
  return {
    entry: resourceEntry,
    apply: (tx, resources, report) => applyResources(deps, tx, resources, report),
  };
}

async function applyResources(
  deps: ResourcesSectionDeps,
  tx: Tx,
  declared: readonly NestedResource[],
  report: Report,
): Promise<void> {
  const entries = declared.map((resource) => ({
    ...resource,
    entry: resource.entry as ResourceEntry,
  }));
  const names = entries.map(({ entry }) => entry.name);
  const stored = new Map((await findResources(tx, names)).map((row) => [row.name, row]));
  const owners = await deps.identity.componentsOfServices(
    tx,
    [...stored.values()].map(({ service }) => service),
  );
  const seen = new Set<string>();
  const changed: StoredResource[] = [];
  const lines: { name: string; outcome: Outcome }[] = [];
  for (const { component, service, path, entry } of entries) {
    const earlier = stored.get(entry.name);
    if (seen.has(entry.name)) throw new BrokenReference(path, `resource '${entry.name}' again`);
    seen.add(entry.name);
    const owner = earlier && owners.get(earlier.service);
    if (owner !== undefined && owner !== component)
      throw new BrokenReference(
        path,
        `resource '${entry.name}' belongs to component '${owner}' (service '${earlier?.service}')`,
      );
    const resource = merged(service, entry, earlier);
    if (resource.uiVisible && !resource.apiVisible)
      throw new BrokenReference(
        path,
        `resource '${entry.name}' cannot be ui_visible without being api_visible`,
      );
    const outcome = outcomeOf(resource, earlier);
    if (outcome !== 'unchanged') changed.push(resource);
    lines.push({ name: entry.name, outcome });
  }
  if (changed.length > 0) await saveResources(tx, changed);
  const created = changed.filter(({ name }) => !stored.has(name));
  if (created.length > 0) await deps.hooks.resourcesRegistered(tx, created);
  for (const line of lines) report({ kind: 'resource', ...line });
}

/** Section 8.3: what a registration leaves out keeps what an operator or an earlier one chose. */
function merged(
  service: string,
  entry: ResourceEntry,
  earlier: StoredResource | undefined,
): StoredResource {
  const apiVisible = entry.api_visible ?? earlier?.apiVisible ?? true;
  return {
    name: entry.name,
    service,
    description: entry.description ?? earlier?.description ?? null,
    unit: entry.unit ?? earlier?.unit ?? null,
    uiVisible: entry.ui_visible ?? earlier?.uiVisible ?? true,
    apiVisible,
    systemDefault: entry.system_default ?? earlier?.systemDefault ?? UNLIMITED,
    projectDefault:
      entry.project_default ?? earlier?.projectDefault ?? (apiVisible ? ZERO : UNLIMITED),
  };
}

function outcomeOf(resource: StoredResource, earlier: StoredResource | undefined): Outcome {
  if (earlier === undefined) return 'created';
  const isSame = Object.entries(resource).every(
    ([key, value]) => earlier[key as keyof StoredResource] === value,
  );
  return isSame ? 'unchanged' : 'updated';
}
