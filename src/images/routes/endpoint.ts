import type { CallContext } from '../../kernel/call-context.js';
import type { Failure } from '../../kernel/failure.js';
import type { ScopedPrincipal } from '../../kernel/principal.js';
import type { Family, HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { type Caller, type Route, route } from '../../rpc/route.js';
import { type AccessRules, imageCallerFrom } from '../access.js';
import type { ImageCaller } from '../domain/caller.js';
import type { ImageLimits } from '../domain/limits.js';
import type { PageSizes } from '../domain/listing.js';
import { identified } from '../rest/answers.js';
import { isUtf8Target, notUtf8 } from '../rest/requests.js';

/** What all routes below `/v2` share. */
export interface EndpointDeps {
  readonly family: Family;
  readonly caller: Caller<ScopedPrincipal>;
  readonly rules: AccessRules;
  readonly limits: ImageLimits;
  readonly pages: PageSizes;
  /** Base URL of links, without a trailing slash; undefined: what the request says. */
  readonly publicUrl: string | undefined;
}

/** One RPC below `/v2`. */
interface Endpoint<Request, Response, Command, Result> {
  readonly grpc: {
    readonly decode: (request: Request) => Command;
    readonly encode: (result: Result) => Response;
  };
  readonly rest: {
    readonly accepts?: (parameters: readonly string[]) => boolean;
    readonly decode: (request: HttpRequest) => Command;
    readonly encode: (result: Result, request: HttpRequest) => HttpAnswer;
    readonly fault?: (failure: Failure, request: HttpRequest) => HttpAnswer | undefined;
  };
  readonly run: (caller: ImageCaller, command: Command, call: CallContext) => Promise<Result>;
}

/** Returns a route below `/v2`: its target must be UTF-8, its answer names the request. */
export function endpoint<Request, Response, Command, Result>(
  { family, caller, rules }: EndpointDeps,
  { grpc, rest, run }: Endpoint<Request, Response, Command, Result>,
): Route<Request, Response> {
  return route({
    caller,
    grpc,
    rest: {
      ...rest,
      family,
      decode(request) {
        if (!isUtf8Target(request)) throw notUtf8();
        return rest.decode(request);
      },
      encode: (result, request) => identified(rest.encode(result, request), request),
    },
    run: (principal, command, call) => run(imageCallerFrom(principal, rules), command, call),
  });
}
