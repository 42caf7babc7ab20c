import type { handleUnaryCall } from '@grpc/grpc-js';
import type { CallContext } from '../kernel/call-context.js';
import { Failure } from '../kernel/failure.js';
import type { Principal } from '../kernel/principal.js';
import type { Credentials, Family, HttpAnswer, HttpRequest } from './http.js';

export type { Credentials } from './http.js';

/** Who may call a route. */
export interface Caller<P extends Principal> {
  /** Appears in `envoy/routes.md`. */
  readonly name: string;
  /** Returns who calls, or throws the family's failure. Runs before anything else is read. */
  authenticate(credentials: Credentials): Promise<P> | P;
}

/** Everything there is to know about one RPC. */
export interface RouteDescription<Request, Response, P extends Principal, Command, Result> {
  readonly caller: Caller<P>;
  readonly grpc: {
    readonly decode: (request: Request) => Command;
    readonly encode: (result: Result) => Response | Promise<Response>;
  };
  readonly rest: {
    readonly family: Family;
    /** Whether what stands in the variable places can mean this route at all; default: always. */
    readonly accepts?: (parameters: readonly string[]) => boolean;
    readonly decode: (request: HttpRequest) => Command;
    readonly encode: (result: Result, request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
    /** The answer to failures that look different on this route; undefined leaves the family's. */
    readonly fault?: (failure: Failure, request: HttpRequest) => HttpAnswer | undefined;
  };
  readonly run: (caller: P, command: Command, context: CallContext) => Promise<Result>;
}

/** A described route behind its two faces. */
export interface Route<Request, Response> {
  readonly callerName: string;
  readonly family: Family;
  accepts(parameters: readonly string[]): boolean;
  answerGrpc(request: Request, credentials: Credentials, context: CallContext): Promise<Response>;
  answerRest(
    request: HttpRequest,
    credentials: Credentials,
    context: CallContext,
  ): Promise<HttpAnswer>;
}

/** Returns a route from its description; both faces go through the same caller and use case. */
export function route<Request, Response, P extends Principal, Command, Result>(
  description: RouteDescription<Request, Response, P, Command, Result>,
): Route<Request, Response> {
  const { caller, grpc, rest, run } = description;
  return {
    callerName: caller.name,
    family: rest.family,
    accepts: (parameters) => rest.accepts?.(parameters) ?? true,
    async answerGrpc(request, credentials, context) {
      const principal = await caller.authenticate(credentials);
      return grpc.encode(await run(principal, grpc.decode(request), context));
    },
    async answerRest(request, credentials, context) {
      try {
        const principal = await caller.authenticate(credentials);
        return await rest.encode(await run(principal, rest.decode(request), context), request);
      } catch (error) {
        const answer = error instanceof Failure ? rest.fault?.(error, request) : undefined;
        if (answer === undefined) throw error;
        return answer;
      }
    },
  };
}

/** What the generated definition of a service's method has. */
export interface MethodShape {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (value: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (value: Buffer) => unknown;
}

/** The generated definition of a service. */
export type ServiceShape = Readonly<Record<string, MethodShape>>;

/** One route per RPC of a service: a missing RPC or a missing face does not compile. */
export type RoutesOf<Service extends ServiceShape> = {
  readonly [Name in keyof Service]: Route<
    ReturnType<Service[Name]['requestDeserialize']>,
    ReturnType<Service[Name]['responseDeserialize']>
  >;
};

/** A service with its routes, ready to be served. */
export interface BoundService {
  readonly methods: readonly BoundMethod[];
}

/** One RPC: its full name, its codecs and its route. */
export interface BoundMethod {
  /** For instance `apportion.quotas.v1.CommissionsService/IssueCommission`. */
  readonly rpc: string;
  readonly key: string;
  readonly shape: MethodShape;
  readonly route: Route<unknown, unknown>;
}

/** Returns a service bound to its routes. */
export function bindService<Service extends ServiceShape>(
  service: Service,
  routes: RoutesOf<Service>,
): BoundService {
  return {
    methods: Object.entries(service).map(([key, shape]) => ({
      rpc: shape.path.slice(1),
      key,
      shape,
      route: routes[key] as Route<unknown, unknown>,
    })),
  };
}

/** The handler that grpc-js calls for one RPC. */
export type UnaryHandler = handleUnaryCall<unknown, unknown>;
