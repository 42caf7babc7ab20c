// Goal: the bodies of joining, enrolling and acting are read, and memberships written, as sections
// 12.1 to 12.5 of the projects specification say. Method: pure functions from request to command and
// from result to answer; every refusal with its documented message.
import { expect } from 'chai';
import { Failure, notFound } from '../../../src/kernel/failure.js';
import type { Parsed } from '../../../src/kernel/parsed.js';
import {
  actOnMembershipFromHttp,
  createMembershipFault,
  createMembershipFromHttp,
  isMembershipId,
  membershipIdFromHttp,
  membershipToHttp,
} from '../../../src/projects/rest/memberships.js';
import type { HttpRequest } from '../../../src/rpc/http.js';

function request(body: string, fields: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    target: '/',
    path: '/',
    origin: 'http://edge.test',
    parameters: ['7'],
    query: new URLSearchParams(),
    headers: {},
    contentType: 'application/json',
    body: Buffer.from(body),
    requestId: 'r',
    ...fields,
  };
}

function outcomeOf(decoded: Parsed<unknown>): unknown {
  if (decoded.ok) return decoded.value;
  expect(decoded.failure).to.be.instanceOf(Failure).with.property('kind', 'invalid');
  return decoded.failure.message;
}

describe('createMembershipFromHttp', () => {
  const enrollment = (project: string) => ({
    how: 'enroll',
    project,
    account: { by: 'email', value: 'u@x' },
  });
  const CASES: readonly (readonly [body: string, expected: unknown])[] = [
    ['{"join": {"project": "p"}}', { how: 'join', project: 'p' }],
    ['{"join": {"project": "p", "more": 1}, "more": null}', { how: 'join', project: 'p' }],
    ['{"join": {"project": ""}}', { how: 'join', project: '' }],
    ['{"join": {"project": -1}}', { how: 'join', project: '-1' }],
    ['{"enroll": {"project": "p", "user": "u@x"}}', enrollment('p')],
    ['{"enroll": {"project": 7, "user": "u@x"}}', enrollment('7')],
    ['{}', 'No recognized action'],
    ['{"leave": ""}', 'No recognized action'],
    ['{"join": {"project": "p"}, "enroll": null}', 'Multiple actions not supported'],
    ['"nondict"', 'Request should be a JSON dict'],
    ['[]', 'Request should be a JSON dict'],
    ['null', 'Request should be a JSON dict'],
    ['', 'Could not decode request body as JSON'],
    ['{"join": {}}', 'Invalid project ID: None'],
    ['{"join": {"project": null}}', 'Invalid project ID: None'],
    ['{"join": {"project": true}}', 'Invalid project ID: true'],
    ['{"join": {"project": 1.5}}', 'Invalid project ID: "1.5"'],
    ['{"join": {"project": ["p", 1]}}', 'Invalid project ID: ["p","1"]'],
    ['{"join": {"project": "a\\u0000b"}}', 'Invalid project ID: a\0b'],
    ['{"join": {"project": "\\ud800"}}', 'Invalid project ID: \ufffd'],
    ['{"enroll": {"user": "u@x"}}', 'Invalid project ID: None'],
    ['{"enroll": {"project": "p"}}', 'user must be string'],
    ['{"enroll": {"project": "p", "user": null}}', 'user must be string'],
    ['{"enroll": {"project": "p", "user": 5}}', 'user must be string'],
    ['{"join": "p"}', 'Invalid input data'],
    ['{"join": null}', 'Invalid input data'],
    ['{"enroll": [{"project": "p"}]}', 'Invalid input data'],
  ];
  for (const [body, expected] of CASES)
    it(`12.4: reads ${body}`, () => {
      expect(outcomeOf(createMembershipFromHttp(request(body)))).to.deep.equal(expected);
    });

  it('12.4: does not repeat the whole of a long wrong project id', () => {
    const body = JSON.stringify({ join: { project: ['x'.repeat(10_000)] } });
    expect(outcomeOf(createMembershipFromHttp(request(body)))).to.have.length(20 + 255);
  });

  it('1.2: needs JSON and says so', () => {
    const body = '{"join": {"project": "p"}}';
    const said = (contentType: string) =>
      outcomeOf(createMembershipFromHttp(request(body, { contentType })));
    expect(said('')).to.equal('Missing Content-Type header field');
    expect(said('text/plain')).to.equal("Unsupported Content-type: 'text/plain'");
    expect(said('application/json; charset=utf-8')).to.deep.equal({ how: 'join', project: 'p' });
  });
});

