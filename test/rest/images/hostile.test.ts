// Goal: whatever is sent to either face, the Image API neither breaks nor answers 500 (image
// specification, sections 3.1, 8.5 and 15; errata).
// Method: hostile ids, queries, bodies and patches on every route of the generated list, and hostile
// texts in typed calls, on an image and a member that exist; then the log of errors is looked at.
import { expect } from 'chai';
import { httpRules } from '../../../src/gen/http-rules.js';
import { connectGrpc, grpcFailure } from '../../support/grpc-client.js';
import { type LogLine, type Stack, startStack } from '../../support/stack.js';

const TOKEN = 'o:p:member';

const ROUTES = httpRules.filter(({ rpc }) => rpc.startsWith('apportion.images.'));

const IDS = [
  ...['%00', '%ED%A0%80', '%ff', '%CE%BA%20%27%22%3B--', '..%2F..%2Fhealthz', '%F0%9F%98%80'],
  ...['x'.repeat(5_000), '9'.repeat(40), '__proto__', '-', '%2F', '%'],
];

const PARAMETERS = [
  ...['limit', 'marker', 'visibility', 'member_status', 'os_hidden', 'sort', 'sort_key'],
  ...['sort_dir', 'id', 'name', 'tag', 'owner', 'size_min', 'min_ram', 'created_at', 'protected'],
  ...['members', 'properties', 'foo_min', '__proto__', 'constructor', '%00', '%ff', ''],
];

const TEXTS = [
  ...['', '%00', '%ff', '%ED%A0%80', 'in:', 'in:%22', 'in:a,%22b', 'like:%25', 'eq:', '-0', '1e9'],
  ...[
    '9'.repeat(60),
    'lt:9999-12-31T23:59:59Z',
    '0000-01-01',
    ':',
    ',,,',
    'id:asc,id:desc',
    '%27--',
  ],
];

const NASTY = [
  ...['null', 'true', '1e400', '-0', '0.5', '9223372036854775808', '"\\u0000"', '"\\ud800"'],
  ...['[]', '{}', '[[]]', '[null]', '{"a":[]}', '"\\ud83d\\ude00"', `"${'x'.repeat(70_000)}"`],
];

const MEMBERS = [
  ...['id', 'name', 'visibility', 'owner', 'protected', 'tags', 'min_disk', 'disk_format', 'size'],
  ...['member', 'status', '__proto__', 'constructor', 'toString', '', '\\u0000', '\\ud800'],
];

const POINTERS = [
  ...['', '/', '//', '/name/', '/name/0', '/tags/-', '/~', '/~2', '/~0~1', 'name', '/\\u0000'],
  ...['/__proto__', '/constructor', '/hasOwnProperty', '/\\ud800', '/name', `/${'x'.repeat(300)}`],
];

const NEWER = 'application/openstack-images-v2.1-json-patch';
const OLDER = 'application/openstack-images-v2.0-json-patch';

function* bodies(): Iterable<string | Uint8Array> {
  yield* NASTY;
  yield* ['', ' ', '{', '{"name": "x"', '\ufeff{}', '{"name":"a","name":7}'];
  yield Uint8Array.of(0xff, 0xfe, 0x7b, 0x7d);
  yield Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d);
  yield `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  yield `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  for (const name of MEMBERS) for (const value of NASTY) yield `{"${name}": ${value}}`;
}

function* patches(): Iterable<readonly [type: string, body: string]> {
  for (const pointer of POINTERS)
    for (const value of ['"v"', 'null', '7', '[]'])
      for (const op of ['add', 'replace', 'remove']) {
        yield [NEWER, `[{"op": "${op}", "path": "${pointer}", "value": ${value}}]`];
        yield [OLDER, `[{"${op}": "${pointer}", "value": ${value}}]`];
      }
  for (const value of NASTY) {
    yield [NEWER, value];
    yield [NEWER, `[${value}]`];
    yield [NEWER, `[{"op": ${value}, "path": "/name", "value": "v"}]`];
    yield [NEWER, `[{"op": "add", "path": ${value}, "value": "v"}]`];
    yield [NEWER, `[{"op": "add", "path": "/tags", "value": ${value}}]`];
    yield [OLDER, `[{"add": ${value}, "value": "v"}]`];
    yield [value.slice(0, 200), '[]'];
  }
  const many = Array(5_000).fill('{"op": "add", "path": "/k", "value": "v"}').join(',');
  yield [NEWER, `[${many}]`];
}

