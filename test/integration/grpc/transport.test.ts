// Goal: calls that are late, cancelled, too large or no messages at all end with the right status and
// have no effect. Method: stubs and raw bytes at a server and through Envoy, while rows that the work
// needs are locked by the test.
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { TokensServiceService } from '../../../src/gen/apportion/identity/v1/tokens_service.js';
import { UserCatalogsServiceService } from '../../../src/gen/apportion/identity/v1/user_catalogs_service.js';
import {
  CommissionsServiceService,
  IssueCommissionRequest,
} from '../../../src/gen/apportion/quotas/v1/commissions_service.js';
import { QuotasServiceService } from '../../../src/gen/apportion/quotas/v1/quotas_service.js';
import { ResourcesServiceService } from '../../../src/gen/apportion/quotas/v1/resources_service.js';
import { describeBothWays } from '../../support/both-ways.js';
import { grpcFailure } from '../../support/grpc-client.js';
import { holdHoldings } from '../../support/held-rows.js';
import { createPerson, ofUser, type Person } from '../../support/people.js';
import type { Stack } from '../../support/stack.js';
import { intervalOf } from '../../support/stored-ledger.js';
import { startWorld } from '../../support/world.js';

const NIMBUS = { token: 'nimbus-token' };
const MOST_BYTES = 65_536;
/** Room that the server leaves around a body of the largest size. */
const ENVELOPE_BYTES = 65_536;
const SERVICES = [
  CommissionsServiceService,
  QuotasServiceService,
  ResourcesServiceService,
  TokensServiceService,
  UserCatalogsServiceService,
];

