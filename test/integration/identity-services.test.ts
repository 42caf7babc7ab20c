// Goal: the catalogue, token look-ups and user catalogues over both faces (quota specification,
// section 11; errata 9-12). Method: routes called directly, on a real database.
import { expect } from 'chai';
import { Failure } from '../../src/kernel/failure.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createIdentityFixture, type IdentityFixture } from '../support/identity.js';

const STATE = `
components:
  - name: nimbus
    token: nimbus-token
    services:
      - {name: nimbus_volume, type: volume}
      - name: nimbus_compute
        type: compute
        endpoints:
          - {public_url: "http://compute.test/v2.1/", version_id: v2.1, ui_url: "http://ui.test"}
          - {public_url: "http://compute.test/v2.2", region: west}
users:
  - {uuid: u-alice, username: alice, email: alice@x,
     tokens: [{value: alice-token, expires_at: 2031-01-01T00:00:00.5Z, roles: [member]}]}
  - {uuid: u-omega, username: Ωμέγα, email: omega@x, tokens: [{value: omega-token, expires_at: null}]}
  - {uuid: u-idle, username: idle, email: idle@x, active: false,
     tokens: [{value: idle-token, expires_at: null}]}
`;

describe('TokensService and UserCatalogsService', () => {
  let testDatabase: TestDatabase;
  let fixture: IdentityFixture;

  before(async () => {
    testDatabase = await createTestDatabase();
    fixture = createIdentityFixture(testDatabase);
    await fixture.apply(STATE);
    fixture.projects.set('u-alice', [
      { id: 'u-alice', name: 'system:u-alice' },
      { id: 'p1', name: 'telemetry' },
    ]);
  });
  after(async () => {
    await fixture.close();
    await testDatabase.drop();
  });

  async function post(rpc: string, body: string, headers = {}): Promise<unknown> {
    const answer = await fixture.rest(rpc, { body: Buffer.from(body) }, headers);
    expect(answer.status).to.equal(200);
    return JSON.parse(answer.body as string);
  }

  async function refusal(work: Promise<unknown>): Promise<string> {
    try {
      await work;
    } catch (error) {
      if (error instanceof Failure) return `${error.kind} ${error.reason}`;
      throw error;
    }
    return 'served';
  }

  const astakos = {
    name: 'astakos_account',
    type: 'account',
    endpoints_links: [],
    endpoints: [
      {
        versionId: 'v1.0',
        region: 'default',
        publicURL: 'http://apportion.test/account/v1.0',
        'SNF:uiURL': 'http://apportion.test/ui',
      },
    ],
  };

  it('68: answers an empty body with the catalogue, to anyone and whatever token comes with it', async () => {
    for (const headers of [{}, { 'x-auth-token': 'nonsense' }, { 'x-auth-token': 'a\0' }]) {
      const answer = await post('Authenticate', '', headers);
      expect(answer).to.deep.equal({
        access: {
          serviceCatalog: [
            astakos,
            {
              name: 'nimbus_compute',
              type: 'compute',
              endpoints_links: [],
              endpoints: [
                {
                  versionId: 'v2.1',
                  region: 'default',
                  publicURL: 'http://compute.test/v2.1',
                  'SNF:uiURL': 'http://ui.test',
                },
                {
                  versionId: 'v1.0',
                  region: 'west',
                  publicURL: 'http://compute.test/v2.2',
                  'SNF:uiURL': '',
                },
              ],
            },
            { name: 'nimbus_volume', type: 'volume', endpoints_links: [], endpoints: [] },
          ],
        },
      });
    }
  });

  const token = {
    id: 'alice-token',
    expires: '2031-01-01T00:00:00.500000+00:00',
    tenant: { id: 'u-alice', name: 'system:u-alice' },
  };
  const user = {
    id: 'u-alice',
    name: 'alice',
    roles: [{ id: 'member', name: 'member' }],
    roles_links: [],
    projects: ['p1', 'u-alice'],
  };

  it('adds token and user for a body with a token', async () => {
    const { access } = (await post(
      'Authenticate',
      '{"auth": {"token": {"id": "alice-token"}}}',
    )) as {
      access: Record<string, unknown>;
    };
    expect(Object.keys(access)).to.deep.equal(['token', 'user', 'serviceCatalog']);
    expect(access).to.deep.include({ token, user });
    const chosen = await post(
      'Authenticate',
      '{"auth": {"token": {"id": "alice-token"}, "tenantName": "p1"}}',
    );
    expect(chosen).to.have.deep.nested.property('access.token.tenant', {
      id: 'p1',
      name: 'telemetry',
    });
  });

  it('names the base project and no expiry of a user whose token never expires', async () => {
    const answer = await post('Authenticate', '{"auth": {"token": {"id": "omega-token"}}}');
    expect(answer).to.have.deep.nested.property('access.token', {
      id: 'omega-token',
      expires: null,
      tenant: { id: 'u-omega', name: 'system:u-omega' },
    });
    expect(answer).to.have.deep.nested.property('access.user.projects', []);
  });

  it('refuses unknown and unusable tokens, and projects that are not the user’s', async () => {
    const cases: [auth: string, expected: string][] = [
      ['{"token": {"id": "nobody"}}', 'unauthenticated TOKEN_UNKNOWN'],
      ['{"token": {"id": "a\\u0000"}}', 'unauthenticated TOKEN_UNKNOWN'],
      ['{"token": {"id": "nimbus-token"}}', 'unauthenticated TOKEN_UNKNOWN'],
      ['{"token": {"id": "idle-token"}}', 'unauthenticated USER_INACTIVE'],
      ['{"token": {"id": "alice-token"}, "tenantName": "p2"}', 'invalid INVALID_REQUEST'],
      ['{"token": {"id": "alice-token"}, "tenantName": "\\u0000"}', 'invalid INVALID_REQUEST'],
      ['{"tenantName": "p1"}', 'invalid INVALID_REQUEST'],
    ];
    for (const [auth, expected] of cases)
      expect(await refusal(post('Authenticate', `{"auth": ${auth}}`)), auth).to.equal(expected);
  });

  it('answers the holder of a token who it belongs to, and 404 to every other one', async () => {
    const get = (id: string, query = '') =>
      fixture.rest('GetToken', { parameters: [id], query: new URLSearchParams(query) });
    expect(JSON.parse((await get('alice-token')).body as string)).to.deep.equal({
      access: { token, user },
    });
    expect((await get('alice-token', 'belongsTo=p1')).body).to.contain('"id": "p1"');
    for (const [id, query] of [
      ['nobody', ''],
      ['nimbus-token', ''],
      ['idle-token', ''],
      ['alice-token', 'belongsTo=p2'],
      ['alice-token', 'belongsTo='],
      ['\ud800', ''],
    ] as const)
      expect(await refusal(get(id, query)), id).to.equal('not-found NOT_FOUND');
  });

  it('says the same over gRPC', async () => {
    const expires = new Date('2031-01-01T00:00:00.5Z');
    const subject = {
      token: { id: 'alice-token', expires, tenantId: 'p1', tenantName: 'telemetry' },
      user: { id: 'u-alice', name: 'alice', projects: ['p1', 'u-alice'] },
    };
    expect(
      await fixture.grpc('GetToken', { tokenId: 'alice-token', belongsTo: 'p1' }),
    ).to.deep.include(subject);
    const access = await fixture.grpc('Authenticate', { tokenId: 'alice-token', tenantName: 'p1' });
    expect(access).to.deep.include(subject);
    expect(access).to.have.nested.property('services[2].name', 'nimbus_volume');
    expect(await fixture.grpc('Authenticate', {})).to.include({
      token: undefined,
      user: undefined,
    });
    expect(await refusal(fixture.grpc('Authenticate', { tokenId: '' }))).to.equal(
      'invalid INVALID_REQUEST',
    );
    expect(await refusal(fixture.grpc('GetToken', { tokenId: '' }))).to.equal(
      'not-found NOT_FOUND',
    );
  });

  it('translates ids and names both ways, and leaves out what is unknown', async () => {
    const body =
      '{"uuids": ["u-alice", "u-omega", "u-nobody", "a\\u0000"], "displaynames": ["idle"]}';
    const expected = {
      uuid_catalog: { 'u-alice': 'alice', 'u-omega': 'Ωμέγα' },
      displayname_catalog: { idle: 'u-idle' },
    };
    expect(await post('GetUserCatalogs', body, { 'x-auth-token': 'alice-token' })).to.deep.equal(
      expected,
    );
    expect(
      await post('GetServiceUserCatalogs', body, { 'x-auth-token': 'nimbus-token' }),
    ).to.deep.equal(expected);
    expect(
      await fixture.grpc(
        'GetUserCatalogs',
        { uuids: ['u-alice'], displaynames: [] },
        { authorization: 'Bearer alice-token' },
      ),
    ).to.deep.include({ uuidCatalog: { 'u-alice': 'alice' }, displaynameCatalog: {} });
  });

  it('refuses the wrong kind of token before the body, and lists beyond the limit', async () => {
    const asUser = { 'x-auth-token': 'alice-token' };
    const asComponent = { 'x-auth-token': 'nimbus-token' };
    expect(await refusal(post('GetUserCatalogs', 'x', asComponent))).to.match(/^unauthenticated/);
    expect(await refusal(post('GetServiceUserCatalogs', 'x', asUser))).to.match(/^unauthenticated/);
    expect(await refusal(post('GetUserCatalogs', 'x', asUser))).to.match(/^invalid/);
    const many = '{"uuids": ["1", "2", "3"], "displaynames": ["4", "5", "6"]}';
    expect(await refusal(post('GetUserCatalogs', many, asUser))).to.equal(
      'invalid INVALID_REQUEST',
    );
  });

  it('tells other slices about services, components and accepted users', async () => {
    const { identity, database } = fixture;
    await database.snapshot(async (tx) => {
      const nimbus = await identity.callers.component.authenticate({
        authToken: 'nimbus-token',
        authorization: undefined,
        header: () => undefined,
      });
      expect(await identity.servicesOf(tx, nimbus.id)).to.deep.equal([
        'nimbus_compute',
        'nimbus_volume',
      ]);
      const owners = await identity.componentsOfServices(tx, [
        'nimbus_volume',
        'astakos_account',
        'x',
      ]);
      expect(Object.fromEntries(owners)).to.deep.equal({
        nimbus_volume: 'nimbus',
        astakos_account: 'astakos',
      });
      expect([...(await identity.acceptedUsers(tx, ['u-idle', 'u-x']))]).to.deep.equal(['u-idle']);
    });
  });
});
