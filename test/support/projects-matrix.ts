/** What section 8 and 12.5 of the projects specification say, written down from the document. */
import type { ApplicationState } from '../../src/projects/domain/application-states.js';
import type { ProjectMembershipState } from '../../src/projects/domain/membership-states.js';
import type { ProjectState } from '../../src/projects/domain/project-states.js';
import type { ApplicationAction, ProjectAction } from './projects.js';

/** The letters of refusals in the table of 8.1. */
export type Letter = 'A' | 'B' | 'C' | 'D' | 'E';

/** Section 8.1. */
export const DOCUMENTED_PROJECTS: Readonly<
  Record<ProjectState, Readonly<Record<ProjectAction, ProjectState | Letter>>>
> = {
  uninitialized: { suspend: 'A', unsuspend: 'C', terminate: 'A', reinstate: 'D' },
  active: { suspend: 'suspended', unsuspend: 'C', terminate: 'terminated', reinstate: 'D' },
  suspended: { suspend: 'B', unsuspend: 'active', terminate: 'terminated', reinstate: 'D' },
  terminated: { suspend: 'A', unsuspend: 'C', terminate: 'A', reinstate: 'active' },
  deleted: { suspend: 'A', unsuspend: 'C', terminate: 'A', reinstate: 'D' },
};

/** Section 8.2; what is missing is a conflict. */
export const DOCUMENTED_APPLICATIONS: Readonly<
  Record<ApplicationState, Readonly<Partial<Record<ApplicationAction, ApplicationState>>>>
> = {
  pending: { approve: 'approved', deny: 'denied', cancel: 'cancelled' },
  denied: { dismiss: 'dismissed' },
  approved: {},
  dismissed: {},
  cancelled: {},
  replaced: {},
};

/** How each state is called in refusals (8.2). */
export const DISPLAYED: Readonly<Record<ApplicationState, string>> = {
  pending: 'Pending review',
  approved: 'Approved',
  replaced: 'Replaced',
  denied: 'Denied',
  dismissed: 'Dismissed',
  cancelled: 'Cancelled',
};

/** What the table of 12.5 has for one state; null is a conflict. */
interface MembershipRow {
  readonly enroll: ProjectMembershipState | null;
  readonly join: ProjectMembershipState | null;
  readonly accept: ProjectMembershipState | null;
  readonly reject: ProjectMembershipState | null;
  readonly cancel: ProjectMembershipState | null;
  /** By the leave policies auto and moderated. */
  readonly leave: readonly [ProjectMembershipState, ProjectMembershipState] | null;
  readonly remove: ProjectMembershipState | null;
}

const GONE: MembershipRow = {
  ...{ join: 'requested', enroll: 'accepted' },
  ...{ accept: null, reject: null, cancel: null, leave: null, remove: null },
};
const MEMBER: MembershipRow = {
  ...{ join: null, enroll: null, accept: null, reject: null, cancel: null },
  ...{ leave: ['removed', 'leave_requested'], remove: 'removed' },
};

/** Section 12.5. */
export const DOCUMENTED_MEMBERSHIPS: Readonly<
  Record<ProjectMembershipState | 'none', MembershipRow>
> = {
  none: GONE,
  requested: {
    ...{ join: null, enroll: 'accepted', accept: 'accepted', reject: 'rejected' },
    ...{ cancel: 'cancelled', leave: null, remove: null },
  },
  accepted: MEMBER,
  leave_requested: MEMBER,
  suspended: MEMBER,
  rejected: GONE,
  cancelled: GONE,
  removed: GONE,
};
