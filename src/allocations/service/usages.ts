import type { Database } from '../../db/database.js';
import { isCleanText } from '../../kernel/text.js';
import { UNKNOWN_TYPE } from '../domain/consumer.js';
import { providerNotFound } from '../domain/resource-provider.js';
import { ALL_TYPES, type ProviderUsages, type UsageGroup } from '../domain/usage.js';
import { readProviderUsages, readUsageGroups } from '../storage/usages.js';

/** Whose usage is asked for. */
export interface ProjectUsagesCommand {
  readonly projectId: string;
  readonly userId: string | undefined;
  /** A type, `unknown` or `all`; undefined: all types, each a group of its own. */
  readonly consumerType: string | undefined;
}

/** The use cases of usages. */
export interface Usages {
  /** Returns what is used of a provider; throws NOT_FOUND when there is none. */
  ofProvider(uuid: string): Promise<ProviderUsages>;
  /** Returns the groups of a project's consumers; none when it has no consumer. */
  ofProject(command: ProjectUsagesCommand): Promise<readonly UsageGroup[]>;
}

/** Returns the use cases of usages. */
export function createUsages(database: Database): Usages {
  return {
    async ofProvider(uuid) {
      const found = isCleanText(uuid)
        ? await database.read((tx) => readProviderUsages(tx, uuid))
        : undefined;
      if (found === undefined)
        throw providerNotFound(uuid, `: No resource provider with uuid ${uuid} found`);
      return found;
    },
    async ofProject({ projectId, userId, consumerType }) {
      const isGrouped = consumerType !== ALL_TYPES;
      const type = consumerType === UNKNOWN_TYPE ? null : consumerType;
      const filter = { projectId, userId, type: isGrouped ? type : undefined, isGrouped };
      const groups = await database.read((tx) => readUsageGroups(tx, filter));
      return groups.map(({ type: found, ...group }) => ({
        name: isGrouped ? (found ?? UNKNOWN_TYPE) : ALL_TYPES,
        ...group,
      }));
    },
  };
}
