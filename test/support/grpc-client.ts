/** Calls RPCs with the generated stubs and takes their failures apart. */
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status as Code,
} from '@grpc/grpc-js';
import { AllocationsServiceClient } from '../../src/gen/apportion/allocations/v1/allocations_service.js';
import { AggregatesServiceClient } from '../../src/gen/apportion/allocations/v1/aggregates_service.js';
import { InventoriesServiceClient } from '../../src/gen/apportion/allocations/v1/inventories_service.js';
import { ProviderTraitsServiceClient } from '../../src/gen/apportion/allocations/v1/provider_traits_service.js';
import { ResourceClassesServiceClient } from '../../src/gen/apportion/allocations/v1/resource_classes_service.js';
import { ResourceProvidersServiceClient } from '../../src/gen/apportion/allocations/v1/resource_providers_service.js';
import { RootServiceClient } from '../../src/gen/apportion/allocations/v1/root_service.js';
import { TraitsServiceClient } from '../../src/gen/apportion/allocations/v1/traits_service.js';
import { UsagesServiceClient } from '../../src/gen/apportion/allocations/v1/usages_service.js';
import { EdgeServiceClient } from '../../src/gen/apportion/edge/v1/edge_service.js';
import { EventsServiceClient } from '../../src/gen/apportion/events/v1/events_service.js';
import { TokensServiceClient } from '../../src/gen/apportion/identity/v1/tokens_service.js';
import { UserCatalogsServiceClient } from '../../src/gen/apportion/identity/v1/user_catalogs_service.js';
import { MembershipsServiceClient } from '../../src/gen/apportion/projects/v1/memberships_service.js';
import { ProjectsServiceClient } from '../../src/gen/apportion/projects/v1/projects_service.js';
import { ImageMembersServiceClient } from '../../src/gen/apportion/images/v1/image_members_service.js';
import { ImagesServiceClient } from '../../src/gen/apportion/images/v1/images_service.js';
import { SchemasServiceClient } from '../../src/gen/apportion/images/v1/schemas_service.js';
import { VersionsServiceClient } from '../../src/gen/apportion/images/v1/versions_service.js';
import { CommissionsServiceClient } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import { QuotasServiceClient } from '../../src/gen/apportion/quotas/v1/quotas_service.js';
import { ResourcesServiceClient } from '../../src/gen/apportion/quotas/v1/resources_service.js';
import { ErrorInfo, QuotaFailure, RetryInfo } from '../../src/gen/google/rpc/error_details.js';
import { Status } from '../../src/gen/google/rpc/status.js';

/** What to send besides the message. */
export interface GrpcOptions {
  /** Value of `x-auth-token`. */
  readonly token?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadline?: Date | number;
  /** Gets the call, to cancel it. */
  readonly onCall?: (call: ClientUnaryCall) => void;
}

/** The unary methods of a generated client, as promises; absent fields take their defaults. */
export type Calls<C> = {
  readonly [Name in Exclude<keyof C, keyof Client>]: C[Name] extends (
    request: infer Request,
    metadata: Metadata,
    options: Partial<CallOptions>,
    callback: (error: ServiceError | null, response: infer Response) => void,
  ) => ClientUnaryCall
    ? (request: Partial<Request>, options?: GrpcOptions) => Promise<Response>
    : never;
};

/** All services at one address. */
export interface GrpcClient {
  readonly tokens: Calls<TokensServiceClient>;
  readonly userCatalogs: Calls<UserCatalogsServiceClient>;
  readonly commissions: Calls<CommissionsServiceClient>;
  readonly quotas: Calls<QuotasServiceClient>;
  readonly resources: Calls<ResourcesServiceClient>;
  readonly allocations: Calls<AllocationsServiceClient>;
  readonly usages: Calls<UsagesServiceClient>;
  readonly providers: Calls<ResourceProvidersServiceClient>;
  readonly inventories: Calls<InventoriesServiceClient>;
  readonly aggregates: Calls<AggregatesServiceClient>;
  readonly providerTraits: Calls<ProviderTraitsServiceClient>;
  readonly resourceClasses: Calls<ResourceClassesServiceClient>;
  readonly traits: Calls<TraitsServiceClient>;
  readonly placementRoot: Calls<RootServiceClient>;
  readonly edge: Calls<EdgeServiceClient>;
  readonly events: Calls<EventsServiceClient>;
  readonly projects: Calls<ProjectsServiceClient>;
  readonly memberships: Calls<MembershipsServiceClient>;
  readonly images: Calls<ImagesServiceClient>;
  readonly imageMembers: Calls<ImageMembersServiceClient>;
  readonly schemas: Calls<SchemasServiceClient>;
  readonly versions: Calls<VersionsServiceClient>;
  close(): void;
}

