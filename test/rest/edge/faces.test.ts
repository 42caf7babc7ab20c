// Goal: one port serves REST, gRPC and grpc-web, and no caller of one is taken for one of another.
// Method: generated stubs and hand-made grpc-web frames against the port that REST calls use, too.
import { expect } from 'chai';
import { ListResourcesResponse } from '../../../src/gen/apportion/quotas/v1/resources_service.js';
import type { JsonObject } from '../../../src/rpc/json.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../../support/grpc-client.js';
import { healthAt } from '../../support/grpc-health.js';
import type { RestAnswer } from '../../support/rest-client.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const USER = '5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21';
const LIST_RESOURCES = '/apportion.quotas.v1.ResourcesService/ListResources';
const ISSUE = '/apportion.quotas.v1.CommissionsService/IssueCommission';

describe('the faces of one port', () => {
  let stack: Stack;
  let grpc: GrpcClient;

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld();
    grpc = connectGrpc(stack.edge);
    await stack.apply(
      `users: [{uuid: ${USER}, username: alice, email: alice@x, tokens: [{value: alice-token}]}]`,
    );
  });

  after(async () => {
    grpc.close();
    await stack.stop();
  });

  const provisions = [
    { holder: `user:${USER}`, source: `project:${USER}`, resource: 'nimbus.vm', quantity: 1n },
  ];

  describe('gRPC', () => {
    it('shows what REST shows, typed', async () => {
      const typed = await grpc.resources.listResources({});
      const rest = await stack.rest.get('/account/v1.0/resources');
      expect(typed.resources.map(({ name }) => name)).to.deep.equal(
        Object.keys(rest.json as JsonObject),
      );
      expect(typed.rest).to.equal(undefined);
    });

    it('changes what REST shows, with the tokens of REST', async () => {
      const { serial } = await grpc.commissions.issueCommission(
        { provisions },
        { token: 'nimbus-token' },
      );
      const target = `/account/v1.0/commissions/${serial}`;
      const seen = await stack.rest.get(target, { token: 'nimbus-token' });
      expect(seen.json).to.have.property('serial', serial);
      const settled = await stack.rest.post(`${target}/action`, {
        token: 'nimbus-token',
        json: { reject: '' },
      });
      expect(settled.status).to.equal(200);
      const gone = grpc.commissions.getCommission({ serial }, { token: 'nimbus-token' });
      expect(await grpcFailure(gone)).to.include({
        code: 'NOT_FOUND',
        reason: 'COMMISSION_NOT_FOUND',
      });
    });

    it('keeps statuses, details and trailers', async () => {
      const tooMuch = [{ ...provisions[0]!, quantity: 101n }];
      const failure = await grpcFailure(
        grpc.commissions.issueCommission({ provisions: tooMuch }, { token: 'nimbus-token' }),
      );
      expect(failure).to.include({ code: 'RESOURCE_EXHAUSTED', reason: 'NO_CAPACITY' });
      expect(failure.facts).to.include({ quantity: '101', usage: '0', limit: '100' });
      expect(await grpcFailure(grpc.commissions.listCommissions({}))).to.include({
        code: 'UNAUTHENTICATED',
        reason: 'TOKEN_MISSING',
      });
    });

    it('stays gRPC whatever a caller claims', async () => {
      const metadata = {
        'x-rest-target': '/account/v1.0/quotas',
        'x-rest-method': 'GET',
        'x-http-code': '418',
        'x-rest-log': '/elsewhere',
      };
      const typed = await grpc.resources.listResources({}, { metadata });
      expect(typed.resources.map(({ name }) => name)).to.include('nimbus.vm');
      expect(typed.rest).to.equal(undefined);
      const failure = await grpcFailure(grpc.quotas.listQuotas({}, { metadata }));
      expect(failure).to.include({ code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' });
    });

    it('tells of health and of unknown calls', async () => {
      expect(await healthAt(stack.edge)).to.equal('SERVING');
      const unmatched = grpc.edge.answerUnmatched({});
      expect(await grpcFailure(unmatched)).to.include({
        code: 'NOT_FOUND',
        reason: 'ROUTE_NOT_FOUND',
      });
    });
  });

  describe('grpc-web', () => {
    const CALL = { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' };
    const EMPTY = Buffer.alloc(5);

    interface Frame {
      readonly isTrailer: boolean;
      readonly bytes: Buffer;
    }

    function framesIn(bytes: Buffer): readonly Frame[] {
      const frames: Frame[] = [];
      let at = 0;
      while (at < bytes.length) {
        const end = at + 5 + bytes.readUInt32BE(at + 1);
        frames.push({ isTrailer: bytes[at] === 0x80, bytes: bytes.subarray(at + 5, end) });
        at = end;
      }
      return frames;
    }

    function post(path: string, body: Buffer, headers = {}): Promise<RestAnswer> {
      return stack.rest.post(path, { body, headers: { ...CALL, ...headers } });
    }

    it('answers with a message and trailers as frames', async () => {
      const answer = await post(LIST_RESOURCES, EMPTY);
      expect(answer.status).to.equal(200);
      expect(answer.headers['content-type']).to.equal('application/grpc-web+proto');
      const [message, trailers] = framesIn(answer.bytes);
      const { resources } = ListResourcesResponse.decode(message!.bytes);
      expect(resources.map(({ name }) => name)).to.include('nimbus.vm');
      expect(trailers!.isTrailer).to.equal(true);
      expect(trailers!.bytes.toString()).to.match(/^grpc-status: ?0\r$/m);
    });

    it('answers as text when asked as text', async () => {
      const body = Buffer.from(EMPTY.toString('base64'));
      const type = 'application/grpc-web-text';
      const answer = await post(LIST_RESOURCES, body, { 'content-type': type, accept: type });
      expect(answer.headers['content-type']).to.include(type);
      // The padding ends a frame, not the text.
      const pieces = answer.text.match(/[^=]+={0,2}/g) ?? [];
      const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')));
      const { resources } = ListResourcesResponse.decode(framesIn(bytes)[0]!.bytes);
      expect(resources.map(({ name }) => name)).to.include('nimbus.vm');
    });

    it('tells failures as gRPC does', async () => {
      const answer = await post(ISSUE, EMPTY, { 'x-rest-target': '/account/v1.0/resources' });
      expect(answer.status).to.equal(200);
      const trailers = framesIn(answer.bytes).find(({ isTrailer }) => isTrailer);
      const words = trailers?.bytes.toString() ?? JSON.stringify(answer.headers);
      expect(words).to.match(/grpc-status"?: ?"?16/);
    });

    it('may be called from pages of this machine, and of no other', async () => {
      const asked = { 'access-control-request-method': 'POST' };
      const local = await stack.rest.send('OPTIONS', LIST_RESOURCES, {
        headers: { ...asked, origin: 'http://localhost:3000' },
      });
      expect(local.status).to.equal(200);
      expect(local.headers).to.include({
        'access-control-allow-origin': 'http://localhost:3000',
        'access-control-allow-methods': 'GET,POST,PUT,PATCH,DELETE',
      });
      expect(local.headers['access-control-allow-headers']).to.include('x-auth-token');
      for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null']) {
        const refused = await stack.rest.send('OPTIONS', LIST_RESOURCES, {
          headers: { ...asked, origin },
        });
        expect(refused.headers, origin).not.to.have.property('access-control-allow-origin');
        const served = await post(LIST_RESOURCES, EMPTY, { origin });
        expect(served.headers, origin).not.to.have.property('access-control-allow-origin');
      }
      const served = await post(LIST_RESOURCES, EMPTY, { origin: 'http://127.0.0.1:5173' });
      expect(served.headers).to.include({
        'access-control-allow-origin': 'http://127.0.0.1:5173',
        'access-control-expose-headers': 'grpc-status,grpc-message',
      });
    });
  });

  it('serve REST over HTTP/1 and gRPC over HTTP/2 at the same time', async () => {
    const [typed, rest, health] = await Promise.all([
      grpc.resources.listResources({}),
      stack.rest.get('/account/v1.0/resources'),
      stack.rest.get('/healthz'),
    ]);
    expect(typed.resources).to.have.lengthOf(Object.keys(rest.json as JsonObject).length);
    expect(health.status).to.equal(200);
  });

  it('do nothing for JSON that is sent to the path of an RPC', async () => {
    const answer = await stack.rest.post(ISSUE, {
      token: 'nimbus-token',
      json: { provisions: [], force: false },
    });
    expect(answer.status).to.equal(404);
    const { json } = await stack.rest.get('/account/v1.0/commissions', { token: 'nimbus-token' });
    expect(json).to.deep.equal([]);
  });
});