describe('actOnMembershipFromHttp', () => {
  const CASES: readonly (readonly [body: string, expected: unknown])[] = [
    ['{"leave": ""}', { id: 7n, action: 'leave', reason: null }],
    ['{"cancel": null}', { id: 7n, action: 'cancel', reason: null }],
    ['{"accept": "wéll"}', { id: 7n, action: 'accept', reason: 'wéll' }],
    ['{"reject": "no", "nonex": 1}', { id: 7n, action: 'reject', reason: 'no' }],
    ['{"remove": ""}', { id: 7n, action: 'remove', reason: null }],
    ['{}', 'No recognized action'],
    ['{"nonex": ""}', 'No recognized action'],
    ['{"suspend": ""}', 'No recognized action'],
    ['{"leave": "", "cancel": ""}', 'Multiple actions not supported'],
    ['{"leave": null, "cancel": null}', 'Multiple actions not supported'],
    ['{"leave": 5}', 'reason must be string'],
    ['{"leave": {"reason": ""}}', 'reason must be string'],
    ['{"leave": "\\u0000"}', "'reason' contains characters that cannot be stored"],
    ['"leave"', 'Request should be a JSON dict'],
    ['\ufeff', 'Could not decode request body as JSON'],
  ];
  for (const [body, expected] of CASES)
    it(`12.5: reads ${body}`, () => {
      expect(outcomeOf(actOnMembershipFromHttp(request(body)))).to.deep.equal(expected);
    });

  it('takes reasons of 4096 characters, whatever they are', () => {
    const said = (length: number) =>
      outcomeOf(actOnMembershipFromHttp(request(JSON.stringify({ leave: '😀'.repeat(length) }))));
    expect(said(4096)).to.have.property('action', 'leave');
    expect(said(4097)).to.equal("'reason' value exceeds max length 4096");
  });
});

describe('the id of a membership in a path', () => {
  it('1.1: is made of decimal digits', () => {
    for (const text of ['0', '7', '007', '9'.repeat(5000)])
      expect(isMembershipId([text]), text).to.equal(true);
    for (const text of ['abc', '', '7a', '-7', '+7', '7.0', '٧', '7\n', 'action'])
      expect(isMembershipId([text]), text).to.equal(false);
  });

  it('errata 5: may be beyond 64 bits, and is read fast however long it is', () => {
    const read = (text: string) => membershipIdFromHttp(request('', { parameters: [text] }));
    expect(read('007')).to.equal(7n);
    expect(read('0')).to.equal(0n);
    expect(read('9223372036854775808')).to.equal(9223372036854775808n);
    expect(Number(read('9'.repeat(1_000_000)))).to.be.above(2 ** 63);
    expect(read('0'.repeat(1_000_000))).to.equal(0n);
  });
});

describe('createMembershipFault', () => {
  const unknown = notFound('project', 'p', 'There is no project identified by p.');

  it('12.4: makes a conflict of what is unknown when enrolling, and only then', () => {
    const enrolling = request('{"enroll": {"project": "p", "user": "u@x"}}');
    const answer = createMembershipFault(unknown, enrolling);
    expect(answer?.status).to.equal(409);
    expect(answer?.body).to.equal(
      '{"conflict": {"code": 409, "message": "There is no project identified by p.", "details": ""}}',
    );
    const joining = request('{"join": {"project": "p"}}');
    expect(createMembershipFault(unknown, joining)).to.equal(undefined);
    const forbidden = new Failure('forbidden', 'FORBIDDEN', 'no');
    expect(createMembershipFault(forbidden, enrolling)).to.equal(undefined);
  });
});

describe('membershipToHttp', () => {
  it('12.1: writes the dates there are, and sorted actions', () => {
    const { status, body } = membershipToHttp({
      id: 9223372036854775807n,
      user: 'ü',
      project: 'p',
      state: 'leave_requested',
      entered: {
        leave_requested: new Date('2031-03-02T12:41:09Z'),
        accepted: new Date('2031-03-01T07:00:00.500Z'),
      },
      allowedActions: ['leave', 'remove'],
    });
    expect(status).to.equal(200);
    expect(body).to.equal(
      '{"id": 9223372036854775807, "user": "\\u00fc", "project": "p", "state": "leave_requested", ' +
        '"accepted": "2031-03-01T07:00:00.500000+00:00", ' +
        '"leave_requested": "2031-03-02T12:41:09+00:00", "allowed_actions": ["leave", "remove"]}',
    );
  });
});
