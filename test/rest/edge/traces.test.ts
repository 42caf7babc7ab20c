// Goal: a call can be followed from the caller through the logs, and no log shows a token.
// Method: requests through a real Envoy; then the server's log lines and Envoy's access log.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../../support/eventually.js';
import { connectGrpc, grpcFailure } from '../../support/grpc-client.js';
import { exchange, rawRequest } from '../../support/raw-http.js';
import type { LogLine, Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('traces of calls', () => {
  let stack: Stack;
  let lines: LogLine[];

  beforeEach(async function () {
    this.timeout(60_000);
    lines = [];
    stack = await startWorld({
      settings: { LOG_LEVEL: 'debug' },
      log: (line) => lines.push(line),
    });
    await stack.apply(
      'users: [{uuid: alice, username: alice, email: a@x, tokens: [{value: s3cret-token}]}]',
    );
  });

  afterEach(() => stack.stop());

  /** The request id under which a call to a path of its own was logged. */
  async function loggedId(...headers: readonly string[]): Promise<unknown> {
    const before = lines.length;
    await exchange(
      stack.envoy.httpPort,
      rawRequest('GET', '/account/v1.0/resources', 'Connection: close', ...headers),
    );
    const line = await eventually(() => {
      const found = lines.slice(before).find(({ rpc }) => String(rpc).endsWith('/ListResources'));
      return found ?? false;
    });
    return line['requestId'];
  }

  it('keep the request id of the caller, up to 128 characters', async () => {
    for (const id of ['req-1', 'x', 'a/b:c;d=e,f', 'x'.repeat(128)])
      expect(await loggedId(`X-Request-Id: ${id}`)).to.equal(id);
  });

  it('have an id of our own where the caller sends none, or one that is no good', async () => {
    const ids = [
      await loggedId(),
      await loggedId('X-Request-Id: '),
      await loggedId(`X-Request-Id: ${'x'.repeat(129)}`),
      await loggedId(`X-Request-Id: ${'x'.repeat(20_000)}`),
      await loggedId('X-Request-Id: two words'),
      await loggedId('X-Request-Id: \xfc'),
      await loggedId('X-Request-Id: "\x01"'.replace('\x01', '\t')),
    ];
    for (const id of ids) expect(id).to.match(UUID);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('show targets as they were sent, with tokens masked', async () => {
    const seen: Record<string, string> = {
      '/identity/v2.0/tokens/s3cret-token': '/identity/v2.0/tokens/***',
      '/identity/v2.0/tokens/s3cret-token/?belongsTo=p': '/identity/v2.0/tokens/***/?belongsTo=p',
      '/identity/v2.0/tokens/s3cret%2Dtoken': '/identity/v2.0/tokens/***',
      '/account/v1.0/quotas?X-Auth-Token=s3cret-token': '/account/v1.0/quotas?X-Auth-Token=***',
      '/api/x/?a=b&x-auth-token=s3cret-token&c=d': '/api/x/?a=b&x-auth-token=***&c=d',
      '/api/x/?x-auth-token=Token%20s3cret-token': '/api/x/?x-auth-token=***',
      '/account/v1.0/service_quotas?user=a%2Cb': '/account/v1.0/service_quotas?user=a%2Cb',
    };
    for (const target of Object.keys(seen)) {
      const headers = { 'x-rest-log': '/forged', authorization: 'Bearer s3cret-token' };
      await stack.rest.get(target, { token: 's3cret-token', headers });
    }
    await stack.rest.post('/identity/v2.0/tokens', {
      json: { auth: { token: { id: 's3cret-token' } } },
    });
    // Envoy writes out what it holds back when it ends.
    await stack.envoy.stop();
    const text = await readFile(path.join(stack.directory, 'access.log'), 'utf8');
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.map(({ p }) => p)).to.deep.equal([
      ...Object.values(seen),
      '/identity/v2.0/tokens',
    ]);
    expect(entries.map(({ m, s }) => `${String(m)} ${String(s)}`)[0]).to.equal('GET 200');
    expect(text).not.to.include('s3cret');
    expect(JSON.stringify(lines)).not.to.include('s3cret');
  });

  it('do not show headers that gRPC cannot carry, tokens among them', async () => {
    const written: string[] = [];
    const { error } = console;
    console.error = (...words: unknown[]) => written.push(words.join(' '));
    try {
      expect(await loggedId('X-Auth-Token: s3cret-t\xf6ken', 'X-Any: s3cret-\xff')).to.match(UUID);
    } finally {
      console.error = error;
    }
    expect(written).to.deep.equal([]);
    expect(JSON.stringify(lines)).not.to.include('s3cret');
  });

  it('of our own faults are in the log with the cause, and nowhere else', async () => {
    await stack.database.query('alter table resources rename to elsewhere');
    const answer = await stack.rest.get('/account/v1.0/resources', {
      headers: { 'x-request-id': 'find-me' },
    });
    expect(answer.status).to.equal(500);
    expect(answer.headers['content-type']).to.equal('application/json; charset=UTF-8');
    expect(answer.text).to.equal(
      '{"internalServerError": {"code": 500, "message": "Unexpected error", "details": ""}}',
    );
    const line = await eventually(() => {
      const found = lines.find(
        ({ requestId, err }) => requestId === 'find-me' && err !== undefined,
      );
      return found ?? false;
    });
    expect(line['outcome']).to.equal('500');
    expect(line['err']).to.have.property('stack').that.includes('resources');
    const grpc = connectGrpc(stack.edge);
    try {
      const failure = await grpcFailure(grpc.resources.listResources({}));
      expect(failure).to.include({ code: 'INTERNAL', message: 'Unexpected error' });
      expect(failure.facts).to.deep.equal({});
    } finally {
      grpc.close();
    }
  });
});
