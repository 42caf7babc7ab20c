/** The OpenStack driver: the only part of the slice that talks to a deployment. */
export { type Cloud, OpenStackDriver } from './driver.js';
export { OpenStackError, type OpenStackErrorKind, type ServiceName } from './errors.js';
export type { Deployment, DriverOptions } from './options.js';
export type { ProjectPlan, UserPlan } from './projects.js';
export { type BackendQuotas, type PushOutcome, QUOTA_NAMES, type QuotaName } from './quotas.js';
export type {
  BackendSecurityGroup,
  SecurityGroupOutcome,
  SecurityGroupPlan,
  SecurityGroupRule,
} from './security-groups.js';
export type { BackendFlavor, BackendServer, BackendVolume } from './servers.js';