describe('hostile requests to the Image API', function () {
  this.timeout(60_000);
  let stack: Stack;
  let image: string;
  const errors: LogLine[] = [];

  before(async () => {
    stack = await startStack({
      settings: { IMAGES_AUTH: 'fake', LOG_LEVEL: 'error' },
      log: (line) => errors.push(line),
    });
    const created = await stack.rest.post('/v2/images', { token: TOKEN, json: { name: 'known' } });
    image = /"id": "([^"]+)"/.exec(created.text)?.[1] ?? '';
    const members = `/v2/images/${image}/members`;
    const shared = await stack.rest.post(members, { token: TOKEN, json: { member: 'm' } });
    expect(shared.status).to.equal(200);
  });

  afterEach(async () => {
    expect(errors.splice(0)).to.deep.equal([]);
    const found = await stack.rest.get(`/v2/images/${image}`, { token: TOKEN });
    expect(found.status, 'the image is still there').to.equal(200);
  });

  after(() => stack.stop());

  async function survive(
    method: string,
    target: string,
    body?: string | Uint8Array,
    type?: string,
  ): Promise<void> {
    const headers: Record<string, string> =
      type === undefined ? { accept: 'application/json' } : { 'content-type': type };
    const answer = await stack.rest.send(method, target, { token: TOKEN, headers, body });
    const what = typeof body === 'string' ? body.slice(0, 200) : String(body);
    expect(answer.status, `${method} ${target.slice(0, 200)} ${what}`).to.be.lessThan(500);
  }

  it('survive hostile ids', async () => {
    for (const { method, template } of ROUTES)
      for (const id of template.includes('{') ? IDS : []) {
        const body = method === 'GET' || method === 'DELETE' ? undefined : '{"status": "accepted"}';
        await survive(method, template.replace(/\{[^}]*\}/g, id), body);
        const below = template.replace(/\{[^}]*\}/, image).replace(/\{[^}]*\}/, id);
        if (below !== `/v2/images/${image}`) await survive(method, below, body);
      }
  });

  it('survive hostile queries', async () => {
    for (const name of PARAMETERS)
      for (const text of TEXTS) {
        await survive('GET', `/v2/images?limit=1&${name}=${text}&${name}=`);
      }
  });

  it('survive hostile bodies', async () => {
    for (const body of bodies()) {
      await survive('POST', '/v2/images', body);
      await survive('POST', `/v2/images/${image}/members`, body);
      await survive('PUT', `/v2/images/${image}/members/m`, body);
    }
  });

  it('survive hostile patches', async () => {
    for (const [type, body] of patches()) await survive('PATCH', `/v2/images/${image}`, body, type);
  });

  it('survive hostile texts over gRPC', async () => {
    const client = connectGrpc(stack.addresses[0] ?? '');
    const options = { token: TOKEN };
    try {
      for (const text of ['', '\0', 'a\0b', '__proto__', '%00', 'x'.repeat(100_000), '\u{1F693}'])
        for (const call of [
          () => client.images.getImage({ imageId: text }, options),
          () => client.images.deleteImage({ imageId: text }, options),
          () => client.images.createImage({ id: text, name: text, tags: [text] }, options),
          () => client.imageMembers.createImageMember({ imageId: image, member: text }, options),
          () => client.imageMembers.getImageMember({ imageId: image, memberId: text }, options),
          () => client.imageMembers.deleteImageMember({ imageId: text, memberId: text }, options),
        ]) {
          const made = call();
          const outcome = await made.then(
            () => undefined,
            () => grpcFailure(made),
          );
          expect(outcome?.reason ?? 'OK', text.slice(0, 20)).to.be.oneOf([
            ...['OK', 'INVALID_REQUEST', 'NOT_FOUND', 'FORBIDDEN', 'ALREADY_EXISTS'],
          ]);
        }
    } finally {
      client.close();
    }
  });
});
