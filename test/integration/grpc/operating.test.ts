// Goal: operators can ask a server what it offers, how it is and what it did, and stop it without
// losing a call. Method: reflection, health and figures by raw gRPC clients; a drain while a call
// waits for a row that the test has locked; a bug made by taking a table away.
import { createFileRegistry, type DescService, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import { service as health } from 'grpc-health-check';
import { createRequire } from 'node:module';
import path from 'node:path';
import { eventually } from '../../support/eventually.js';
import { connectGrpc, type GrpcClient, grpcFailure } from '../../support/grpc-client.js';
import { healthAt } from '../../support/grpc-health.js';
import { holdHoldings } from '../../support/held-rows.js';
import { createPerson, ofUser } from '../../support/people.js';
import type { LogLine, Stack } from '../../support/stack.js';
import { intervalOf } from '../../support/stored-ledger.js';
import { startWorld } from '../../support/world.js';

const NIMBUS = { token: 'nimbus-token' };

describe('operating a server over gRPC', () => {
  let stack: Stack;
  let client: GrpcClient;
  let lines: LogLine[];

  beforeEach(async () => {
    lines = [];
    stack = await startWorld({
      settings: { LOG_LEVEL: 'error', DRAIN_SECONDS: '2' },
      log: (line) => lines.push(line),
    });
    client = connectGrpc(stack.edge);
  });
  afterEach(async () => {
    client.close();
    await stack.stop();
  });

  for (const version of ['v1', 'v1alpha'] as const) {
    it(`is told its services and their messages by reflection (${version})`, async () => {
      for (const address of [stack.addresses[0] ?? '', stack.edge]) {
        const { listServicesResponse } = await reflect(address, version, { listServices: '' });
        const names = listServicesResponse?.service.map(({ name }) => name) ?? [];
        expect(names).to.include.members([
          'apportion.quotas.v1.CommissionsService',
          'apportion.quotas.v1.QuotasService',
          'apportion.quotas.v1.ResourcesService',
          'apportion.identity.v1.TokensService',
          'apportion.identity.v1.UserCatalogsService',
          'apportion.edge.v1.EdgeService',
        ]);
        const service = await describedService(address, version, names[0] ?? '');
        expect(service.methods.length).to.be.greaterThan(0);
        const commissions = 'apportion.quotas.v1.CommissionsService';
        const { methods } = await describedService(address, version, commissions);
        const issue = methods.find(({ name }) => name === 'IssueCommission');
        expect(issue?.input.fields.map(({ name }) => name)).to.include.members([
          'provisions',
          'auto_accept',
        ]);
        const provisions = issue?.input.field['provisions'];
        expect(provisions?.message?.typeName).to.equal('apportion.quotas.v1.Provision');
      }
    });
  }

  it('is healthy while it serves, and tells watchers when it stops', async () => {
    const [address = ''] = stack.addresses;
    expect(await healthAt(address)).to.equal('SERVING');
    expect((await client.edge.getHealth({})).status).to.equal('STATUS_SERVING');
    const seen: string[] = [];
    const watcher = new Client(address, credentials.createInsecure());
    const { path: watch, requestSerialize, responseDeserialize } = health['Watch']!;
    const stream = watcher.makeServerStreamRequest(watch, requestSerialize, responseDeserialize, {
      service: '',
    });
    stream.on('data', ({ status }: { status: string }) => seen.push(status));
    // Ends with the connection; what the server said before is what counts.
    stream.on('error', () => undefined);
    await eventually(() => seen.length > 0);
    await stack.apps[0]?.drain();
    expect(seen).to.deep.equal(['SERVING', 'NOT_SERVING']);
    watcher.close();
  });

  it('counts calls by RPC, face and outcome', async () => {
    const user = await createPerson(stack);
    const issue = (quantity: bigint) =>
      client.commissions.issueCommission(
        { provisions: [ofUser(user, 'nimbus.vm', quantity)] },
        NIMBUS,
      );
    await issue(1n);
    await issue(1n);
    await grpcFailure(issue(1000n));
    await stack.rest.get('/account/v1.0/commissions', { token: 'nimbus-token' });
    await stack.rest.get('/account/v1.0/commissions');
    const figures = (await stack.apps[0]?.metrics()) ?? '';
    const count = (rpc: string, face: string, outcome: string) => {
      const labels = `rpc="apportion.quotas.v1.${rpc}",face="${face}",outcome="${outcome}"`;
      return figures
        .split('\n')
        .find((line) => line.startsWith(`apportion_call_seconds_count{${labels}}`));
    };
    expect(count('CommissionsService/IssueCommission', 'grpc', 'OK')).to.match(/ 2$/);
    expect(count('CommissionsService/IssueCommission', 'grpc', 'RESOURCE_EXHAUSTED')).to.match(
      / 1$/,
    );
    expect(count('CommissionsService/ListCommissions', 'rest', '200')).to.match(/ 1$/);
    expect(count('CommissionsService/ListCommissions', 'rest', '401')).to.match(/ 1$/);
  });

  it('offers the figures that operators watch', async () => {
    await client.commissions.issueCommission({}, NIMBUS);
    const figures = (await stack.apps[0]?.metrics()) ?? '';
    const families = [...figures.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(families).to.include.members([
      'apportion_call_seconds histogram',
      'apportion_calls_in_flight gauge',
      'apportion_ledger_batch_size histogram',
      'apportion_ledger_waiting gauge',
      'apportion_database_connections gauge',
      'process_resident_memory_bytes gauge',
    ]);
    for (const state of ['busy', 'idle', 'waiting'])
      expect(figures).to.match(
        new RegExp(`^apportion_database_connections\\{state="${state}"\\} \\d`, 'm'),
      );
    expect(figures).to.match(/^apportion_ledger_batch_size_count [1-9]/m);
    expect(figures).to.match(/^apportion_calls_in_flight 0$/m);
  });

  it('answers the calls in flight while it drains, and takes no new ones', async () => {
    const user = await createPerson(stack);
    const provisions = [ofUser(user, 'nimbus.vm', 1n)];
    const [address = ''] = stack.addresses;
    const direct = connectGrpc(address);
    const held = await holdHoldings(stack.database, `user:${user.uuid}`);
    try {
      const inFlight = direct.commissions.issueCommission({ provisions }, NIMBUS);
      await held.awaited(1);
      let isDrained = false;
      const draining = stack.apps[0]?.drain().then(() => (isDrained = true));
      const late = connectGrpc(address);
      const refused = await grpcFailure(
        late.resources.listResources({}, { deadline: Date.now() + 2_000 }),
      );
      expect(refused.code).to.be.oneOf(['UNAVAILABLE', 'DEADLINE_EXCEEDED']);
      late.close();
      expect(isDrained).to.equal(false);
      await held.release();
      expect((await inFlight).serial > 0n).to.equal(true);
      await draining;
      expect(await intervalOf(stack, provisions[0]!)).to.deep.equal([0n, 1n]);
    } finally {
      await held.release();
      direct.close();
    }
  });

  it('hides its bugs from callers and shows them in the log, under the request id', async () => {
    await stack.database.query('alter table resources rename to hidden');
    const failure = await grpcFailure(
      client.resources.listResources({}, { metadata: { 'x-request-id': 'req-77' } }),
    );
    expect(failure).to.deep.include({
      code: 'INTERNAL',
      reason: 'INTERNAL',
      message: 'Unexpected error',
      facts: {},
    });
    const answer = await stack.rest.get('/account/v1.0/resources');
    expect(answer.status).to.equal(500);
    expect(answer.text).to.not.include('relation');
    expect(lines).to.have.length(2);
    expect(lines[0]).to.include({ requestId: 'req-77', outcome: 'INTERNAL' });
    expect(lines[0]).to.have.nested.property('err.message').that.includes('relation "resources"');
    expect(lines[0])
      .to.have.nested.property('err.stack')
      .that.matches(/\n +at /);
    await stack.database.query('alter table hidden rename to resources');
  });
});

/** Returns a service as a client knows it that has asked for its file and what that file needs. */
async function describedService(
  address: string,
  version: 'v1' | 'v1alpha',
  name: string,
): Promise<DescService> {
  const files = new Map<string, FileDescriptorProto>();
  const ask = async (request: object) => {
    const { fileDescriptorResponse } = await reflect(address, version, request);
    for (const bytes of fileDescriptorResponse?.fileDescriptorProto ?? []) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(file.name, file);
    }
  };
  await ask({ fileContainingSymbol: name });
  for (const { dependency } of files.values())
    for (const file of dependency) if (!files.has(file)) await ask({ fileByFilename: file });
  const [first] = files.values();
  if (first === undefined) throw new Error(`Nobody describes ${name}`);
  const registry = createFileRegistry(first, (file) => files.get(file));
  const service = registry.getService(name);
  if (service === undefined) throw new Error(`${first.name} does not contain ${name}`);
  return service;
}

/** The part of `grpc.reflection` answers that is looked at. */
interface ReflectionResponse {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

interface ReflectionStream {
  on(event: 'data', listener: (response: ReflectionResponse) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  write(request: object): void;
  end(): void;
}

/** Asks one question of a server's reflection service, with the protos of its package. */
function reflect(
  address: string,
  version: 'v1' | 'v1alpha',
  request: object,
): Promise<ReflectionResponse> {
  const packaged = createRequire(import.meta.url).resolve('@grpc/reflection/package.json');
  const file = `build/proto/grpc/reflection/${version}/reflection.proto`;
  const loaded = loadPackageDefinition(loadSync(path.join(path.dirname(packaged), file)));
  const services = (loaded['grpc'] as Record<string, Record<string, Record<string, unknown>>>)[
    'reflection'
  ]?.[version];
  const ServerReflection = services?.['ServerReflection'] as typeof Client;
  const client = new ServerReflection(address, credentials.createInsecure());
  const { serverReflectionInfo } = client as unknown as {
    serverReflectionInfo: () => ReflectionStream;
  };
  const stream = serverReflectionInfo.call(client);
  return new Promise<ReflectionResponse>((resolve, reject) => {
    stream.on('data', resolve);
    stream.on('error', reject);
    stream.write(request);
    stream.end();
  }).finally(() => {
    client.close();
  });
}
