import { CommissionsServiceService } from '../gen/apportion/quotas/v1/commissions_service.js';
import { QuotasServiceService } from '../gen/apportion/quotas/v1/quotas_service.js';
import { ResourcesServiceService } from '../gen/apportion/quotas/v1/resources_service.js';
import { astakos, type Identity } from '../identity/index.js';
import { pageFromRequest } from '../kernel/page.js';
import { type Parsed, parsed, unwrap } from '../kernel/parsed.js';
import { bindService, type BoundService, route } from '../rpc/route.js';
import * as messages from './messages.js';
import * as rest from './rest/index.js';
import type { Commissions, ListCommand } from './service/commissions.js';
import type { PageOfList, Readings } from './service/readings.js';

/** What the routes of the ledger need. */
export interface RoutesDeps {
  readonly callers: Identity['callers'];
  readonly commissions: Commissions;
  readonly readings: Readings;
  /** Most provisions of one commission, and serials of one resolve call. */
  readonly maxProvisions: number;
}

/** Returns every RPC of the slice with both its faces. */
export function createRoutes(deps: RoutesDeps): readonly BoundService[] {
  return [resourceRoutes(deps), quotaRoutes(deps), commissionRoutes(deps)];
}

function resourceRoutes({ callers, readings }: RoutesDeps): BoundService {
  return bindService(ResourcesServiceService, {
    listResources: route({
      caller: callers.anyone,
      grpc: {
        decode: (request) => pageFromRequest(request, 1),
        encode: messages.resourcesToMessage,
      },
      rest: { family: astakos, decode: wholeList, encode: rest.resourcesToHttp },
      run: (_caller, page) => readings.resources(page),
    }),
  });
}

function quotaRoutes({ callers, readings }: RoutesDeps): BoundService {
  return bindService(QuotasServiceService, {
    listQuotas: route({
      caller: callers.user,
      grpc: {
        decode: (request) => pageFromRequest(request, 3),
        encode: messages.userQuotasToMessage,
      },
      rest: { family: astakos, decode: wholeList, encode: rest.quotasToHttp },
      run: (caller, page) => readings.ofUser(caller, page),
    }),
    listServiceQuotas: route({
      caller: callers.component,
      grpc: {
        decode: messages.serviceQuotasFromMessage,
        encode: messages.userQuotasToMessage,
      },
      rest: {
        family: astakos,
        decode: rest.serviceQuotasFromHttp,
        encode: rest.serviceQuotasToHttp,
      },
      run: (caller, command) => readings.ofService(caller, command),
    }),
    listServiceProjectQuotas: route({
      caller: callers.component,
      grpc: {
        decode: messages.serviceProjectQuotasFromMessage,
        encode: messages.projectQuotasToMessage,
      },
      rest: {
        family: astakos,
        decode: rest.serviceProjectQuotasFromHttp,
        encode: rest.serviceProjectQuotasToHttp,
      },
      run: (caller, command) => readings.ofServiceProjects(caller, command),
    }),
  });
}

function commissionRoutes({ callers, commissions, maxProvisions }: RoutesDeps): BoundService {
  return bindService(CommissionsServiceService, {
    issueCommission: route({
      caller: callers.component,
      grpc: {
        decode: (request) => messages.issueFromMessage(request, maxProvisions),
        encode: (serial) => ({ serial, rest: undefined }),
      },
      rest: {
        family: astakos,
        decode: (request) => rest.issueFromHttp(request, maxProvisions),
        encode: rest.serialToHttp,
        fault: rest.issueFault,
      },
      run: (caller, command, call) => commissions.issue(caller, command, call),
    }),
    listCommissions: route({
      caller: callers.component,
      grpc: {
        decode: messages.listFromMessage,
        encode: messages.commissionsToMessage,
      },
      rest: {
        family: astakos,
        decode: () => parsed<ListCommand>({ page: undefined }),
        encode: rest.serialsToHttp,
      },
      run: (caller, command) => commissions.list(caller, command),
    }),
    getCommission: route({
      caller: callers.component,
      grpc: { decode: ({ serial }) => serial, encode: messages.commissionToMessage },
      rest: {
        family: astakos,
        accepts: rest.isSerial,
        decode: rest.serialFromHttp,
        encode: rest.commissionToHttp,
        fault: rest.commissionNotFoundFault,
      },
      run: (caller, serial) => commissions.get(caller, serial),
    }),
    resolveCommission: route({
      caller: callers.component,
      grpc: { decode: messages.resolveOneFromMessage, encode: messages.settledToMessage },
      rest: {
        family: astakos,
        accepts: rest.isSerial,
        decode: rest.resolveOneFromHttp,
        encode: rest.settledToHttp,
      },
      run: (caller, command, call) => commissions.resolve(caller, command, call),
    }),
    resolveCommissions: route({
      caller: callers.component,
      grpc: {
        decode: (request) => messages.resolveFromMessage(request, maxProvisions),
        encode: messages.resolutionToMessage,
      },
      rest: {
        family: astakos,
        decode: (request) => rest.resolveFromHttp(request, maxProvisions),
        encode: rest.resolutionToHttp,
      },
      run: async (caller, command, call) => ({
        command: unwrap(command),
        resolution: await commissions.resolveMany(caller, command, call),
      }),
    }),
  });
}

/** The documented lists have no pages. */
function wholeList(): Parsed<PageOfList> {
  return parsed(undefined);
}
