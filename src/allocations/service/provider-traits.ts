import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import { Failure } from '../../kernel/failure.js';
import { providerNotFound, requireGeneration } from '../domain/resource-provider.js';
import { advanceProvider, type LockedProvider, lockProvider } from '../storage/provider-rows.js';
import {
  holdTraits,
  type ProviderTraits as TraitsOfProvider,
  readProviderTraits,
  replaceProviderTraits,
} from '../storage/provider-traits.js';

export type { ProviderTraits as TraitsOfProvider } from '../storage/provider-traits.js';

/** Makes these the traits of a provider. */
export interface ReplaceTraitsCommand {
  readonly uuid: string;
  readonly generation: bigint;
  readonly traits: readonly string[];
}

/** The use cases of the traits of a provider (section 14.1). */
export interface ProviderTraits {
  list(uuid: string): Promise<TraitsOfProvider>;
  replace(command: ReplaceTraitsCommand): Promise<TraitsOfProvider>;
  removeAll(uuid: string): Promise<void>;
}

/** Returns the use cases of the traits of a provider. */
export function createProviderTraits(database: Database): ProviderTraits {
  return {
    list: (uuid) => database.read((tx) => present(tx, uuid)),
    replace: (command) => database.transact((tx) => replace(tx, command)),
    removeAll: (uuid) =>
      database.transact(async (tx) => {
        await write(tx, await lockedProvider(tx, uuid), []);
      }),
  };
}

async function replace(
  tx: Tx,
  { uuid, generation, traits }: ReplaceTraitsCommand,
): Promise<TraitsOfProvider> {
  const provider = await lockedProvider(tx, uuid);
  requireGeneration(provider, generation);
  const ids = await holdTraits(tx, traits);
  const unknown = [...new Set(traits)].filter((name) => !ids.has(name)).sort();
  if (unknown.length > 0)
    throw new Failure('invalid', 'UNKNOWN_TRAIT', `No such trait(s): ${unknown.join(', ')}.`, {
      traits: unknown.join(','),
    });
  await write(tx, provider, [...ids.values()]);
  return present(tx, uuid);
}

/** The generation moves only with the set (section 2). */
async function write(tx: Tx, { id }: LockedProvider, traitIds: readonly bigint[]): Promise<void> {
  if (await replaceProviderTraits(tx, id, traitIds)) await advanceProvider(tx, id);
}

async function lockedProvider(tx: Tx, uuid: string): Promise<LockedProvider> {
  const provider = await lockProvider(tx, uuid);
  if (provider === undefined) throw providerNotFound(uuid);
  return provider;
}

async function present(tx: Tx, uuid: string): Promise<TraitsOfProvider> {
  const found = await readProviderTraits(tx, uuid);
  if (found === undefined) throw providerNotFound(uuid);
  return found;
}
