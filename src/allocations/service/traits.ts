import type { Database } from '../../db/database.js';
import { RepeatTransaction } from '../../db/errors.js';
import { Failure, invalid, notFound } from '../../kernel/failure.js';
import type { Page } from '../../kernel/page.js';
import { isCustomName, isName } from '../domain/resource-class.js';
import {
  addTrait,
  deleteTrait,
  findTrait,
  isTraitUsed,
  listTraits,
  lockTrait,
  type Trait,
  type TraitFilter,
} from '../storage/traits.js';

export type { Trait, TraitFilter } from '../storage/traits.js';

/** Asks for traits. */
export interface ListTraitsCommand {
  readonly filter: TraitFilter;
  /** Undefined means all of them. */
  readonly page: Page<readonly string[]> | undefined;
}

/** A list of traits, and the name behind which the next page begins. */
export interface TraitList {
  readonly traits: readonly Trait[];
  readonly next: string | undefined;
}

/** A trait, and whether it was added. */
export interface EnsuredTrait {
  readonly trait: Trait;
  readonly created: boolean;
}

/** The use cases of traits (section 14.1). */
export interface Traits {
  list(command: ListTraitsCommand): Promise<TraitList>;
  get(name: string): Promise<Trait>;
  ensure(name: string): Promise<EnsuredTrait>;
  remove(name: string): Promise<void>;
}

/** Returns the use cases of traits. */
export function createTraits(database: Database): Traits {
  return {
    async list({ filter, page }) {
      const size = page?.size ?? null;
      const after = page?.after?.[0] ?? '';
      const traits = await database.read((tx) => listTraits(tx, storable(filter), after, size));
      return { traits, next: traits.length === size ? traits.at(-1)?.name : undefined };
    },
    async get(name) {
      const found = isName(name) ? await database.read((tx) => findTrait(tx, name)) : undefined;
      if (found === undefined) throw traitNotFound(name);
      return found;
    },
    async ensure(name) {
      if (!isCustomName(name)) throw invalid(NOT_CUSTOM);
      return database.transact(async (tx) => {
        const added = await addTrait(tx, name);
        const trait = added ?? (await findTrait(tx, name));
        // Removed between the two statements: begin again.
        if (trait === undefined) throw traitGone();
        return { trait, created: added !== undefined };
      });
    },
    remove: (name) => remove(database, name),
  };
}

const NOT_CUSTOM =
  'The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"';

async function remove(database: Database, name: string): Promise<void> {
  if (!isName(name)) throw traitNotFound(name);
  await database.transact(async (tx) => {
    const id = await lockTrait(tx, name);
    if (id === undefined) throw traitNotFound(name);
    if (!isCustomName(name)) throw invalid(`Cannot delete standard trait ${name}.`);
    if (await isTraitUsed(tx, id))
      throw new Failure(
        'wrong-state',
        'TRAIT_IN_USE',
        `The trait ${name} is in use by a resource provider.`,
        { trait: name },
      );
    await deleteTrait(tx, id);
  });
}

/** Leaves out names that no trait has; Postgres would refuse to look for some of them. */
function storable(filter: TraitFilter): TraitFilter {
  const { names, prefix } = filter;
  if (prefix !== undefined && prefix !== '' && !isName(prefix)) return { ...filter, ...NOTHING };
  return { ...filter, names: names?.filter(isName) };
}

const NOTHING = { names: [], prefix: undefined };

function traitNotFound(name: string): Failure {
  return notFound('trait', name, `No such trait(s): ${name}.`);
}

function traitGone(): Error {
  return new RepeatTransaction('a trait was removed meanwhile');
}
