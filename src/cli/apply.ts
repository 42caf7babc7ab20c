import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { type Config, loadConfig } from '../config.js';
import { OperatorError } from '../kernel/operator-error.js';
import { type ApplyOptions, applyStateText } from '../state/apply.js';
import type { Outcome, ReportLine } from '../state/section.js';
import { withOperations } from './operations.js';
import { printable, printJson, printLine, remark } from './output.js';

/**
 * Applies a state file to the database of the settings and returns what was done to each object.
 *
 * Throws an OperatorError when the file cannot be read or is wrong.
 *
 * @param file - `-` for the standard input.
 */
export async function applyStateFile(
  config: Config,
  file: string,
  options: ApplyOptions = {},
): Promise<readonly ReportLine[]> {
  const content = await read(file);
  const name = file === '-' ? 'standard input' : file;
  return withOperations(config, (operations) => applyStateText(operations, content, name, options));
}

/** Returns the command `apply`. */
export function applyCommand(): Command {
  return new Command('apply')
    .summary('create and update what a state file declares')
    .description(
      'Creates and updates users, components, projects and everything else that a state file\n' +
        'declares: the whole file or, when anything in it is wrong, nothing. Deletes nothing.\n' +
        'Applying the same file again changes nothing.',
    )
    .requiredOption('-f, --file <file>', 'state file in YAML; - for the standard input')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print the objects as JSON')
    .addHelpText(
      'after',
      `
Examples:
  apportion apply -f state.yaml
  apportion apply -f state.yaml --dry-run
  generate-state | apportion apply -f -`,
    )
    .action(async (options: { file: string; dryRun?: boolean; json?: boolean }) => {
      const dryRun = options.dryRun === true;
      const lines = await applyStateFile(loadConfig(), options.file, { dryRun });
      if (options.json === true) printJson(lines);
      else printLines(lines);
      remark(`${dryRun ? 'Dry run, nothing was changed: ' : ''}${summary(lines)}`);
    });
}

async function read(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperatorError(`${file}: ${code === 'ENOENT' ? 'no such file' : message}`);
  }
}

function printLines(lines: readonly ReportLine[]): void {
  for (const { kind, name, outcome, note } of lines)
    printLine(`${outcome.padEnd(9)}  ${kind} ${printable(name)}${note ? `: ${note}` : ''}`);
}

function summary(lines: readonly ReportLine[]): string {
  const count = (outcome: Outcome) => lines.filter((line) => line.outcome === outcome).length;
  return `${count('created')} created, ${count('updated')} updated, ${count('unchanged')} unchanged`;
}
