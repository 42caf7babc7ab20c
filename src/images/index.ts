import { Batcher } from '../db/batcher.js';
import type { Database } from '../db/database.js';
import type { Identity } from '../identity/index.js';
import type { Clock } from '../kernel/clock.js';
import type { Family } from '../rpc/http.js';
import type { BoundService } from '../rpc/route.js';
import type { AccessRules } from './access.js';
import type { ImageLimits } from './domain/limits.js';
import type { PageSizes } from './domain/listing.js';
import type { ImageMember } from './domain/member.js';
import type { RecordEvents } from './events.js';
import { createFamily } from './rest/family.js';
import { type AuthMode, createCaller } from './routes/callers.js';
import { createRoutes } from './routes/index.js';
import { createImagesService } from './service/images.js';
import { createMembers } from './service/members.js';
import { type SharingOperation, writeSharingBatch } from './service/sharing.js';

export type { AccessRules } from './access.js';
export type { ImageLimits } from './domain/limits.js';
export type { PageSizes } from './domain/listing.js';
export type { ImageMemberEvent, RecordEvents } from './events.js';
export type { AuthMode } from './routes/callers.js';

/** What image sharing needs. */
export interface ImageSharingDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'callers'>;
  readonly recordEvents: RecordEvents;
  readonly auth: AuthMode;
  readonly rules: AccessRules;
  readonly limits: ImageLimits;
  readonly pages: PageSizes;
  /** Base URL of links, without a trailing slash; undefined: what each request was sent to. */
  readonly publicUrl: string | undefined;
  /** Where tokens come from, for those who have none. */
  readonly identityUrl: string;
  /** Told the size of every batch of member writes. */
  readonly onBatch?: (size: number) => void;
}

/** Image sharing as the rest of the house sees it. */
export interface ImageSharing {
  readonly services: readonly BoundService[];
  readonly family: Family;
  /** Member writes that wait to be written. */
  readonly waiting: () => number;
}

/** Member writes that may wait in one process; beyond it callers are told to come back. */
const QUEUE_LIMIT = 20_000;

/** Returns image sharing. */
export function createImageSharing(deps: ImageSharingDeps): ImageSharing {
  const { database, clock, rules, limits, publicUrl } = deps;
  const caller = createCaller(deps.auth, deps.identity);
  const family = createFamily({
    caller,
    publicUrl,
    // Nobody hands out the tokens of the test mode.
    identityUrl: deps.auth === 'token' ? deps.identityUrl : undefined,
  });
  const batcher = new Batcher<SharingOperation, ImageMember>({
    database,
    queueLimit: QUEUE_LIMIT,
    weightOf: () => 1,
    write: (tx, operations) => writeSharingBatch(tx, operations, deps),
    onBatch: deps.onBatch,
  });
  return {
    services: createRoutes({
      ...{ family, caller, rules, limits, publicUrl, pages: deps.pages },
      images: createImagesService({ database, clock, limits }),
      members: createMembers({ database, batcher, rules }),
    }),
    family,
    waiting: () => batcher.waiting,
  };
}
