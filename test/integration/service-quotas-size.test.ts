// Goal: `service_quotas` over 20,000 users and 5 resources costs a server little memory, and the
// database a fixed number of statements. Method: rows go straight into the table; a server in a
// process of its own answers through Envoy while the kernel takes down its peak memory; statements
// are read on their way to Postgres.
import { expect } from 'chai';
import { createOperations, type Operations } from '../../src/app.js';
import type { HttpRequest } from '../../src/rpc/http.js';
import { forgetPeakOf, memoryOf } from '../support/process-memory.js';
import { startStack, type Stack } from '../support/stack.js';
import { type StatementTap, startStatementTap } from '../support/statement-tap.js';

const USERS = 20_000;
const RESOURCES = ['a', 'b', 'c', 'd', 'e'].map((letter) => `bulk.${letter}`);
const MOST_GROWTH_MIB = 150;
const TOKEN = { token: 'bulk-token' };
const TARGET = '/account/v1.0/service_quotas';

describe(`service_quotas over ${USERS} users`, function () {
  this.timeout(120_000);

  let stack: Stack;

  before(async () => {
    stack = await startStack({ servers: 0, processes: 1 });
    const resources = RESOURCES.map((name) => ({ name }));
    const service = { name: 'bulk_service', type: 'bulk', resources };
    await stack.apply(
      JSON.stringify({ components: [{ name: 'bulk', token: TOKEN.token, services: [service] }] }),
    );
    await stack.database.query(
      `insert into holdings (holder, source, resource, "limit", usage_min, usage_max)
       select kind || ':' || uuid, case kind when 'user' then 'project:' || uuid end, resource,
              9223372036854775807, n, n + 3
         from (select n, lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000' as uuid
                 from generate_series(1, $1::int) as n) as users
        cross join unnest(array['user', 'project']) as kind
        cross join unnest($2::text[]) as resource`,
      [USERS, RESOURCES],
    );
    await stack.database.query('analyze holdings');
  });
  after(() => stack.stop());

  it(`makes a server grow by at most ${MOST_GROWTH_MIB} MiB`, async () => {
    const { pid = 0 } = stack.processes[0] ?? {};
    await stack.rest.get(`${TARGET}?user=${uuid(1)}`, TOKEN);
    const before = memoryOf(pid, 'VmRSS');
    forgetPeakOf(pid);
    const answer = await stack.rest.get(TARGET, TOKEN);
    const growth = (memoryOf(pid, 'VmHWM') - before) / 1024;
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-length']).to.equal(String(answer.bytes.length));
    const users = JSON.parse(answer.text) as Record<string, Record<string, object>>;
    expect(Object.keys(users)).to.have.length(USERS);
    expect(Object.keys(users[uuid(USERS)]?.[uuid(USERS)] ?? {})).to.deep.equal(RESOURCES);
    const last =
      '{"usage": 20003, "limit": 9223372036854775807, "pending": 3, ' +
      '"project_usage": 20003, "project_limit": 9223372036854775807, "project_pending": 3}}}}';
    expect(answer.text.slice(-last.length)).to.equal(last);
    // The answer itself is 16 MiB; a peak below that would mean that the wrong process was looked at.
    expect(growth).to.be.within(16, MOST_GROWTH_MIB);
  });

  describe('in statements', () => {
    let tap: StatementTap;
    let operations: Operations;

    before(async () => {
      tap = await startStatementTap(stack.database.url);
      operations = createOperations({ ...stack.config, databaseUrl: tap.url });
    });
    after(async () => {
      await operations.close();
      await tap.close();
    });

    it('costs as much as over 10 users: a fixed number, in one transaction', async () => {
      const ten = Array.from({ length: 10 }, (_, index) => uuid(index + 1)).join(',');
      await read(`user=${ten}`);
      const few = await tap.during(() => read(`user=${ten}`));
      const many = await tap.during(() => read(''));
      expect(many.map(kindOf)).to.deep.equal(few.map(kindOf));
      expect(many).to.have.length(5);
      expect(many[0]).to.equal('begin isolation level repeatable read read only');
      expect(many[4]).to.equal('commit');
      expect(many.filter((statement) => statement.includes('holdings'))).to.have.length(1);
    });

    /** Runs the REST face of the route, and returns how much it answered. */
    async function read(query: string): Promise<number> {
      const methods = operations.quotas.services.flatMap((service) => service.methods);
      const route = methods.find(({ rpc }) => rpc.endsWith('/ListServiceQuotas'))?.route;
      const credentials = {
        authToken: TOKEN.token,
        authorization: undefined,
        header: () => undefined,
      };
      const request = { query: new URLSearchParams(query) } as unknown as HttpRequest;
      const answer = await route?.answerRest(request, credentials, {
        ...{ requestId: '', face: 'rest', deadline: Infinity, isCancelled: () => false },
      });
      expect(answer?.status).to.equal(200);
      return answer?.body.length ?? 0;
    }

    /** A statement without its filters. */
    function kindOf(statement: string): string {
      return statement
        .replace(/\s+/g, ' ')
        .replace(/ where .*? order by/, ' order by')
        .trim();
    }
  });
});

function uuid(n: number): string {
  return `${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}
