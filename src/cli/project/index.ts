import { Command } from 'commander';
import type { ExitWith } from '../exit-with.js';
import { answerCommand, moveCommand } from './actions.js';
import { modifyLimitsCommand } from './limits.js';
import { listCommand } from './list.js';
import { showCommand } from './show.js';
import { terminateCommand } from './terminate.js';

/** Returns the command `project` with its subcommands. */
export function projectCommand(exitWith: ExitWith): Command {
  return new Command('project')
    .summary('show projects, and decide about them')
    .description(
      'Shows projects and decides about them, as an admin whom nobody asks for a token: the log names ' +
        'nobody. A project goes by its id, or by its name while it is active or suspended.',
    )
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(answerCommand('approve'))
    .addCommand(answerCommand('deny'))
    .addCommand(moveCommand('suspend'))
    .addCommand(moveCommand('unsuspend'))
    .addCommand(terminateCommand(exitWith))
    .addCommand(moveCommand('reinstate'))
    .addCommand(modifyLimitsCommand());
}
