// Goal: the 100,000 allocations of one provider are answered over REST without failure, and cost a
// server little memory. Method: rows go straight into the tables; a server in a process of its own
// answers through Envoy while the kernel takes down its peak memory.
import { expect } from 'chai';
import { createProvider, NOAUTH } from '../support/allocation-stage.js';
import { forgetPeakOf, memoryOf } from '../support/process-memory.js';
import { type Stack, startStack } from '../support/stack.js';

const CONSUMERS = 100_000;
const MOST_GROWTH_MIB = 200;
const ADMIN = { token: 'admin', headers: { 'openstack-api-version': 'placement 1.28' } };

describe(`the allocations of a provider with ${CONSUMERS} consumers`, function () {
  this.timeout(120_000);

  let stack: Stack;
  let target: string;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 1, settings: NOAUTH });
    const uuid = await createProvider(stack.database, { VCPU: { total: CONSUMERS } });
    target = `/resource_providers/${uuid}/allocations`;
    await stack.database.query(
      `insert into consumers (uuid, generation, project_id, user_id)
       select lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000', 1, 'p', 'u'
         from generate_series(1, $1::int) as n`,
      [CONSUMERS],
    );
    await stack.database.query(
      `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select c.id, i.resource_provider_id, i.resource_class_id, 1 from consumers c, inventories i`,
    );
    await stack.database.query('update inventories set used = total');
    await stack.database.query('analyze');
  });
  after(() => stack.stop());

  it(`make a server grow by at most ${MOST_GROWTH_MIB} MiB`, async () => {
    const { pid = 0 } = stack.processes[0] ?? {};
    await stack.rest.get('/resource_classes', ADMIN);
    const before = memoryOf(pid, 'VmRSS');
    forgetPeakOf(pid);
    const answer = await stack.rest.get(target, ADMIN);
    const growth = (memoryOf(pid, 'VmHWM') - before) / 1024;
    expect(answer.status, answer.text.slice(0, 300)).to.equal(200);
    expect(answer.headers['last-modified']).to.match(/GMT$/);
    const body = JSON.parse(answer.text) as { allocations: Record<string, object> };
    expect(Object.keys(body.allocations)).to.have.length(CONSUMERS);
    const last = `${CONSUMERS.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
    expect(body.allocations[last]).to.deep.equal({
      resources: { VCPU: 1 },
      consumer_generation: 1,
    });
    // The answer itself has 9 MiB; a peak below it would mean that the wrong process was looked at.
    expect(growth).to.be.within(8, MOST_GROWTH_MIB);
  });
});
