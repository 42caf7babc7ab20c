import type { CallContext } from '../../kernel/call-context.js';
import type { FailureReason } from '../../kernel/failure.js';
import { attempt, type Parsed, unwrap } from '../../kernel/parsed.js';
import type { ScopedPrincipal } from '../../kernel/principal.js';
import type { HttpAnswer } from '../../rpc/http.js';
import { type Caller, type Route, route } from '../../rpc/route.js';
import type { Policy, Rule } from '../access.js';
import type { PlacementRequest } from '../rest/answers.js';
import type { Demands, PlacementFamily } from '../rest/family.js';

/** What all routes of the slice share. */
export interface EndpointDeps {
  readonly family: PlacementFamily;
  readonly caller: Caller<ScopedPrincipal>;
  readonly policy: Policy;
}

/** Everything there is to know about one operation of the API. */
export interface EndpointDescription<Request, Response, Command, Result> extends Demands {
  /** Who may call; judged before the path and the body are looked at. */
  readonly rule: Rule;
  readonly grpc: {
    /** May throw Failures; they come after those of the rule. */
    readonly decode: (request: Request) => Command;
    readonly encode: (result: Result) => Response | Promise<Response>;
    /** The project the operation is about, for rules that let its readers in. */
    readonly project?: (request: Request) => string | undefined;
  };
  readonly rest: {
    /**
     * May throw Failures; they come after those of the rule. What is to be judged after a look-up
     * is left in the command as `Parsed`.
     */
    readonly decode: (request: PlacementRequest) => Command;
    readonly encode: (
      result: Result,
      request: PlacementRequest,
    ) => HttpAnswer | Promise<HttpAnswer>;
    readonly project?: (request: PlacementRequest) => string | undefined;
    /** What `code` of a fault says on this route, by reason (section 3.5). */
    readonly codes?: Partial<Record<FailureReason, string>>;
  };
  readonly run: (caller: ScopedPrincipal, command: Command, call: CallContext) => Promise<Result>;
}

interface Asked<Command> {
  readonly project: string | undefined;
  readonly command: Parsed<Command>;
}

/** Returns the route of an operation: caller, then what HTTP demands, then policy, then the rest. */
export function endpoint<Request, Response, Command, Result>(
  { family, caller, policy }: EndpointDeps,
  description: EndpointDescription<Request, Response, Command, Result>,
): Route<Request, Response> {
  const { rule, grpc, rest, run } = description;
  return route<Request, Response, ScopedPrincipal, Asked<Command>, Result>({
    caller,
    grpc: {
      decode: (request) => ({
        project: grpc.project?.(request),
        command: attempt(() => grpc.decode(request)),
      }),
      encode: grpc.encode,
    },
    rest: {
      family,
      decode(request) {
        const entered = family.enter(request, description);
        return {
          project: rest.project?.(entered),
          command: attempt(() => rest.decode(entered)),
        };
      },
      encode: async (result, request) =>
        family.signed(await rest.encode(result, family.again(request)), request),
      fault: (failure, request) => family.faultWith(failure, request, rest.codes ?? {}),
    },
    async run(who, { project, command }, call) {
      policy.enforce(rule, who, project);
      return run(who, unwrap(command), call);
    },
  });
}