describe('gRPC transport', () => {
  let stack: Stack;

  before(async () => {
    stack = await startWorld({ settings: { MAX_BODY_BYTES: String(MOST_BYTES) } });
  });
  after(() => stack.stop());

  describeBothWays(
    () => stack,
    (client, address) => {
      let user: Person;

      beforeEach(async () => {
        user = await createPerson(stack);
      });

      const vm = (quantity: bigint) => ofUser(user, 'nimbus.vm', quantity);

      describe('calls that nobody waits for any more', () => {
        it('are not done when their deadline passes while they wait', async () => {
          await whileTheLedgerIsBusy(async () => {
            const late = client().commissions.issueCommission(
              { provisions: [vm(7n)] },
              { ...NIMBUS, deadline: Date.now() + 200 },
            );
            expect(await grpcFailure(late)).to.include({ code: 'DEADLINE_EXCEEDED' });
          });
          await expectOnlyTheOthers();
        });

        it('are not done when they are cancelled while they wait', async () => {
          await whileTheLedgerIsBusy(async () => {
            let cancel = (): void => undefined;
            const cancelled = grpcFailure(
              client().commissions.issueCommission(
                { provisions: [vm(7n)] },
                { ...NIMBUS, onCall: (call) => (cancel = () => call.cancel()) },
              ),
            );
            await everythingSentHasArrived();
            cancel();
            expect(await cancelled).to.include({ code: 'CANCELLED' });
            await everythingSentHasArrived();
          });
          await expectOnlyTheOthers();
        });

        it('are not done when their deadline has passed already', async () => {
          const late = client().commissions.issueCommission(
            { provisions: [vm(7n)] },
            { ...NIMBUS, deadline: Date.now() - 1 },
          );
          expect(await grpcFailure(late)).to.include({ code: 'DEADLINE_EXCEEDED' });
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 0n]);
        });

        /** One commission is being written and waits for a row; what comes now has to wait, too. */
        async function whileTheLedgerIsBusy(work: () => Promise<void>): Promise<void> {
          const held = await holdHoldings(stack.database, `user:${user.uuid}`);
          try {
            const busy = client().commissions.issueCommission({ provisions: [vm(1n)] }, NIMBUS);
            await held.awaited(1);
            await work();
            await held.release();
            await busy;
          } finally {
            await held.release();
          }
        }

        /** One connection keeps its order: what is answered now was sent after whatever came before. */
        async function everythingSentHasArrived(): Promise<void> {
          await client().resources.listResources({});
        }

        async function expectOnlyTheOthers(): Promise<void> {
          // Whatever waited before it has been dealt with when this one is answered.
          await client().commissions.issueCommission({ provisions: [vm(2n)] }, NIMBUS);
          expect(await intervalOf(stack, vm(0n))).to.deep.equal([0n, 3n]);
        }
      });

      describe('bytes that are no message', () => {
        for (const service of SERVICES)
          for (const { path } of Object.values<{ readonly path: string }>(service)) {
            it(`are refused as malformed by ${path}`, async () => {
              for (const bytes of ['ffffffffffffffffffffff', '0aff', '0a05ab'])
                expect(await sendRaw(path, Buffer.from(bytes, 'hex')), bytes).to.equal(
                  'INVALID_ARGUMENT INVALID_REQUEST',
                );
            });
          }

        it('are refused when a text is not UTF-8', async () => {
          const { path } = CommissionsServiceService.issueCommission;
          const name = Buffer.from('2202c328', 'hex');
          expect(await sendRaw(path, name)).to.equal('INVALID_ARGUMENT INVALID_REQUEST');
        });

        it('may have fields nobody knows', async () => {
          const { path } = ResourcesServiceService.listResources;
          expect(await sendRaw(path, Buffer.from('fa3f0161', 'hex'))).to.equal('OK');
        });
      });

      describe('large messages', () => {
        const sized = (bytes: number) => {
          const message = IssueCommissionRequest.fromPartial({
            provisions: [{ holder: 'h'.repeat(bytes), source: 's', resource: 'r', quantity: 1n }],
          });
          const surplus = IssueCommissionRequest.encode(message).finish().length - bytes;
          message.provisions[0]!.holder = 'h'.repeat(bytes - surplus);
          expect(IssueCommissionRequest.encode(message).finish()).to.have.length(bytes);
          return message;
        };

        it('are read up to the limit', async () => {
          const call = client().commissions.issueCommission(
            sized(MOST_BYTES + ENVELOPE_BYTES),
            NIMBUS,
          );
          expect(await grpcFailure(call)).to.include({ code: 'INVALID_ARGUMENT' });
        });

        it('are refused above it, and the connection goes on', async () => {
          const call = client().commissions.issueCommission(
            sized(MOST_BYTES + ENVELOPE_BYTES + 1),
            NIMBUS,
          );
          expect(await grpcFailure(call)).to.include({ code: 'RESOURCE_EXHAUSTED' });
          expect((await client().resources.listResources({})).resources).to.not.be.empty;
        });
      });

      it('has no methods that nobody declared', async () => {
        for (const path of [
          '/apportion.quotas.v1.QuotasService/Nothing',
          '/apportion.nothing.v1.NothingService/Nothing',
        ])
          expect(await sendRaw(path, Buffer.alloc(0))).to.match(/^UNIMPLEMENTED/);
      });

      it('leaves what no route takes to REST', async () => {
        expect(await grpcFailure(client().edge.answerUnmatched({ path: 'a/b' }))).to.include({
          code: 'NOT_FOUND',
          reason: 'ROUTE_NOT_FOUND',
        });
      });

      async function sendRaw(path: string, bytes: Buffer): Promise<string> {
        const raw = new Client(address(), credentials.createInsecure());
        const metadata = new Metadata();
        metadata.set('x-auth-token', 'nimbus-token');
        const call = new Promise((resolve, reject) => {
          raw.makeUnaryRequest(
            path,
            (value: Buffer) => value,
            (value: Buffer) => value,
            bytes,
            metadata,
            (error: ServiceError | null, answer?: Buffer) => {
              if (error === null) resolve(answer);
              else reject(error);
            },
          );
        });
        try {
          await call;
          return 'OK';
        } catch {
          const { code, reason } = await grpcFailure(call);
          return `${code} ${reason ?? ''}`;
        } finally {
          raw.close();
        }
      }
    },
  );
});
