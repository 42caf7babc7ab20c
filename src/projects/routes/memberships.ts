import { MembershipsServiceService } from '../../gen/apportion/projects/v1/memberships_service.js';
import { astakos, type Identity } from '../../identity/index.js';
import { bindService, type BoundService, nativeRoute, route } from '../../rpc/route.js';
import * as messages from '../messages/memberships.js';
import * as rest from '../rest/memberships.js';
import type { Memberships } from '../service/memberships.js';

/** Returns the RPCs of memberships with both their faces. */
export function membershipRoutes(
  callers: Identity['callers'],
  memberships: Memberships,
): BoundService {
  const caller = callers.user;
  return bindService(MembershipsServiceService, {
    listMemberships: route({
      caller,
      grpc: { decode: messages.listMembershipsFromMessage, encode: messages.membershipsToMessage },
      rest: {
        family: astakos,
        decode: rest.listMembershipsFromHttp,
        encode: rest.membershipsToHttp,
      },
      run: (user, command) => memberships.list(user, command),
    }),
    getMembership: route({
      caller,
      grpc: { decode: ({ membId }) => membId, encode: messages.oneMembershipToMessage },
      rest: {
        family: astakos,
        accepts: rest.isMembershipId,
        decode: rest.membershipIdFromHttp,
        encode: rest.membershipToHttp,
      },
      run: (user, id) => memberships.get(user, id),
    }),
    createMembership: route({
      caller,
      grpc: {
        decode: messages.createMembershipFromMessage,
        encode: (id) => ({ id, rest: undefined }),
      },
      rest: {
        family: astakos,
        decode: rest.createMembershipFromHttp,
        encode: rest.membershipIdToHttp,
        fault: rest.createMembershipFault,
      },
      run: (user, command) => memberships.create(user, command),
    }),
    actOnMembership: route({
      caller,
      grpc: {
        decode: messages.actOnMembershipFromMessage,
        encode: () => ({ rest: undefined }),
      },
      rest: {
        family: astakos,
        accepts: rest.isMembershipId,
        decode: rest.actOnMembershipFromHttp,
        encode: rest.actionToHttp,
      },
      run: (user, command) => memberships.act(user, command),
    }),
    listMembershipLog: nativeRoute({
      caller,
      grpc: { decode: messages.membershipLogFromMessage, encode: messages.membershipLogToMessage },
      run: (user, command) => memberships.log(user, command),
    }),
  });
}