/**
 * Returns clients of every service at an address, on one connection of their own.
 *
 * @param limits - the largest answer that is let in; default: any.
 */
export function connectGrpc(
  address: string,
  { maxAnswerBytes = -1 }: { readonly maxAnswerBytes?: number } = {},
): GrpcClient {
  const options = {
    // Without it a process has one connection per address, however many clients there are.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': maxAnswerBytes,
  };
  const channel = new Client(address, credentials.createInsecure(), options);
  const open = <C extends Client>(stub: Stub<C>): Calls<C> => {
    const client = new stub(address, credentials.createInsecure(), {
      channelOverride: channel.getChannel(),
    });
    return callsOf(client, stub.service);
  };
  return {
    tokens: open(TokensServiceClient),
    userCatalogs: open(UserCatalogsServiceClient),
    commissions: open(CommissionsServiceClient),
    quotas: open(QuotasServiceClient),
    resources: open(ResourcesServiceClient),
    allocations: open(AllocationsServiceClient),
    usages: open(UsagesServiceClient),
    providers: open(ResourceProvidersServiceClient),
    inventories: open(InventoriesServiceClient),
    aggregates: open(AggregatesServiceClient),
    providerTraits: open(ProviderTraitsServiceClient),
    resourceClasses: open(ResourceClassesServiceClient),
    traits: open(TraitsServiceClient),
    placementRoot: open(RootServiceClient),
    edge: open(EdgeServiceClient),
    events: open(EventsServiceClient),
    projects: open(ProjectsServiceClient),
    memberships: open(MembershipsServiceClient),
    images: open(ImagesServiceClient),
    imageMembers: open(ImageMembersServiceClient),
    schemas: open(SchemasServiceClient),
    versions: open(VersionsServiceClient),
    close: () => channel.close(),
  };
}

interface Stub<C extends Client> {
  new (address: string, security: ChannelCredentials, options?: Partial<ClientOptions>): C;
  readonly service: Readonly<
    Record<string, { readonly requestDeserialize: (bytes: Buffer) => object }>
  >;
}

type UnaryMethod = (
  request: object,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: unknown) => void,
) => ClientUnaryCall;

function callsOf<C extends Client>(client: C, service: Stub<C>['service']): Calls<C> {
  const calls = Object.entries(service).map(([name, { requestDeserialize }]) => {
    const method = (client as unknown as Record<string, UnaryMethod>)[name]?.bind(client);
    if (method === undefined) throw new Error(`The stub has no ${name}`);
    const call = (request: object, options: GrpcOptions = {}) =>
      promised(method, { ...requestDeserialize(Buffer.alloc(0)), ...request }, options);
    return [name, call] as const;
  });
  return Object.fromEntries(calls) as unknown as Calls<C>;
}

function promised(method: UnaryMethod, request: object, options: GrpcOptions): Promise<unknown> {
  const { token, metadata = {}, deadline, onCall } = options;
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  if (token !== undefined) sent.set('x-auth-token', token);
  return new Promise((resolve, reject) => {
    const call = method(request, sent, { deadline }, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
    onCall?.(call);
  });
}

/** A failed call: the code by name, the message, and what `google.rpc.Status` carries. */
export interface GrpcFailure {
  readonly code: string;
  readonly message: string;
  /** Of the `ErrorInfo`; absent when the answer has no details. */
  readonly reason: string | undefined;
  readonly facts: Readonly<Record<string, string>>;
  readonly quota: QuotaFailure | undefined;
  readonly retry: RetryInfo | undefined;
}

/** Returns why a call failed; throws when it succeeded or failed in another way. */
export async function grpcFailure(call: Promise<unknown>): Promise<GrpcFailure> {
  const error: unknown = await call.then(
    () => new Error('The call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!isServiceError(error)) throw error instanceof Error ? error : new Error(String(error));
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const details = Buffer.isBuffer(bytes) ? Status.decode(bytes).details : [];
  const find = <T>(type: string, decode: (value: Buffer) => T): T | undefined => {
    const found = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${type}`);
    return found && decode(found.value);
  };
  const info = find('google.rpc.ErrorInfo', (value) => ErrorInfo.decode(value));
  return {
    code: Code[error.code],
    message: error.details,
    reason: info?.reason,
    facts: info?.metadata ?? {},
    quota: find('google.rpc.QuotaFailure', (value) => QuotaFailure.decode(value)),
    retry: find('google.rpc.RetryInfo', (value) => RetryInfo.decode(value)),
  };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error;
}
