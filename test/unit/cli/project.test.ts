// Goal: the commands about projects and resources explain themselves and refuse what makes no sense
// before they touch a database. Method: the commands as commander reads them, in this process.
import { expect } from 'chai';
import type { Command } from 'commander';
import { parseAmount } from '../../../src/cli/amount.js';
import { projectCommand } from '../../../src/cli/project/index.js';
import { parseCapacities } from '../../../src/cli/project/limits.js';
import { resourceCommand } from '../../../src/cli/resource.js';

const UNLIMITED = 2n ** 63n - 1n;

function commands(): [string, Command][] {
  const parents = [projectCommand(() => undefined), resourceCommand()];
  return parents.flatMap((parent) =>
    parent.commands.map((command): [string, Command] => [
      `${parent.name()} ${command.name()}`,
      command,
    ]),
  );
}

/** Returns what a command says when it refuses its arguments. */
async function refusal(name: string, ...args: string[]): Promise<string> {
  const command = commands().find(([each]) => each === name)?.[1];
  let said = '';
  command?.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  const thrown: unknown = await command
    ?.parseAsync(args, { from: 'user' })
    .catch((error: unknown) => error);
  return thrown instanceof Error ? `${said}${thrown.message}` : 'nothing';
}

describe('commands about projects and resources', () => {
  for (const [name, command] of commands())
    it(`explain themselves: ${name}`, () => {
      let said = '';
      command.configureOutput({ writeOut: (text) => (said += text) }).outputHelp();
      expect(said).to.contain(`Usage: ${name}`);
      expect(said).to.contain(`Examples:\n  apportion ${name}`);
    });

  it('refuse numbers of applications that are none', async () => {
    for (const text of ['x', '0', '1.5', '', '1e3'])
      expect(await refusal('project approve', text), text).to.contain('It is a positive number.');
  });

  it('refuse to end a project and all expired ones, or none at all', async () => {
    const which = 'Say which project, or --expired';
    expect(await refusal('project terminate')).to.equal(which);
    expect(await refusal('project terminate', 'p', '--expired')).to.equal(which);
    expect(await refusal('project terminate', 'p', '--dry-run')).to.equal(
      '--dry-run is for --expired',
    );
    expect(await refusal('project terminate', '--expired', '--reason', 'x')).to.contain(
      'cannot be used with',
    );
  });

  it('refuse to modify a resource without saying what', async () => {
    expect(await refusal('resource modify', 'r')).to.contain('Say what to change');
    expect(await refusal('resource modify', 'r', '--json')).to.contain('Say what to change');
    expect(await refusal('resource modify', 'r', '--unit', 'x'.repeat(256))).to.contain('255');
    expect(await refusal('resource modify', 'r', '--ui-visible', 'true')).to.contain('yes or no');
  });
});

describe('an amount', () => {
  it('is a whole number of at most 64 bits, or unlimited', () => {
    expect(parseAmount('0')).to.equal(0n);
    expect(parseAmount(String(UNLIMITED))).to.equal(UNLIMITED);
    expect(parseAmount('unlimited')).to.equal(UNLIMITED);
    for (const text of [
      '',
      '-1',
      '+1',
      '1.0',
      '1e3',
      'inf',
      String(UNLIMITED + 1n),
      '9'.repeat(30),
    ])
      expect(() => parseAmount(text), text).to.throw('Say unlimited');
  });
});

describe('capacities', () => {
  it('are those of a project and of each member', () => {
    const first = parseCapacities('a.b=40/4');
    expect(first).to.deep.equal({ 'a.b': { projectCapacity: 40n, memberCapacity: 4n } });
    expect(parseCapacities('größe=unlimited/0', first)).to.deep.equal({
      ...first,
      größe: { projectCapacity: UNLIMITED, memberCapacity: 0n },
    });
  });

  it('are refused when a part is missing, or comes twice', () => {
    for (const text of ['r', 'r=1', 'r=1/', 'r=/1', '=1/1', 'r=1/1/1', 'r=x/1', 'r=1/-1'])
      expect(() => parseCapacities(text), text).to.throw(/Say /);
    expect(() => parseCapacities('r=1/1', parseCapacities('r=2/2'))).to.throw('named twice');
  });
});
