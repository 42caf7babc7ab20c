// Goal: the command line client of OpenStack can use Apportion in place of Placement (section 16).
// Method: the client itself, from its wheels, against Envoy, below the prefix; at the lowest version,
// at one that gives lists, at the one it negotiates and at the highest.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { OpenstackClient, type Printed } from '../support/openstack-command.js';
import { type Stack, startStack } from '../support/stack.js';

/** The client looks for its plugins at each command. */
const SLOW_MS = 120_000;

function rows(printed: Printed): readonly Record<string, unknown>[] {
  return printed as readonly Record<string, unknown>[];
}

function record(printed: Printed): Record<string, unknown> {
  return printed as Record<string, unknown>;
}

/** What a refused command says. */
async function saidBy(command: Promise<unknown>): Promise<string> {
  return command.then(
    () => expect.fail('the command was not refused'),
    (error: unknown) => (error as Error).message,
  );
}

describe('openstack with osc-placement (section 16)', function () {
  this.timeout(SLOW_MS);
  let stack: Stack;
  const clients: OpenstackClient[] = [];

  before(async function () {
    this.timeout(660_000);
    stack = await startStack({ settings: { ALLOCATIONS_AUTH: 'noauth2' } });
    // Installs the program, if need be, while there is time.
    await at('1.39');
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.stop();
  });

  after(() => stack.stop());

  async function at(version: string): Promise<OpenstackClient> {
    const endpoint = `http://${stack.edge}/placement`;
    const client = await OpenstackClient.start({ endpoint, token: 'admin', version });
    clients.push(client);
    return client;
  }

  async function providerWithInventory(openstack: OpenstackClient, name: string): Promise<string> {
    const created = record(await openstack.print('resource', 'provider', 'create', name));
    expect(created).to.include({ name, generation: 0 });
    const uuid = String(created['uuid']);
    const words = ['--resource', 'VCPU=8', '--resource', 'MEMORY_MB=1024'];
    const inventory = rows(
      await openstack.print('resource', 'provider', 'inventory', 'set', uuid, ...words),
    );
    expect(inventory.map((row) => row['resource_class']).sort()).to.deep.equal([
      'MEMORY_MB',
      'VCPU',
    ]);
    return uuid;
  }

  it('uses the lowest version', async () => {
    const openstack = await at('1.0');
    const provider = await providerWithInventory(openstack, 'lowest');
    const consumer = randomUUID();
    const allocation = ['--allocation', `rp=${provider},VCPU=2`];
    const allocate = ['resource', 'provider', 'allocation'];
    const set = rows(await openstack.print(...allocate, 'set', consumer, ...allocation));
    expect(set).to.have.length(1);
    const usage = rows(await openstack.print('resource', 'provider', 'usage', 'show', provider));
    expect(usage).to.deep.include({ resource_class: 'VCPU', usage: 2 });
    await openstack.run(...allocate, 'delete', consumer);
    expect(await saidBy(openstack.run(...allocate, 'delete', consumer))).to.include(
      `No allocations for consumer '${consumer}'`,
    );
  });

  it('negotiates a version and uses it', async () => {
    const openstack = await at('1');
    const provider = await providerWithInventory(openstack, 'negotiated');
    const found = rows(
      await openstack.print('resource', 'provider', 'list', '--name', 'negotiated'),
    );
    expect(found.map((row) => row['uuid'])).to.deep.equal([provider]);
  });

  it('does everything at the highest version', async () => {
    const openstack = await at('1.39');
    const provider = await providerWithInventory(openstack, 'highest');
    const consumer = randomUUID();
    const allocate = ['resource', 'provider', 'allocation'];
    const owner = ['--project-id', 'p', '--user-id', 'u', '--consumer-type', 'INSTANCE'];
    const two = `rp=${provider},VCPU=2,MEMORY_MB=512`;
    await openstack.print(...allocate, 'set', consumer, '--allocation', two, ...owner);
    const [shown] = rows(await openstack.print(...allocate, 'show', consumer));
    expect(shown).to.include({ resource_provider: provider, project_id: 'p', user_id: 'u' });
    expect(shown?.['resources']).to.deep.equal({ VCPU: 2, MEMORY_MB: 512 });

    const nine = `rp=${provider},VCPU=9`;
    const tooMuch = openstack.print(...allocate, 'set', consumer, '--allocation', nine, ...owner);
    expect(await saidBy(tooMuch)).to.include('would exceed the capacity');

    await openstack.print(...allocate, 'unset', consumer, '--resource-class', 'MEMORY_MB');
    const [rest] = rows(await openstack.print(...allocate, 'show', consumer));
    expect(rest?.['resources']).to.deep.equal({ VCPU: 2 });
    await openstack.run(...allocate, 'unset', consumer, '--provider', provider);
    expect(await openstack.print(...allocate, 'show', consumer)).to.deep.equal([]);
  });

  it('sees what projects use, at a version without types', async () => {
    const openstack = await at('1.37');
    const provider = await providerWithInventory(openstack, 'usage');
    const consumer = randomUUID();
    const allocation = ['--allocation', `rp=${provider},VCPU=3`];
    await openstack.print(
      ...['resource', 'provider', 'allocation', 'set', consumer, ...allocation],
      ...['--project-id', 'p-usage', '--user-id', 'u'],
    );
    const usage = rows(await openstack.print('resource', 'usage', 'show', 'p-usage'));
    expect(usage).to.deep.equal([{ resource_class: 'VCPU', usage: 3 }]);
    const inUse = openstack.run('resource', 'provider', 'delete', provider);
    expect(await saidBy(inUse)).to.include('Resource provider has allocations.');
    await openstack.run('resource', 'provider', 'allocation', 'delete', consumer);
    await openstack.run('resource', 'provider', 'delete', provider);
  });

  it('adds classes, traits and aggregates', async () => {
    const openstack = await at('1.39');
    const provider = await providerWithInventory(openstack, 'qualities');
    await openstack.run('resource', 'class', 'create', 'CUSTOM_GOLD');
    await openstack.run('resource', 'class', 'set', 'CUSTOM_GOLD');
    const classes = rows(await openstack.print('resource', 'class', 'list'));
    expect(classes.map((row) => row['name'])).to.include.members(['VCPU', 'CUSTOM_GOLD']);
    await openstack.run('resource', 'class', 'delete', 'CUSTOM_GOLD');

    await openstack.run('trait', 'create', 'CUSTOM_SHINY');
    const set = ['--trait', 'CUSTOM_SHINY', '--trait', 'HW_CPU_X86_VMX'];
    const traits = rows(
      await openstack.print('resource', 'provider', 'trait', 'set', ...set, provider),
    );
    expect(traits.map((row) => row['name']).sort()).to.deep.equal([
      'CUSTOM_SHINY',
      'HW_CPU_X86_VMX',
    ]);

    const aggregate = randomUUID();
    const shown = record(await openstack.print('resource', 'provider', 'show', provider));
    const generation = ['--generation', String(shown['generation'])];
    const aggregates = rows(
      await openstack.print(
        ...['resource', 'provider', 'aggregate', 'set', provider],
        ...['--aggregate', aggregate, ...generation],
      ),
    );
    expect(aggregates.map((row) => row['uuid'])).to.deep.equal([aggregate]);
    const members = rows(
      await openstack.print('resource', 'provider', 'list', '--member-of', aggregate),
    );
    expect(members.map((row) => row['uuid'])).to.deep.equal([provider]);
  });
});
