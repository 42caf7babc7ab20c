import { Command } from 'commander';
import type { Operations } from '../../app.js';
import { loadConfig } from '../../config.js';
import { withOperations } from '../operations.js';
import {
  type Cell,
  printable,
  printedAmount,
  printedTime,
  printJson,
  printLine,
  printListing,
} from '../output.js';

type OperatedProject = Awaited<ReturnType<Operations['projects']['operating']['show']>>;
type Resources = OperatedProject['view']['resources'];
type Application = OperatedProject['applications'][number];
type Transition = OperatedProject['log'][number];

/** Returns the command `project show`. */
export function showCommand(): Command {
  return new Command('show')
    .summary('show one project with its capacities, applications and log')
    .description(
      'Shows a project: what it is, what all members together and each of them may use (hidden ' +
        'resources included), what was applied for and answered, and who moved it to which state.',
    )
    .argument('<project>', 'its id, or its name while it is alive')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion project show genome.lab.example.org
  apportion project show 9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa --json`,
    )
    .action(async (named: string, { json }: { json?: boolean }) => {
      const project = await withOperations(loadConfig(), ({ projects }) =>
        projects.operating.show(named),
      );
      if (json === true) printJson(toJson(project));
      else printProject(project);
    });
}

function printProject({ view, members, applications, log }: OperatedProject): void {
  const facts = {
    id: view.uuid,
    name: view.realname,
    state: view.state,
    owner: view.owner ?? '',
    created: printedTime(view.createdAt),
    ends: printedTime(view.endDate),
    ...(view.deactivatedAt && { deactivated: printedTime(view.deactivatedAt) }),
    members: `${members} of ${printedAmount(view.maxMembers)}`,
    join: view.joinPolicy,
    leave: view.leavePolicy,
    private: view.isPrivate ? 'yes' : 'no',
    homepage: view.homepage,
    description: view.description,
  };
  for (const [label, value] of Object.entries(facts))
    printLine(`${`${label}:`.padEnd(13)}${value === '' ? '-' : printable(value)}`);
  printTable('Capacities', [...view.resources], {
    resource: ([name]) => name,
    project: ([, { projectCapacity }]) => printedAmount(projectCapacity),
    member: ([, { memberCapacity }]) => printedAmount(memberCapacity),
  });
  printTable('Applications', applications, {
    application: ({ id }) => id,
    state: ({ state }) => state,
    applicant: ({ applicant }) => applicant,
    submitted: ({ issuedAt }) => printedTime(issuedAt),
    proposes: (application) => proposedText(application),
    comments: ({ comments }) => comments,
    answer: ({ response, waiveReason }) => waiveReason ?? response,
  });
  printTable('Log', log, {
    date: ({ at }) => printedTime(at),
    from: ({ fromState }) => fromState,
    to: ({ toState }) => toState,
    actor: ({ actor }) => actor,
    reason: ({ reason }) => reason,
  });
}

function printTable<Row>(
  title: string,
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => Cell>>,
): void {
  if (rows.length === 0) return;
  printLine(`\n${title}`);
  printListing({ rows, columns, json: (row) => row }, {});
}

/** What an application would change, without what people wrote at length. */
function proposedText(application: Application): string {
  const { name, owner, endDate, joinPolicy, leavePolicy, maxMembers, isPrivate } = application;
  const values = {
    name,
    owner,
    end: endDate && printedTime(endDate),
    join: joinPolicy,
    leave: leavePolicy,
    max_members: maxMembers === null ? null : printedAmount(maxMembers),
    private: isPrivate === null ? null : isPrivate ? 'yes' : 'no',
  };
  const fields = Object.entries(values).flatMap(([key, value]) =>
    value === null ? [] : [`${key}=${value}`],
  );
  const capacities = [...application.resources].map(
    ([resource, { projectCapacity, memberCapacity }]) =>
      `${resource}=${printedAmount(projectCapacity)}/${printedAmount(memberCapacity)}`,
  );
  return [...fields, ...capacities].join(' ');
}

function toJson({ view, members, applications, log }: OperatedProject): unknown {
  return {
    id: view.uuid,
    name: view.realname,
    state: view.state,
    owner: view.owner,
    creation_date: printedTime(view.createdAt),
    end_date: printedTime(view.endDate),
    deactivation_date: timeOrNull(view.deactivatedAt),
    members,
    max_members: view.maxMembers,
    join_policy: view.joinPolicy,
    leave_policy: view.leavePolicy,
    private: view.isPrivate,
    system_project: view.isSystem,
    homepage: view.homepage,
    description: view.description,
    resources: resourcesToJson(view.resources),
    applications: applications.map(applicationToJson),
    log: log.map(transitionToJson),
  };
}

function applicationToJson(application: Application): unknown {
  return {
    id: application.id,
    state: application.state,
    applicant: application.applicant,
    issue_date: printedTime(application.issuedAt),
    response_date: timeOrNull(application.respondedAt),
    response: application.response,
    response_actor: application.responseActor,
    waive_date: timeOrNull(application.waivedAt),
    waive_reason: application.waiveReason,
    waive_actor: application.waiveActor,
    name: application.name,
    owner: application.owner,
    homepage: application.homepage,
    description: application.description,
    comments: application.comments,
    start_date: timeOrNull(application.startDate),
    end_date: timeOrNull(application.endDate),
    join_policy: application.joinPolicy,
    leave_policy: application.leavePolicy,
    max_members: application.maxMembers,
    private: application.isPrivate,
    resources: resourcesToJson(application.resources),
  };
}

function transitionToJson({ at, fromState, toState, actor, reason }: Transition): unknown {
  return { date: printedTime(at), from: fromState, to: toState, actor, reason };
}

function resourcesToJson(resources: Resources): unknown {
  return Object.fromEntries(
    [...resources].map(([name, { projectCapacity, memberCapacity }]) => [
      name,
      { project_capacity: projectCapacity, member_capacity: memberCapacity },
    ]),
  );
}

function timeOrNull(moment: Date | null): string | null {
  return moment && printedTime(moment);
}
