#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { applyCommand } from './cli/apply.js';
import { commissionCommand } from './cli/commission.js';
import { runDev } from './cli/dev/index.js';
import { createLogger } from './cli/logger.js';
import { migrateCommand } from './cli/migrate.js';
import { projectCommand } from './cli/project/index.js';
import { quotaCommand } from './cli/quota.js';
import { resourceCommand } from './cli/resource.js';
import { runServe } from './cli/serve.js';
import { tokenCommand } from './cli/token.js';
import { loadConfig } from './config.js';
import { Failure } from './kernel/failure.js';
import { OperatorError } from './kernel/operator-error.js';

/** What sysexits.h calls an internal software error. */
const BUG = 70;

const exitCode = await run(process.argv);
// What was written into a pipe may still be on its way; exit would cut it off.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exitCode);

/** Runs the command that the arguments name and returns the exit code. */
async function run(argv: readonly string[]): Promise<number> {
  let code = 0;
  const exitWith = (other: number) => {
    code = other;
  };
  const program = new Command('apportion')
    .description('Who may use how much of a cloud: projects, quotas, allocations, sharing, links.')
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .addHelpText('after', '\nSettings come from the environment; the README lists them.')
    .addCommand(
      new Command('dev')
        .summary('run everything on this machine: Envoy, servers, an embedded Postgres, demo data')
        .description(
          'Runs Envoy, server processes and, without DATABASE_URL, an embedded Postgres with demo\n' +
            'data, until Ctrl-C. This is what `make run` does.',
        )
        .addHelpText('after', '\nExamples:\n  apportion dev\n  WORKERS=4 apportion dev')
        .action(async () => {
          const config = loadConfig();
          code = await runDev(config, createLogger(config, 'stderr'));
        }),
    )
    .addCommand(
      new Command('serve')
        .summary('run one server process behind Envoy')
        .description('Runs one server process on SERVER_ADDRESS, for an Envoy that runs already.')
        .addHelpText(
          'after',
          '\nExamples:\n  DATABASE_URL=postgres://apportion@db/apportion apportion serve',
        )
        .action(async () => {
          const config = loadConfig();
          code = await runServe(config, createLogger(config, 'stdout'));
        }),
    )
    .addCommand(migrateCommand())
    .addCommand(applyCommand())
    .addCommand(tokenCommand())
    .addCommand(resourceCommand())
    .addCommand(projectCommand(exitWith))
    .addCommand(quotaCommand(exitWith))
    .addCommand(commissionCommand(exitWith));
  inheritSettings(program);
  leaveQuietlyWithReader();
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    return explain(error);
  }
}

/** Commands that were made elsewhere know nothing yet of how this program ends and explains. */
function inheritSettings(command: Command): void {
  for (const subcommand of command.commands) {
    subcommand.copyInheritedSettings(command);
    inheritSettings(subcommand);
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}

/** Whoever reads our output may have had enough: `apportion token list | head`. */
function leaveQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

function explain(error: unknown): number {
  // Commander has said what is wrong already.
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof OperatorError || error instanceof Failure) {
    process.stderr.write(`apportion: ${error.message}\n`);
    return 1;
  }
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return BUG;
}
