/**
 * Projects, applications and memberships as their specification tells them (sections 6 to 12), small and
 * pure: what the real ones must agree with. Written without a look at them. People are known by their
 * position, projects by that of their creation; whoever comes last is the admin.
 */

/** Who may enter or leave. */
export type ModelPolicy = 'auto' | 'moderated' | 'closed';

/** What an application proposes; what is undefined stays. */
export interface ModelFields {
  readonly name?: string | undefined;
  readonly owner?: number | undefined;
  readonly join?: ModelPolicy | undefined;
  readonly leave?: ModelPolicy | undefined;
  readonly max?: number | undefined;
  /** Capacity of the project and of each member. */
  readonly capacity?: readonly [number, number] | undefined;
}

/** One call. */
export type ModelCommand =
  | { readonly kind: 'create'; readonly by: number; readonly fields: Required<ModelFields> }
  | {
      readonly kind: 'modify';
      readonly by: number;
      readonly project: number;
      readonly fields: ModelFields;
    }
  | {
      readonly kind: 'judge';
      readonly by: number;
      readonly project: number;
      readonly action: 'approve' | 'deny' | 'cancel' | 'dismiss';
      /** Whether another application than the last one is named, if there is one. */
      readonly isStale: boolean;
    }
  | {
      readonly kind: 'act';
      readonly by: number;
      readonly project: number;
      readonly action: 'suspend' | 'unsuspend' | 'terminate' | 'reinstate';
    }
  | { readonly kind: 'join'; readonly by: number; readonly project: number }
  | {
      readonly kind: 'enroll';
      readonly by: number;
      readonly project: number;
      readonly user: number;
    }
  | {
      readonly kind: 'move';
      readonly by: number;
      readonly project: number;
      readonly user: number;
      readonly action: 'leave' | 'cancel' | 'accept' | 'reject' | 'remove';
    }
  | {
      readonly kind: 'charge';
      readonly project: number;
      readonly user: number;
      readonly quantity: number;
    };

interface Application {
  readonly fields: ModelFields;
  readonly applicant: number;
  state: 'pending' | 'approved' | 'replaced' | 'denied' | 'dismissed' | 'cancelled';
}

interface Member {
  state: string;
  /** Whether the ledger knows him. */
  isInitialized: boolean;
  usage: number;
}

/** A project of the model. */
export interface ModelProject extends Required<ModelFields> {
  state: 'uninitialized' | 'active' | 'suspended' | 'terminated' | 'deleted';
  readonly applications: Application[];
  readonly members: Map<number, Member>;
  usage: number;
}

const MEMBERS: readonly string[] = ['accepted', 'leave_requested'];

/** The status of a call that ends without changing anything. */
type Status = 200 | 201 | 403 | 404 | 409 | 413;

/** The model; statuses are those of REST. */
export class ProjectsModel {
  readonly projects: { -readonly [Key in keyof ModelProject]: ModelProject[Key] }[] = [];
  /** How many applications of each person are pending. */
  readonly pending: number[];

  constructor(
    people: number,
    private readonly limit: number,
  ) {
    this.pending = Array.from({ length: people }, () => 0);
  }

  /** Runs a call and returns its status; undefined for one that names nothing and is not sent. */
  run(command: ModelCommand): Status | undefined {
    if (command.kind === 'create') return this.#create(command.by, command.fields);
    const project = this.projects[command.project];
    if (project === undefined) return undefined;
    switch (command.kind) {
      case 'modify':
        return this.#modify(project, command.by, command.fields);
      case 'judge':
        return this.#judge(project, command);
      case 'act':
        return this.#act(project, command);
      case 'join':
        return this.#join(project, command.by);
      case 'enroll':
        return this.#enroll(project, command);
      case 'move':
        return this.#move(project, command);
      case 'charge':
        return charge(project, command);
    }
  }

