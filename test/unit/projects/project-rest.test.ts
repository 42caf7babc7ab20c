/**
 * Goal: projects are printed key by key as sections 7.1 and 7.2 of the projects specification show
 * them, and bodies of actions are read as 7.7 says. Method: the text of whole answers; bodies and what
 * they come to.
 */
import { expect } from 'chai';
import { UNLIMITED, type Quantity } from '../../../src/kernel/quantity.js';
import { momentFrom } from '../../../src/projects/domain/moment.js';
import type { ShownProject } from '../../../src/projects/domain/project-view.js';
import { actOnProjectFromHttp, projectToHttp } from '../../../src/projects/rest/projects.js';
import type { HttpRequest } from '../../../src/rpc/http.js';

const CAPACITIES = { projectCapacity: UNLIMITED, memberCapacity: 4n as Quantity };

const PROJECT: Omit<ShownProject, 'followed'> = {
  uuid: 'p',
  state: 'active',
  createdAt: new Date('2031-02-11T08:15:42.310Z'),
  realname: 'genome.lab.test',
  owner: null,
  homepage: '',
  description: 'γ',
  endDate: new Date('2032-02-11T00:00:00Z'),
  joinPolicy: 'moderated',
  leavePolicy: 'auto',
  maxMembers: UNLIMITED,
  isPrivate: false,
  isSystem: true,
  resources: new Map([['cyclades.vm', CAPACITIES]]),
};

const PRINTED =
  '{"id": "p", "state": "active", "creation_date": "2031-02-11T08:15:42.310000+00:00", ' +
  '"name": "genome.lab.test", "owner": null, "homepage": "", "description": "\\u03b3", ' +
  '"end_date": "2032-02-11T00:00:00+00:00", "join_policy": "moderated", "leave_policy": "auto", ' +
  '"max_members": 9223372036854775807, "private": false, "system_project": true, ' +
  '"resources": {"cyclades.vm": {"project_capacity": 9223372036854775807, "member_capacity": 4}}';

describe('a project over REST', () => {
  it('is printed without what somebody may not see [7.1, errata 2]', () => {
    const { status, body } = projectToHttp({ ...PROJECT, followed: undefined });
    expect(status).to.equal(200);
    expect(body).to.equal(`${PRINTED}}`);
  });

  it('is printed with null where there never was an application [7.1]', () => {
    const followed = { lastApplication: null, deactivatedAt: null };
    expect(projectToHttp({ ...PROJECT, followed }).body).to.equal(
      `${PRINTED}, "last_application": null}`,
    );
  });

  it('is printed with every key of its application, null where nothing is proposed [7.2]', () => {
    const nothing = {
      ...{ owner: null, name: null, homepage: null, description: null, startDate: null },
      ...{ joinPolicy: null, leavePolicy: null, isPrivate: null, maxMembers: 30n as Quantity },
      ...{ respondedAt: null, response: null, responseActor: null },
      ...{ waivedAt: null, waiveReason: null, waiveActor: null },
    };
    const lastApplication = {
      ...nothing,
      ...{ id: 340n, state: 'pending' as const, applicant: 'a', comments: 'two more nodes' },
      endDate: momentFrom('2033-01-01T00:00:00.000007Z')!,
      issuedAt: new Date(0),
      resources: new Map(),
    };
    const followed = { lastApplication, deactivatedAt: new Date('2031-06-01T10:00:00Z') };
    expect(projectToHttp({ ...PROJECT, followed }).body).to.equal(
      `${PRINTED}, "last_application": {"id": 340, "state": "pending", "name": null, ` +
        '"owner": null, "applicant": "a", "homepage": null, "description": null, ' +
        '"start_date": null, "end_date": "2033-01-01T00:00:00.000007+00:00", ' +
        '"comments": "two more nodes", "join_policy": null, "leave_policy": null, ' +
        '"max_members": 30, "private": null, "resources": {}}, ' +
        '"deactivation_date": "2031-06-01T10:00:00+00:00"}',
    );
  });
});

describe('the body of an action', () => {
  function read(body: string) {
    const request = { parameters: ['p'], contentType: 'application/json', body: Buffer.from(body) };
    const read = actOnProjectFromHttp(request as unknown as HttpRequest);
    return read.ok ? read.value : read.failure.message;
  }

  for (const [body, command] of [
    ['{"suspend": {}}', { action: 'suspend', reason: null }],
    ['{"terminate": {"reason": null}, "why": 1}', { action: 'terminate', reason: null }],
    [
      '{"deny": {"reason": "no", "app_id": 312}}',
      { action: 'deny', application: 312n, reason: 'no' },
    ],
    // Errata 1, and section 19, 27: what existing clients send.
    [
      '{"cancel": {"reasons": "no", "app_id": "0312"}}',
      { action: 'cancel', application: 312n, reason: 'no' },
    ],
    [
      '{"approve": {"app_id": 99999999999999999999}}',
      { action: 'approve', application: 99999999999999999999n, reason: null },
    ],
  ] as const)
    it(`may be ${body} [7.7]`, () => {
      expect(read(body)).to.deep.equal({ project: 'p', ...command });
    });

  for (const [body, message] of Object.entries({
    '{}': 'No recognized action',
    '{"nonex": {"reason": ""}}': 'No recognized action',
    '{"suspend": "", "unsuspend": ""}': 'Multiple actions not supported',
    '{"suspend": "text"}': "'suspend' must be a JSON dict",
    '{"suspend": null}': "'suspend' must be a JSON dict",
    '{"suspend": {"reason": 5}}': 'reason must be string',
    '{"approve": {"reason": ""}}': "'app_id' must be an integer",
    '{"approve": {"app_id": 1.0}}': "'app_id' must be an integer",
    '{"approve": {"app_id": true}}': "'app_id' must be an integer",
    '{"approve": {"app_id": " 1"}}': "'app_id' must be an integer",
    '"nondict"': 'Invalid input data',
    '[]': 'Invalid input data',
  }))
    it(`may not be ${body} [7.7]`, () => {
      expect(read(body)).to.equal(message);
    });
});
