// Goal: methods, bodies and connections of HTTP are handled as HTTP has them, in the shape of the API
// that is asked. Method: requests byte by byte, or by a plain client, through a real Envoy that
// takes bodies of at most 64 KiB.
import { expect } from 'chai';
import { Agent } from 'node:http';
import type { JsonObject } from '../../../src/rpc/json.js';
import { LedgerClient, userProvision } from '../../support/ledger.js';
import { answersIn, exchange, rawRequest } from '../../support/raw-http.js';
import type { RestAnswer } from '../../support/rest-client.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

const MOST = 65_536;
const USER = '5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21';
const CLOSE = 'Connection: close';
const TOKEN = 'X-Auth-Token: nimbus-token';
const JSON_TYPE = 'Content-Type: application/json';

describe('messages at the edge', () => {
  let stack: Stack;
  let port: number;

  before(async function () {
    this.timeout(60_000);
    stack = await startWorld({ settings: { MAX_BODY_BYTES: String(MOST) } });
    port = stack.envoy.httpPort;
    await stack.apply(
      `users: [{uuid: ${USER}, username: alice, email: alice@x, tokens: [{value: alice-token}]}]`,
    );
  });

  after(() => stack.stop());

  describe('HEAD', () => {
    it('leaves the connection fit for the next request, as its answer has no body', async () => {
      const text = await exchange(
        port,
        rawRequest('HEAD', '/account/v1.0/commissions') +
          rawRequest('HEAD', '/nowhere') +
          rawRequest('HEAD', '/account/nothing') +
          rawRequest('GET', '/account/v1.0/commissions', TOKEN, CLOSE),
      );
      const answers = answersIn(text, ['HEAD', 'HEAD', 'HEAD', 'GET']);
      expect(answers.map(({ status }) => status)).to.deep.equal([405, 404, 400, 200]);
      expect(answers[0]!.head.toLowerCase()).to.include('allow: get,post');
      expect(answers[3]!.body).to.equal('[]');
    });

    it('does the same for a client that keeps its connection', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      try {
        for (const target of ['/account/v1.0/quotas', '/account/v1.0/commissions/1']) {
          const { status, bytes } = await stack.rest.send('HEAD', target, { agent });
          expect(status).to.equal(405);
          expect(bytes).to.have.lengthOf(0);
          const next = await stack.rest.get(target, { agent, token: 'alice-token' });
          expect(next.status).to.equal(target.endsWith('quotas') ? 200 : 401);
        }
      } finally {
        agent.destroy();
      }
    });
  });

  describe('methods', () => {
    it('that nobody knows are refused before anything else', async () => {
      const methods = ['FROB', 'get', 'QUOTAS'];
      // Envoy keeps such a connection open for a second, each.
      const texts = await Promise.all(
        methods.map((method) => exchange(port, rawRequest(method, '/account/v1.0/quotas', CLOSE))),
      );
      for (const text of texts) expect(answersIn(text, ['GET'])[0]!.status).to.equal(400);
    });

    it('that HTTP knows and the API does not are 405, with what it knows', async () => {
      for (const method of ['PROPFIND', 'TRACE', 'OPTIONS', 'PATCH', 'LOCK', 'DELETE']) {
        const text = await exchange(port, rawRequest(method, '/account/v1.0/quotas', CLOSE));
        const [answer] = answersIn(text, [method]);
        expect(answer!.status, method).to.equal(405);
        expect(answer!.head.toLowerCase(), method).to.match(/^allow: get$/m);
        expect(JSON.parse(answer!.body)).to.have.all.keys('notAllowed');
      }
    });
  });

  describe('requests that are none', () => {
    it('are 400, and the connection is closed', async () => {
      const requests = [
        'hello\r\n\r\n',
        rawRequest('GET', '/account/v1.0/\xff', CLOSE),
        rawRequest('GET', '/account/v1.0/quotas#fragment', CLOSE),
        rawRequest('GET', '/account/v1.0/quotas', 'Content-Length: x', CLOSE),
        rawRequest('GET', '/account/v1.0/quotas', 'Content-Length: 1', 'Content-Length: 2', CLOSE),
        rawRequest('POST', '/x', 'Content-Length: 2', 'Transfer-Encoding: chunked', CLOSE),
        'GET /account/v1.0/quotas HTTP/1.1\r\nConnection: close\r\n\r\n',
      ];
      const texts = await Promise.all(requests.map((bytes) => exchange(port, bytes)));
      texts.forEach((text, index) => {
        expect(answersIn(text, ['GET'])[0]!.status, requests[index]).to.equal(400);
      });
    });
  });

  describe('bodies', () => {
    const send = (...lines: readonly string[]) =>
      rawRequest('POST', '/account/v1.0/commissions/action', TOKEN, JSON_TYPE, CLOSE, ...lines);

    it('may come in chunks', async () => {
      const chunks =
        '1\r\n{\r\n9\r\n"accept":\r\n3;x=y\r\n[7]\r\n1\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n';
      const text = await exchange(port, send('Transfer-Encoding: chunked') + chunks);
      const [answer] = answersIn(text, ['POST']);
      expect(answer!.status).to.equal(200);
      expect(JSON.parse(answer!.body)).to.have.nested.property('failed[0][0]', 7);
    });

    it('of GET and DELETE are taken and not looked at', async () => {
      for (const body of ['{', '{"accept": []}', '\xff\xfe', 'x'.repeat(20_000)]) {
        const options = { token: 'nimbus-token', body: Buffer.from(body, 'latin1') };
        const got = await stack.rest.get('/account/v1.0/commissions', options);
        expect(got.status).to.equal(200);
        expect(got.text).to.equal('[]');
        const deleted = await stack.rest.send('DELETE', '/account/v1.0/commissions', options);
        expect(deleted.status).to.equal(405);
      }
    });

    it('of the largest size reach the server', async () => {
      const json = `{"name": "${'x'.repeat(4096)}", "provisions": []}`;
      const options = { token: 'nimbus-token', headers: { 'content-type': 'application/json' } };
      const fits = await stack.rest.post('/account/v1.0/commissions', {
        ...options,
        body: json.padEnd(MOST),
      });
      expect(fits.status).to.equal(201);
      const settled = (fits.json as JsonObject)['serial'] as bigint;
      await new LedgerClient(stack.rest, 'nimbus-token').settle(settled, 'reject');
    });

    const TOO_LARGE: readonly {
      readonly targets: readonly string[];
      readonly check: (answer: RestAnswer) => void;
    }[] = [
      {
        targets: ['/account/v1.0/commissions', '/account/nothing', '/identity/v2.0/tokens'],
        check: ({ text, headers }) => {
          expect(headers['content-type']).to.equal('application/json; charset=UTF-8');
          expect(headers['vary']).to.equal('X-Auth-Token');
          expect(headers['cache-control']).to.include('no-store');
          expect(JSON.parse(text)).to.deep.equal({
            overLimit: {
              code: 413,
              message: `The request body is larger than ${MOST} bytes.`,
              details: '',
            },
          });
        },
      },
      {
        targets: ['/placement/allocations', '/allocations/x', '/reshaper'],
        check: ({ text }) => {
          expect(JSON.parse(text)).to.have.nested.property('errors[0].status', 413);
        },
      },
      {
        targets: ['/v2/images/x/members', '/'],
        check: ({ text, headers }) => {
          expect(headers['content-type']).to.equal('text/html; charset=UTF-8');
          expect(text).to.include('<title>413 Request Entity Too Large</title>');
        },
      },
      {
        targets: ['/api/openstack-project-service-link/', '/api-auth/password/'],
        check: ({ text }) => {
          expect(JSON.parse(text)).to.have.all.keys('detail');
        },
      },
      {
        targets: ['/nowhere', '/healthz'],
        check: ({ text }) => {
          expect(JSON.parse(text)).to.have.property('code', 413);
        },
      },
    ];

    for (const { targets, check } of TOO_LARGE) {
      it(`that are larger are 413 in the shape of the API, for ${targets.join(', ')}`, async () => {
        for (const target of targets) {
          const answer = await stack.rest.post(target, { body: 'x'.repeat(MOST + 1) });
          expect(answer.status, target).to.equal(413);
          expect(answer.text).not.to.match(/upstream|transcoder|envoy/i);
          check(answer);
        }
      });
    }

    it('that grow too large chunk by chunk are 413, too', async () => {
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
      const text = await exchange(
        port,
        `${send('Transfer-Encoding: chunked')}${chunk.repeat(3)}0\r\n\r\n`,
      );
      const [answer] = answersIn(text, ['POST']);
      expect(answer!.status).to.equal(413);
      expect(JSON.parse(answer!.body)).to.have.all.keys('overLimit');
    });
  });

  describe('answers', () => {
    it('of several megabytes come whole, with their length', async function () {
      this.timeout(60_000);
      const users = Array.from({ length: 8_000 }, (_, index) => `many-${index}`);
      await stack.apply(
        `users: [${users.map((name) => `{uuid: ${name}, username: ${name}, email: ${name}@x}`).join(', ')}]`,
      );
      const answer = await stack.rest.get('/account/v1.0/service_quotas', {
        token: 'nimbus-token',
      });
      expect(answer.status).to.equal(200);
      expect(answer.bytes.length).to.be.greaterThan(3_000_000);
      expect(answer.headers['content-length']).to.equal(String(answer.bytes.length));
      expect(answer.headers['transfer-encoding']).to.equal(undefined);
      const json = answer.json as JsonObject;
      expect(users.filter((name) => !Object.hasOwn(json, name))).to.deep.equal([]);
      expect(answer.headers['content-type']).to.equal('application/json; charset=UTF-8');
    });

    it('tell the length also when there is no body', async () => {
      const ledger = new LedgerClient(stack.rest, 'nimbus-token');
      const serial = await ledger.issue([userProvision(USER, USER, 'nimbus.vm', 1)]);
      for (const status of [200, 404]) {
        const answer = await ledger.act(serial, 'accept');
        expect(answer.status).to.equal(status);
        expect(answer.headers['content-length']).to.equal('0');
        expect(answer.headers['content-type']).to.equal('application/json; charset=UTF-8');
      }
    });
  });
});
