import { Argument, Command } from 'commander';
import { loadConfig } from '../config.js';
import { migrateDatabase } from '../app.js';
import { migrationStates } from '../db/migrate.js';
import { withDatabaseUrl } from './database-url.js';
import { printJson, printLine, printListing } from './output.js';

type Direction = 'up' | 'down' | 'status';

/** Returns the command `migrate`. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .summary('bring the schema of the database up to date')
    .description(
      'up brings the schema up to date, down takes the newest migration back and loses what it\n' +
        'holds, status lists the migrations. Several at once take turns.',
    )
    .addArgument(
      new Argument('[direction]', 'what to do').choices(['up', 'down', 'status']).default('up'),
    )
    .option('--json', 'print the migrations as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion migrate
  apportion migrate status
  DATABASE_URL=postgres://apportion@db/apportion apportion migrate up`,
    )
    .action(async (direction: Direction, options: { json?: boolean }) => {
      const { databaseUrl } = await withDatabaseUrl(loadConfig());
      if (direction === 'status') await printStates(databaseUrl, options);
      else await move(databaseUrl, direction, options);
    });
}

async function printStates(databaseUrl: string, options: { json?: boolean }): Promise<void> {
  printListing(
    {
      rows: await migrationStates(databaseUrl),
      columns: { migration: ({ name }) => name, applied: ({ applied }) => applied },
      json: (state) => state,
    },
    options,
  );
}

async function move(
  databaseUrl: string,
  direction: 'up' | 'down',
  options: { json?: boolean },
): Promise<void> {
  const names = await migrateDatabase(databaseUrl, direction);
  if (options.json === true) printJson(names);
  else if (names.length === 0) printLine('nothing to do');
  else
    for (const name of names) printLine(`${direction === 'up' ? 'applied' : 'took back'} ${name}`);
}
