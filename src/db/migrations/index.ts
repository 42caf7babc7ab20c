import type { Knex } from 'knex';
import * as identity from './0001-identity-accounts.js';
import * as quotas from './0002-quotas-ledger.js';
import * as projects from './0003-projects-memberships.js';
import * as requests from './0004-quotas-requests.js';
import * as heartbeats from './0005-jobs-heartbeats.js';
import * as events from './0006-events-outbox.js';
import * as applications from './0007-projects-applications.js';
import * as membershipLog from './0008-projects-membership-log.js';
import * as images from './0009-images-sharing.js';
import * as allocations from './0010-allocations-ledger.js';

/** A step of the schema, forth and back. */
export interface Migration {
  /** `NNNN_<slice>_<change>`; never changed once merged. */
  readonly name: string;
  up(database: Knex): Promise<void>;
  down(database: Knex): Promise<void>;
}

/** Every migration, oldest first. Listed by hand: the order is part of the schema. */
export const migrations: readonly Migration[] = [
  { name: '0001_identity_accounts', ...identity },
  { name: '0002_quotas_ledger', ...quotas },
  { name: '0003_projects_memberships', ...projects },
  { name: '0004_quotas_requests', ...requests },
  { name: '0005_jobs_heartbeats', ...heartbeats },
  { name: '0006_events_outbox', ...events },
  { name: '0007_projects_applications', ...applications },
  { name: '0008_projects_membership_log', ...membershipLog },
  { name: '0009_images_sharing', ...images },
  { name: '0010_allocations_ledger', ...allocations },
];
