// Goal: every RPC asks for the token it is documented to ask for, and says exactly what is wrong.
// Method: each RPC is called with no token, one of the other kind and unusable ones, through Envoy; the
// headers that may carry a token are tried at a server, too.
import { expect } from 'chai';
import { describeBothWays } from '../../support/both-ways.js';
import {
  connectGrpc,
  type GrpcClient,
  grpcFailure,
  type GrpcOptions,
} from '../../support/grpc-client.js';
import { createPerson, type Person } from '../../support/people.js';
import { eventually } from '../../support/eventually.js';
import type { Stack } from '../../support/stack.js';
import { startWorld } from '../../support/world.js';

type Call = (client: GrpcClient, options: GrpcOptions) => Promise<unknown>;

const ACCEPT = { serial: 1n, action: { $case: 'accept', value: { reason: '' } } } as const;

const USERS_ONLY: Record<string, Call> = {
  ListQuotas: ({ quotas }, options) => quotas.listQuotas({}, options),
  GetUserCatalogs: ({ userCatalogs }, options) => userCatalogs.getUserCatalogs({}, options),
};

const COMPONENTS_ONLY: Record<string, Call> = {
  ListServiceQuotas: ({ quotas }, options) => quotas.listServiceQuotas({}, options),
  ListServiceProjectQuotas: ({ quotas }, options) => quotas.listServiceProjectQuotas({}, options),
  IssueCommission: ({ commissions }, options) => commissions.issueCommission({}, options),
  ListCommissions: ({ commissions }, options) => commissions.listCommissions({}, options),
  GetCommission: ({ commissions }, options) => commissions.getCommission({ serial: 1n }, options),
  ResolveCommission: ({ commissions }, options) => commissions.resolveCommission(ACCEPT, options),
  ResolveCommissions: ({ commissions }, options) => commissions.resolveCommissions({}, options),
  GetServiceUserCatalogs: ({ userCatalogs }, options) =>
    userCatalogs.getServiceUserCatalogs({}, options),
};

const ANYONE: Record<string, Call> = {
  ListResources: ({ resources }, options) => resources.listResources({}, options),
  Authenticate: ({ tokens }, options) => tokens.authenticate({}, options),
  GetHealth: ({ edge }, options) => edge.getHealth({}, options),
};

