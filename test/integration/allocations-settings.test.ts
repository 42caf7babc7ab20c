// Goal: settings of the Placement API that weaken it are said loudly at start, and do what they say
// (section 3.2). Method: whole stacks with these settings; their log is read.
import { expect } from 'chai';
import { type LogLine, type Stack, startStack } from '../support/stack.js';

const LATEST = { 'openstack-api-version': 'placement latest' };

describe('settings of the Placement API', () => {
  let stack: Stack | undefined;

  afterEach(async () => {
    await stack?.stop();
    stack = undefined;
  });

  async function started(settings: Record<string, string>): Promise<readonly LogLine[]> {
    const lines: LogLine[] = [];
    stack = await startStack({
      settings: { LOG_LEVEL: 'warn', ...settings },
      log: (line) => lines.push(line),
    });
    return lines;
  }

  it('are silent by default', async () => {
    expect(await started({})).to.deep.equal([]);
  });

  it('announce noauth2, which believes requests', async () => {
    const [line] = await started({ ALLOCATIONS_AUTH: 'noauth2' });
    expect(line?.['msg']).to.match(/^ALLOCATIONS_AUTH=noauth2: /);
    const target = '/resource_classes/VCPU';
    for (const [token, headers, status] of [
      ['admin', {}, 200],
      ['admin', { 'x-roles': 'member' }, 403],
      ['ada', { 'x-roles': 'service' }, 200],
      ['admin', { 'openstack-system-scope': 'all' }, 403],
      ['', {}, 401],
    ] as const) {
      const answer = await stack?.rest.get(target, { token, headers: { ...LATEST, ...headers } });
      expect(answer?.status, `${token} ${JSON.stringify(headers)}`).to.equal(status);
    }
  });

  it('announce the open policy, which refuses nobody who has a token', async () => {
    const lines = await started({ ALLOCATIONS_AUTH: 'noauth2', ALLOCATIONS_POLICY: 'open' });
    expect(lines[1]?.['msg']).to.match(/^ALLOCATIONS_POLICY=open: /);
    const headers = { ...LATEST, 'openstack-system-scope': 'all' };
    const answer = await stack?.rest.get('/resource_classes/VCPU', { token: 'nobody', headers });
    expect(answer?.status).to.equal(200);
    expect((await stack?.rest.get('/resource_classes'))?.status).to.equal(401);
  });

  it('find 21 standard classes and the standard traits in a new database, once', async () => {
    await started({ ALLOCATIONS_AUTH: 'noauth2' });
    const [counted] =
      (await stack?.database.query<{ classes: string; traits: string; last: string }>(
        `select (select count(*) from resource_classes) as classes,
              (select name from resource_classes where id = 0) as last,
              (select count(*) from traits) as traits`,
      )) ?? [];
    expect(counted).to.deep.equal({ classes: '21', traits: '377', last: 'VCPU' });
    await stack?.operations.allocations.start();
    const [again] =
      (await stack?.database.query<{ count: string }>('select count(*) from traits')) ?? [];
    expect(again?.count).to.equal('377');
  });
});