  #isAdmin(person: number): boolean {
    return person === this.pending.length - 1;
  }

  #create(by: number, fields: Required<ModelFields>): Status {
    if (this.pending[by]! >= this.limit && !this.#isAdmin(by)) return 409;
    this.pending[by]! += 1;
    const application: Application = { fields, applicant: by, state: 'pending' };
    this.projects.push({
      ...{ ...fields, state: 'uninitialized', applications: [application] },
      ...{ members: new Map(), usage: 0 },
    });
    return 201;
  }

  #modify(project: ModelProject, by: number, fields: ModelFields): Status {
    if (by !== project.owner && !this.#isAdmin(by)) return 403;
    if (!isInitialized(project)) return 409;
    const replaced = project.applications.filter(({ state }) => state === 'pending');
    const isOwnReplaced = replaced.some(({ applicant }) => applicant === by);
    if (this.pending[by]! >= this.limit && !isOwnReplaced && !this.#isAdmin(by)) return 409;
    for (const one of replaced) {
      one.state = 'replaced';
      this.pending[one.applicant]! -= 1;
    }
    this.pending[by]! += 1;
    project.applications.push({ fields, applicant: by, state: 'pending' });
    return 201;
  }

  #judge(
    project: ModelProject,
    { by, action, isStale }: Extract<ModelCommand, { kind: 'judge' }>,
  ): Status {
    if (isStale && project.applications.length > 1) return 409;
    const application = project.applications.at(-1)!;
    const isWaiving = action === 'cancel' || action === 'dismiss';
    if (!this.#isAdmin(by) && !(isWaiving && by === application.applicant)) return 403;
    if (application.state !== (action === 'dismiss' ? 'denied' : 'pending')) return 409;
    if (action === 'approve') {
      if (!this.#isFree(application.fields.name ?? project.name, project)) return 409;
      const given = Object.entries(application.fields).filter(([, value]) => value !== undefined);
      Object.assign(project, Object.fromEntries(given), { state: 'active' });
    }
    if (isWaiving && project.state === 'uninitialized')
      Object.assign(project, { state: 'deleted' });
    if (action !== 'dismiss') this.pending[application.applicant]! -= 1;
    application.state = (
      { approve: 'approved', deny: 'denied', cancel: 'cancelled', dismiss: 'dismissed' } as const
    )[action];
    return 200;
  }

  #act(project: ModelProject, { by, action }: Extract<ModelCommand, { kind: 'act' }>): Status {
    if (!this.#isAdmin(by)) return 403;
    const to = (
      {
        suspend: { active: 'suspended' },
        unsuspend: { suspended: 'active' },
        terminate: { active: 'terminated', suspended: 'terminated' },
        reinstate: { terminated: 'active' },
      } as const
    )[action][project.state as 'active'] as ModelProject['state'] | undefined;
    if (to === undefined) return 409;
    if (action === 'reinstate' && !this.#isFree(project.name, project)) return 409;
    Object.assign(project, { state: to });
    return 200;
  }

  #join(project: ModelProject, by: number): Status {
    if (!isAlive(project) || project.join === 'closed') return 409;
    const before = project.members.get(by);
    if (before !== undefined && [...MEMBERS, 'requested'].includes(before.state)) return 409;
    const isIn = project.join === 'auto' && hasRoom(project);
    enter(project, by, isIn ? 'accepted' : 'requested');
    return 200;
  }

  #enroll(project: ModelProject, { by, user }: Extract<ModelCommand, { kind: 'enroll' }>): Status {
    if (by !== project.owner && !this.#isAdmin(by)) return 403;
    if (!isAlive(project) || project.join === 'closed' || !hasRoom(project)) return 409;
    if (MEMBERS.includes(project.members.get(user)?.state ?? '')) return 409;
    enter(project, user, 'accepted');
    return 200;
  }

  #move(
    project: ModelProject,
    { by, user, action }: Extract<ModelCommand, { kind: 'move' }>,
  ): Status | undefined {
    const state = project.members.get(user)?.state;
    if (state === undefined) return undefined;
    const isLeaving = action === 'leave' || action === 'remove';
    if (isLeaving ? !MEMBERS.includes(state) : state !== 'requested') return 409;
    const isOwn = action === 'leave' || action === 'cancel';
    if (!this.#isAdmin(by) && by !== (isOwn ? user : project.owner)) return 403;
    if (!isAlive(project)) return 409;
    if (isLeaving && project.leave === 'closed') return 409;
    if (action === 'accept' && (project.join === 'closed' || !hasRoom(project))) return 409;
    const isAsking = action === 'leave' && project.leave === 'moderated';
    const to = {
      ...{ accept: 'accepted', reject: 'rejected', cancel: 'cancelled', remove: 'removed' },
      leave: isAsking ? 'leave_requested' : 'removed',
    }[action];
    enter(project, user, to);
    return 200;
  }

  #isFree(name: string, project: ModelProject): boolean {
    return !this.projects.some((one) => one !== project && isAlive(one) && one.name === name);
  }
}

function isAlive({ state }: ModelProject): boolean {
  return state === 'active' || state === 'suspended';
}

function isInitialized(project: ModelProject): boolean {
  return isAlive(project) || project.state === 'terminated';
}

function hasRoom({ members, max }: ModelProject): boolean {
  return [...members.values()].filter(({ state }) => MEMBERS.includes(state)).length + 1 <= max;
}

function enter(project: ModelProject, user: number, state: string): void {
  const { isInitialized: was = false, usage = 0 } = project.members.get(user) ?? {};
  project.members.set(user, { state, usage, isInitialized: was || state === 'accepted' });
}

/** Returns the limit of a project's counter (section 9). */
export function projectLimit({ state, capacity }: ModelProject): number {
  return state === 'active' ? capacity[0] : 0;
}

/** Returns the limit of a member's counter (section 9). */
export function memberLimit({ state, capacity }: ModelProject, member: string): number {
  return state === 'active' && MEMBERS.includes(member) ? capacity[1] : 0;
}

function charge(
  project: ModelProject,
  { user, quantity }: Extract<ModelCommand, { kind: 'charge' }>,
): Status {
  const member = project.members.get(user);
  if (member?.isInitialized !== true) return 404;
  const fits = (usage: number, limit: number) =>
    quantity > 0 ? usage + quantity <= limit : usage + quantity >= 0;
  if (!fits(member.usage, memberLimit(project, member.state))) return 413;
  if (!fits(project.usage, projectLimit(project))) return 413;
  member.usage += quantity;
  project.usage += quantity;
  return 201;
}
