// Goal: bodies and heads that no library sends are read as documented (image specification, section 3.1
// and errata). Method: requests as bytes, through a real Envoy.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { answersIn, exchange, rawRequest } from '../../support/raw-http.js';
import { type Stack, startStack } from '../../support/stack.js';

describe('the Image API on the wire', () => {
  let stack: Stack;
  let image: string;

  before(async () => {
    stack = await startStack({ settings: { IMAGES_AUTH: 'fake' } });
  });
  after(() => stack.stop());

  const TOKEN = 'x-auth-token: o:p:member';
  const CLOSE = 'connection: close';

  async function ask(method: string, target: string, ...lines: readonly string[]) {
    return send(rawRequest(method, target, TOKEN, CLOSE, ...lines), method);
  }

  async function send(bytes: string, method: string) {
    const [answer] = answersIn(await exchange(stack.envoy.httpPort, bytes), [method]);
    return answer!;
  }

  function chunked(method: string, target: string, body: string, ...lines: readonly string[]) {
    const head = rawRequest(method, target, TOKEN, CLOSE, 'transfer-encoding: chunked', ...lines);
    const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
    return send(`${head}${chunk}0\r\n\r\n`, method);
  }

  beforeEach(async () => {
    const created = await chunked('POST', '/v2/images', '{"name": "chunked"}');
    expect(created.status).to.equal(201);
    image = /"id": "([^"]+)"/.exec(created.body)?.[1] ?? '';
  });

  it('takes chunked bodies', async () => {
    const members = `/v2/images/${image}/members`;
    const shared = await chunked('POST', members, '{"member": "m"}');
    expect(shared.status).to.equal(200);
    const patched = await chunked(
      ...([
        'PATCH',
        `/v2/images/${image}`,
        '[{"op": "replace", "path": "/name", "value": "n"}]',
      ] as const),
      'content-type: application/openstack-images-v2.1-json-patch',
    );
    expect(patched.status).to.equal(200);
    expect(patched.body).to.include('"name": "n"');
  });

  it('misses a body where an empty one is chunked', async () => {
    for (const target of ['/v2/images', `/v2/images/${image}/members`])
      expect((await chunked('POST', target, '')).status).to.equal(400);
  });

  it('minds no content type where no body is', async () => {
    const octets = 'content-type: application/octet-stream';
    expect((await ask('GET', `/v2/images/${image}`, octets)).status).to.equal(200);
    expect((await ask('GET', '/v2/images', octets, 'content-length: 0')).status).to.equal(200);
    const deleted = await send(
      `DELETE /v2/images/${image} HTTP/1.1\r\nhost: h\r\n${TOKEN}\r\n${octets}\r\n${CLOSE}\r\n\r\n`,
      'HEAD',
    );
    expect(deleted.status).to.equal(204);
    expect(deleted.head).to.not.match(/^content-(type|length):/im);
  });

  it('answers JSON that nests without end with 400', async () => {
    const deep = '['.repeat(100_000);
    const id = randomUUID();
    for (const [method, target] of [
      ['POST', '/v2/images'],
      ['POST', `/v2/images/${id}/members`],
      ['PUT', `/v2/images/${id}/members/m`],
    ] as const)
      expect((await chunked(method, target, deep)).status, target).to.equal(400);
    const type = 'content-type: application/openstack-images-v2.0-json-patch';
    expect((await chunked('PATCH', `/v2/images/${id}`, deep, type)).status).to.equal(400);
  });

  it('answers HEAD without a body that would be taken for the next answer', async () => {
    const twice =
      rawRequest('HEAD', '/v2/images', TOKEN) + rawRequest('GET', '/v2/images', TOKEN, CLOSE);
    const answers = answersIn(await exchange(stack.envoy.httpPort, twice), ['HEAD', 'GET']);
    expect(answers.map(({ status }) => status)).to.deep.equal([405, 200]);
  });
});
