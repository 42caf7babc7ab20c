import { randomUUID } from 'node:crypto';
import type { Tx } from '../../db/tx.js';
import type { AccountSelection, HeldAccount } from '../../identity/index.js';
import { Failure, invalid } from '../../kernel/failure.js';
import { unwrap } from '../../kernel/parsed.js';
import type { UserPrincipal } from '../../kernel/principal.js';
import { isCleanText } from '../../kernel/text.js';
import { actorOf, mayManage, requireRight } from '../access.js';
import { KEPT_BY_SYSTEM_PROJECTS } from '../domain/application.js';
import { isInitialized } from '../domain/project-states.js';
import type { NewProject, Project } from '../domain/project.js';
import {
  judgeForm,
  judgeValues,
  type Proposal,
  type ProposalForm,
  type SentProposal,
  withDefaults,
} from '../domain/proposal.js';
import { submissionEvent } from '../project-events.js';
import { findPending, insertApplication, replaceApplication } from '../storage/applications.js';
import { holdCatalogue } from '../storage/locks.js';
import { insertProjects, setLastApplication } from '../storage/projects.js';
import { countPending, type PendingDeps } from './pending-applications.js';
import { lockedProject, type ProjectChangeDeps, putCapacities } from './project-changes.js';

/** What submitting applications needs. */
export interface SubmittingDeps extends ProjectChangeDeps, PendingDeps {
  readonly quotas: ProjectChangeDeps['quotas'] & PendingDeps['quotas'];
  /** Returns accounts and keeps them until the commit; comes before every lock of this slice. */
  holdAccounts(tx: Tx, selection: AccountSelection): Promise<readonly HeldAccount[]>;
}

/** Applies for a new project. */
export interface CreateProjectCommand {
  readonly proposal: SentProposal;
}

/** Applies for changes of a project. */
export interface ModifyProjectCommand {
  readonly project: string;
  readonly proposal: SentProposal;
}

/** What a submission made. */
export interface Submitted {
  /** Uuid of the project. */
  readonly project: string;
  /** Id of the application. */
  readonly application: bigint;
}

/**
 * Applies for a new project: it exists from then on with the proposed values, without counters and
 * members, and waits for its first approval (7.5).
 */
export async function createProject(
  tx: Tx,
  deps: SubmittingDeps,
  caller: UserPrincipal,
  { proposal: sent }: CreateProjectCommand,
): Promise<Submitted> {
  const owner = await acceptedOwner(tx, deps, caller, sent);
  const form = judgeForm(sent, 'create');
  await holdCatalogue(tx);
  const judged = await judgedValues(tx, deps, sent, owner, form);
  const proposal = withDefaults(judged, caller.uuid);
  await countPending(tx, deps, [{ user: caller.uuid, by: 1n }], caller.projectAdmin);
  const project = newProjectOf(proposal);
  const [stored] = await insertProjects(tx, [project], deps.clock.now());
  if (stored === undefined) throw new Error('a random uuid was taken');
  await putCapacities(tx, stored, proposal.resources);
  const shown = { ...project, id: stored.id };
  return storeApplication(tx, deps, shown, caller.uuid, proposal, 'create');
}

/** Applies for changes of a project; an application that is pending is replaced (7.6). */
export async function modifyProject(
  tx: Tx,
  deps: SubmittingDeps,
  caller: UserPrincipal,
  { project: uuid, proposal: sent }: ModifyProjectCommand,
): Promise<Submitted> {
  const owner = await acceptedOwner(tx, deps, caller, sent);
  const form = judgeForm(sent, 'modify');
  await holdCatalogue(tx);
  const project = await lockedProject(tx, uuid);
  requireRight(mayManage(actorOf(caller), project));
  if (!isInitialized(project.state))
    throw wrongState(project, 'Cannot modify an uninitialized project.');
  const proposal = await judgedValues(tx, deps, sent, owner, form);
  const pending = await findPending(tx, project.id);
  const changes = [
    { user: caller.uuid, by: 1n },
    ...(pending === undefined ? [] : [{ user: pending.applicant, by: -1n }]),
  ];
  await countPending(tx, deps, changes, caller.projectAdmin);
  if (project.isSystem && KEPT_BY_SYSTEM_PROJECTS.some((field) => proposal[field] !== null))
    throw wrongState(
      project,
      "Cannot modify fields 'owner', 'name', 'homepage', and 'description' of a system project.",
    );
  if (pending !== undefined) await replaceApplication(tx, pending.id);
  return storeApplication(tx, deps, project, caller.uuid, proposal, 'modify');
}

/**
 * Returns the proposed owner, or null when nobody is proposed. The accounts of everybody whom the
 * rows to be written refer to are held: foreign keys would lock them behind the project.
 */
async function acceptedOwner(
  tx: Tx,
  deps: SubmittingDeps,
  caller: UserPrincipal,
  sent: SentProposal,
): Promise<string | null> {
  const owner = unwrap(sent.owner) ?? null;
  if (owner !== null && !isCleanText(owner)) throw unknownOwner();
  const uuids = owner === null ? [caller.uuid] : [caller.uuid, owner];
  const accounts = await deps.holdAccounts(tx, { uuids });
  if (owner === null || accounts.some(({ uuid, accepted }) => uuid === owner && accepted))
    return owner;
  throw unknownOwner();
}

function unknownOwner(): Failure {
  return invalid('User does not exist.');
}

async function judgedValues(
  tx: Tx,
  { clock, quotas }: SubmittingDeps,
  sent: SentProposal,
  owner: string | null,
  form: ProposalForm,
): Promise<Proposal> {
  const visible = (await quotas.resourceDefaults(tx)).filter(({ apiVisible }) => apiVisible);
  const resources = new Set(visible.map(({ name }) => name));
  return judgeValues(sent, owner, form, { resources, now: clock.now() });
}

async function storeApplication(
  tx: Tx,
  { clock, events }: SubmittingDeps,
  project: Pick<Project, 'id' | 'uuid' | 'realname'>,
  applicant: string,
  proposal: Proposal,
  purpose: 'create' | 'modify',
): Promise<Submitted> {
  const now = clock.now();
  const id = await insertApplication(tx, project.id, applicant, proposal, now);
  await setLastApplication(tx, project.id, id, now);
  await events.record(tx, [submissionEvent(project, { id, applicant, proposal }, purpose)]);
  return { project: project.uuid, application: id };
}

function newProjectOf(proposal: Proposal): NewProject {
  return {
    uuid: randomUUID(),
    realname: required(proposal.name),
    state: 'uninitialized',
    suspensionReason: null,
    owner: required(proposal.owner),
    homepage: required(proposal.homepage),
    description: required(proposal.description),
    endDate: required(proposal.endDate),
    joinPolicy: required(proposal.joinPolicy),
    leavePolicy: required(proposal.leavePolicy),
    maxMembers: required(proposal.maxMembers),
    isPrivate: required(proposal.isPrivate),
    isSystem: false,
  };
}

/** What a new project needs was judged, or has a default. */
function required<T>(value: T | null): T {
  if (value === null) throw new Error('a proposal for a new project is not complete');
  return value;
}

function wrongState({ uuid, state }: Project, message: string): Failure {
  return new Failure('wrong-state', 'WRONG_STATE', message, { project: uuid, state });
}