describe('tokens over gRPC', () => {
  let stack: Stack;
  let user: Person;

  before(async () => {
    stack = await startWorld({ servers: 2 });
    user = await createPerson(stack);
    await stack.apply(`
components:
  - {name: late, token: late-token, token_expires_at: 2020-01-01T00:00:00Z}
  - {name: timely, token: timely-token, token_expires_at: 2090-01-01T00:00:00Z}`);
  });
  after(() => stack.stop());

  async function refusal(call: Call, client: GrpcClient, options: GrpcOptions): Promise<string> {
    const { code, reason } = await grpcFailure(call(client, options));
    return `${code} ${reason ?? ''}`;
  }

  describeBothWays(
    () => stack,
    (client) => {
      for (const [kind, calls] of [
        ['user', USERS_ONLY],
        ['component', COMPONENTS_ONLY],
      ] as const)
        for (const [rpc, call] of Object.entries(calls)) {
          it(`of a ${kind} are what ${rpc} asks for`, async () => {
            const own = kind === 'user' ? user.token : 'nimbus-token';
            const others = kind === 'user' ? 'nimbus-token' : user.token;
            const ask = (options: GrpcOptions) => refusal(call, client(), options);
            expect(await ask({})).to.equal('UNAUTHENTICATED TOKEN_MISSING');
            expect(await ask({ token: '' })).to.equal('UNAUTHENTICATED TOKEN_MISSING');
            expect(await ask({ token: 'nobody' })).to.equal('UNAUTHENTICATED TOKEN_UNKNOWN');
            expect(await ask({ token: others })).to.equal('UNAUTHENTICATED TOKEN_UNKNOWN');
            const answer = await call(client(), { token: own }).then(
              () => 'served',
              async (error: unknown) =>
                (await grpcFailure(Promise.reject(error as Error))).reason ?? '',
            );
            expect(answer).to.be.oneOf(['served', 'COMMISSION_NOT_FOUND']);
          });
        }

      for (const [rpc, call] of Object.entries(ANYONE)) {
        it(`are nothing ${rpc} asks for, and a bad one is not looked at`, async () => {
          for (const options of [{}, { token: 'nobody' }, { token: user.token }])
            expect(await call(client(), options)).to.be.an('object');
        });
      }

      it('are taken from the authorization header, whatever its scheme is spelled like', async () => {
        for (const scheme of ['Token', 'Bearer', 'token', 'BEARER']) {
          const metadata = { authorization: `${scheme} nimbus-token` };
          const { serials } = await client().commissions.listCommissions({}, { metadata });
          expect(serials, scheme).to.be.an('array');
        }
        const call = COMPONENTS_ONLY['ListCommissions']!;
        const basic = { metadata: { authorization: 'Basic nimbus-token' } };
        expect(await refusal(call, client(), basic)).to.equal('UNAUTHENTICATED TOKEN_MISSING');
      });

      it('in the header of their own win over the authorization header', async () => {
        const metadata = { authorization: 'Token nimbus-token' };
        const call = COMPONENTS_ONLY['ListCommissions']!;
        expect(await refusal(call, client(), { metadata, token: 'nobody' })).to.equal(
          'UNAUTHENTICATED TOKEN_UNKNOWN',
        );
      });

      it('of users say why they cannot be used, the first documented cause first', async () => {
        const expired = { tokens: [{ value: '', expires_at: '2020-01-01T00:00:00Z' }] };
        for (const [more, reason] of [
          [{ active: false }, 'USER_INACTIVE'],
          [{ accepted: false }, 'USER_INACTIVE'],
          [{ terms_signed: false }, 'TERMS_NOT_SIGNED'],
          [expired, 'TOKEN_EXPIRED'],
          [{ ...expired, active: false, terms_signed: false }, 'USER_INACTIVE'],
          [{ ...expired, terms_signed: false }, 'TOKEN_EXPIRED'],
        ] as const) {
          const token = `unusable-${Math.random()}`;
          const tokens =
            'tokens' in more ? [{ ...more.tokens[0], value: token }] : [{ value: token }];
          await createPerson(stack, { ...more, tokens });
          const call = USERS_ONLY['ListQuotas']!;
          expect(await refusal(call, client(), { token }), JSON.stringify(more)).to.equal(
            `UNAUTHENTICATED ${reason}`,
          );
        }
      });

      it('of components expire when they were told to', async () => {
        const call = COMPONENTS_ONLY['ListCommissions']!;
        expect(await refusal(call, client(), { token: 'late-token' })).to.equal(
          'UNAUTHENTICATED TOKEN_EXPIRED',
        );
        expect(await call(client(), { token: 'timely-token' })).to.be.an('object');
      });
    },
  );

  it('that are revoked stop working at every server', async () => {
    const person = await createPerson(stack);
    const clients = stack.addresses.map((address) => connectGrpc(address));
    try {
      const ask = (client: GrpcClient) => client.quotas.listQuotas({}, { token: person.token });
      // Both servers remember the token from now on, for longer than this test waits.
      await Promise.all(clients.map(ask));
      await stack.operations.identity.tokens.revoke({ value: person.token });
      for (const client of clients)
        await eventually(
          async () => {
            const failure = await grpcFailure(ask(client));
            expect(failure).to.include({ code: 'UNAUTHENTICATED', reason: 'TOKEN_UNKNOWN' });
          },
          { timeout: 3_000 },
        );
    } finally {
      for (const client of clients) client.close();
    }
  });
});
