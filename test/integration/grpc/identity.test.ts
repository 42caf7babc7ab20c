// Goal: the catalogue, token look-ups and user catalogues answer stubs as the proto promises.
// Method: every RPC of identity at a server and through Envoy, successes and refusals.
import { expect } from 'chai';
import { describeBothWays } from '../../support/both-ways.js';
import { grpcFailure } from '../../support/grpc-client.js';
import { createPeople, createPerson, createProject, type Person } from '../../support/people.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

describe('identity over gRPC', () => {
  let stack: Stack;

  before(async () => {
    stack = await startWorld();
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client) => {
      let user: Person;

      beforeEach(async () => {
        user = await createPerson(stack);
      });

      describe('Authenticate', () => {
        it('returns the catalogue to callers without a token', async () => {
          const { services, ...access } = await client().tokens.authenticate({});
          expect(access).to.include({ token: undefined, user: undefined });
          expect(services.map(({ name, type }) => [name, type])).to.deep.equal([
            ['astakos_account', 'account'],
            ['nimbus_compute', 'compute'],
            ['orbit_store', 'object-store'],
          ]);
          expect(services[0]?.endpoints).to.deep.equal([
            {
              ...{ versionId: 'v1.0', region: 'default' },
              publicUrl: `${stack.config.publicUrl}/account/v1.0`,
              uiUrl: `${stack.config.publicUrl}/ui`,
            },
          ]);
          expect(services[2]?.endpoints).to.deep.equal([]);
        });

        it('says who a token belongs to and which project it speaks for', async () => {
          const tokenId = user.token;
          const { token, user: owner } = await client().tokens.authenticate({ tokenId });
          expect(token).to.include({ id: tokenId, tenantId: user.uuid });
          const days = ((token?.expires?.getTime() ?? 0) - Date.now()) / 86_400_000;
          expect(days).to.be.within(29.9, 30);
          expect(owner).to.deep.equal({
            ...{ id: user.uuid, name: `name-${user.uuid}`, projects: [user.uuid] },
          });
        });

        it('leaves out the expiry of a token that never expires', async () => {
          const value = `eternal-${user.uuid}`;
          await createPerson(stack, { tokens: [{ value, expires_at: null }] });
          const { token } = await client().tokens.authenticate({ tokenId: value });
          expect(token?.id).to.equal(value);
          expect(token?.expires).to.equal(undefined);
        });

        it("speaks for another of the user's projects when asked to", async () => {
          const project = await createProject(stack, user, [user], {});
          const request = { tokenId: user.token, tenantName: project };
          const { token, user: owner } = await client().tokens.authenticate(request);
          expect(token).to.include({ tenantId: project, tenantName: `p-${project}.example.org` });
          expect(owner?.projects).to.have.members([user.uuid, project]);
        });

        it("refuses projects that are none of the user's", async () => {
          const other = await createPerson(stack);
          for (const tenantName of [other.uuid, 'nobody', 'nul\0']) {
            const failure = await grpcFailure(
              client().tokens.authenticate({ tokenId: user.token, tenantName }),
            );
            expect(failure, tenantName).to.include({
              code: 'INVALID_ARGUMENT',
              reason: 'INVALID_REQUEST',
            });
          }
        });

        it('refuses tokens that cannot be used, and empty ones', async () => {
          const idle = await createPerson(stack, { active: false });
          for (const [tokenId, code, reason] of [
            ['nobody', 'UNAUTHENTICATED', 'TOKEN_UNKNOWN'],
            ['nul\0', 'UNAUTHENTICATED', 'TOKEN_UNKNOWN'],
            ['x'.repeat(256), 'UNAUTHENTICATED', 'TOKEN_UNKNOWN'],
            ['nimbus-token', 'UNAUTHENTICATED', 'TOKEN_UNKNOWN'],
            [idle.token, 'UNAUTHENTICATED', 'USER_INACTIVE'],
            ['', 'INVALID_ARGUMENT', 'INVALID_REQUEST'],
          ] as const) {
            const failure = await grpcFailure(client().tokens.authenticate({ tokenId }));
            expect(failure, tokenId).to.include({ code, reason });
          }
        });
      });

      describe('GetToken', () => {
        it('says who a token belongs to', async () => {
          const response = await client().tokens.getToken({ tokenId: user.token });
          expect(response.token).to.include({ id: user.token, tenantId: user.uuid });
          expect(response.user).to.include({ id: user.uuid });
          const same = await client().tokens.getToken({
            tokenId: user.token,
            belongsTo: user.uuid,
          });
          expect(same.user).to.deep.equal(response.user);
        });

        it('does not find unusable tokens and users who do not belong, and tells no token', async () => {
          const idle = await createPerson(stack, { active: false });
          for (const request of [
            { tokenId: 'nobody' },
            { tokenId: '' },
            { tokenId: 'nul\0' },
            { tokenId: 'nimbus-token' },
            { tokenId: idle.token },
            { tokenId: user.token, belongsTo: 'nobody' },
            { tokenId: user.token, belongsTo: 'nul\0' },
          ]) {
            const failure = await grpcFailure(client().tokens.getToken(request));
            expect(failure).to.include({ code: 'NOT_FOUND', reason: 'NOT_FOUND' });
            expect(failure.facts).to.deep.equal({ kind: 'token', id: '' });
          }
        });
      });

      for (const rpc of ['getUserCatalogs', 'getServiceUserCatalogs'] as const) {
        describe(rpc, () => {
          const translate = (request: { uuids?: string[]; displaynames?: string[] }) =>
            client().userCatalogs[rpc](request, {
              token: rpc === 'getUserCatalogs' ? user.token : 'nimbus-token',
            });

          it('translates both ways and leaves out what is not known', async () => {
            const [one, other] = await createPeople(stack, 2);
            const response = await translate({
              uuids: [one!.uuid, 'nobody', 'nul\0', one!.uuid, ''],
              displaynames: [`name-${other!.uuid}`, 'nobody', 'nul\0'],
            });
            expect(response.uuidCatalog).to.deep.equal({ [one!.uuid]: `name-${one!.uuid}` });
            expect(response.displaynameCatalog).to.deep.equal({
              [`name-${other!.uuid}`]: other!.uuid,
            });
          });

          it('answers nothing to nothing', async () => {
            const response = await translate({});
            expect(response).to.deep.include({ uuidCatalog: {}, displaynameCatalog: {} });
          });

          it('refuses more than can be asked for at once', async () => {
            const uuids = Array.from({ length: 5_000 }, (_, index) => `nobody-${index}`);
            expect((await translate({ uuids, displaynames: uuids })).uuidCatalog).to.deep.equal({});
            const failure = await grpcFailure(
              translate({ uuids: [...uuids, 'one more'], displaynames: uuids }),
            );
            expect(failure).to.include({ code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' });
          });
        });
      }
    },
  );
});
