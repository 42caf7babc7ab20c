import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../../config.js';
import { withOperations } from '../operations.js';
import { printable, printJson, printLine } from '../output.js';

const MOVES = {
  suspend: {
    done: 'suspended',
    summary: 'let nobody use more of a project, for a while',
    description:
      'Suspends an active project: nobody can use more of anything in it. It keeps its name and members.',
  },
  unsuspend: {
    done: 'active again',
    summary: 'let a suspended project go on',
    description: 'Makes a suspended project active again, with the limits it had.',
  },
  reinstate: {
    done: 'active again',
    summary: 'bring a terminated project back',
    description:
      'Makes a terminated project active again, with the limits it had. Its name must be free, and the ' +
      'next look for expired projects ends it again while its end date has passed.',
  },
} as const;

const ANSWERS = {
  approve: {
    done: 'approved',
    description:
      'Approves an application: the project is created, or changed, as it proposes, and is active then, ' +
      'whatever it was before.',
  },
  deny: {
    done: 'denied',
    description:
      'Denies an application: the project stays as it is. The applicant is told the reason.',
  },
} as const;

interface ReasonOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/** Returns the command that moves one project to another state. */
export function moveCommand(action: keyof typeof MOVES): Command {
  const { done, summary, description } = MOVES[action];
  return withReason(new Command(action))
    .summary(summary)
    .description(description)
    .argument('<project>', 'its id, or its name while it is alive')
    .addHelpText(
      'after',
      `
Examples:
  apportion project ${action} 9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa --reason 'ticket 99'`,
    )
    .action(async (named: string, { reason, json }: ReasonOptions) => {
      const project = await withOperations(loadConfig(), ({ projects }) =>
        projects.operating.act(named, action, reason),
      );
      if (json === true) printJson({ project, action });
      else printLine(`${done}: project ${printable(project)}`);
    });
}

/** Returns the command that answers one application. */
export function answerCommand(action: keyof typeof ANSWERS): Command {
  const { done, description } = ANSWERS[action];
  return withReason(new Command(action))
    .summary(`${action} an application for a project, or for changes of one`)
    .description(description)
    .argument('<application>', 'its number, as `project list --pending` shows it', parseApplication)
    .addHelpText(
      'after',
      `
Examples:
  apportion project ${action} 312
  apportion project ${action} 312 --reason 'talked it over, ticket 99'`,
    )
    .action(async (application: bigint, { reason, json }: ReasonOptions) => {
      const project = await withOperations(loadConfig(), ({ projects }) =>
        projects.operating.answer(application, action, reason),
      );
      if (json === true) printJson({ project, application, action });
      else printLine(`${done}: application ${application} of project ${printable(project)}`);
    });
}

/** Adds what every decision about a project takes. */
export function withReason(command: Command): Command {
  return command
    .option('--reason <text>', 'why, for the log and for whoever is told')
    .option('--json', 'print what was done as JSON');
}

function parseApplication(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/.test(text)) throw new InvalidArgumentError('It is a positive number.');
  return BigInt(text);
}
