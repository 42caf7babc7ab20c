import { createHash } from 'node:crypto';
import { type Deployment, type DriverOptions, type FullOptions, fullOptions } from './options.js';
import {
  ensureProject,
  ensureUser,
  grantRole,
  maySignIn,
  type ProjectPlan,
  type UserPlan,
} from './projects.js';
import {
  type BackendQuotas,
  pullQuotas,
  pushQuotas,
  type PushOutcome,
  type QuotaName,
} from './quotas.js';
import {
  type BackendSecurityGroup,
  listSecurityGroups,
  pushSecurityGroups,
  type SecurityGroupOutcome,
  type SecurityGroupPlan,
} from './security-groups.js';
import {
  type BackendFlavor,
  type BackendServer,
  type BackendVolume,
  getFlavor,
  getServer,
  getVolume,
  listAttachedVolumeIds,
  listServerStatuses,
} from './servers.js';
import { Session } from './session.js';

/**
 * What Apportion does in one deployment (section 12, errata), as the deployment's own account.
 *
 * Every call throws an OpenStackError when it does not succeed, or the reason of its signal.
 */
export interface Cloud {
  /** Shows that the account can sign in; with `fresh`, by doing so now. */
  signIn(options?: { readonly fresh?: boolean; readonly signal?: AbortSignal }): Promise<void>;
  /** See {@link ensureProject}. */
  ensureProject(plan: ProjectPlan, signal?: AbortSignal): Promise<string>;
  /** See {@link ensureUser}. */
  ensureUser(plan: UserPlan, signal?: AbortSignal): Promise<string>;
  /** See {@link grantRole}. */
  grantRole(
    grant: { readonly projectId: string; readonly userId: string; readonly role: string },
    signal?: AbortSignal,
  ): Promise<void>;
  /** See {@link maySignIn}. */
  maySignIn(
    user: { readonly name: string; readonly password: string; readonly projectId: string },
    signal?: AbortSignal,
  ): Promise<boolean>;
  /** See {@link pushQuotas}. */
  pushQuotas(
    projectId: string,
    values: Partial<Readonly<Record<QuotaName, bigint>>>,
    signal?: AbortSignal,
  ): Promise<readonly PushOutcome[]>;
  /** See {@link pullQuotas}. */
  pullQuotas(projectId: string, signal?: AbortSignal): Promise<BackendQuotas>;
  /** See {@link listSecurityGroups}. */
  listSecurityGroups(
    projectId: string,
    signal?: AbortSignal,
  ): Promise<readonly BackendSecurityGroup[]>;
  /** See {@link pushSecurityGroups}. */
  pushSecurityGroups(
    projectId: string,
    plans: readonly SecurityGroupPlan[],
    options?: { readonly deleteOthers?: boolean; readonly signal?: AbortSignal },
  ): Promise<readonly SecurityGroupOutcome[]>;
  /** See {@link getServer}. */
  getServer(id: string, signal?: AbortSignal): Promise<BackendServer>;
  /** See {@link listAttachedVolumeIds}. */
  listAttachedVolumeIds(serverId: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** See {@link getVolume}. */
  getVolume(id: string, signal?: AbortSignal): Promise<BackendVolume>;
  /** See {@link getFlavor}. */
  getFlavor(id: string, signal?: AbortSignal): Promise<BackendFlavor>;
  /** See {@link listServerStatuses}. */
  listServerStatuses(projectId: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

/**
 * The OpenStack driver of one process: any number of deployments side by side, each with its own
 * token, its own connections and its own bound on calls in flight, so that one that hangs keeps no
 * other waiting.
 */
export class OpenStackDriver {
  readonly #options: FullOptions;
  readonly #sessions = new Map<string, { key: string; session: Session; cloud: Cloud }>();

  constructor(options: DriverOptions = {}) {
    this.#options = fullOptions(options);
  }

  /**
   * Returns the cloud of a deployment: the same one as long as nothing of the deployment changed. A
   * new password begins a new session; calls in flight end in the old one.
   */
  cloudOf(deployment: Deployment): Cloud {
    const present = this.#sessions.get(deployment.authUrl);
    const key = keyOf(deployment);
    if (present?.key === key) return present.cloud;
    const session = new Session({ ...deployment }, this.#options);
    const cloud = cloudIn(session);
    this.#sessions.set(deployment.authUrl, { key, session, cloud });
    return cloud;
  }

  /** Breaks every connection and forgets every token. */
  close(): void {
    for (const { session } of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }
}

/** The password as a hash only: keys of maps end up in dumps. */
function keyOf(deployment: Deployment): string {
  const { authUrl, username, password, projectName, domain, region = null } = deployment;
  const parts = [authUrl, username, password, projectName, domain, region];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function cloudIn(session: Session): Cloud {
  return {
    signIn: async ({ fresh = false, signal } = {}) => {
      if (fresh) session.forget();
      await session.signIn(signal);
    },
    ensureProject: (plan, signal) => ensureProject(session, plan, signal),
    ensureUser: (plan, signal) => ensureUser(session, plan, signal),
    grantRole: (grant, signal) => grantRole(session, grant, signal),
    maySignIn: (user, signal) => maySignIn(session, user, signal),
    pushQuotas: (projectId, values, signal) => pushQuotas(session, projectId, values, signal),
    pullQuotas: (projectId, signal) => pullQuotas(session, projectId, signal),
    listSecurityGroups: (projectId, signal) => listSecurityGroups(session, projectId, signal),
    pushSecurityGroups: (projectId, plans, options) =>
      pushSecurityGroups(session, projectId, plans, options),
    getServer: (id, signal) => getServer(session, id, signal),
    listAttachedVolumeIds: (serverId, signal) => listAttachedVolumeIds(session, serverId, signal),
    getVolume: (id, signal) => getVolume(session, id, signal),
    getFlavor: (id, signal) => getFlavor(session, id, signal),
    listServerStatuses: (projectId, signal) => listServerStatuses(session, projectId, signal),
  };
}
