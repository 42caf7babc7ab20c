import { ResourceClassesServiceService } from '../../gen/apportion/allocations/v1/resource_classes_service.js';
import { pageFromRequest } from '../../kernel/page.js';
import { unwrap } from '../../kernel/parsed.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/resource-classes.js';
import { emptyAnswer } from '../rest/answers.js';
import * as rest from '../rest/resource-classes.js';
import type { ResourceClasses } from '../service/resource-classes.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of resource classes (section 13.1); all of them exist from 1.2 on. */
export function resourceClassRoutes(
  endpoints: EndpointDeps,
  classes: ResourceClasses,
): BoundService {
  const since = 2;
  return bindService(ResourceClassesServiceService, {
    listResourceClasses: endpoint(endpoints, {
      rule: 'placement:resource_classes:list',
      since,
      grpc: {
        decode: (request) => unwrap(pageFromRequest(request, 1)),
        encode: messages.classesToMessage,
      },
      rest: { decode: () => undefined, encode: rest.classesToHttp },
      run: (_caller, page) => classes.list(page),
    }),
    createResourceClass: endpoint(endpoints, {
      rule: 'placement:resource_classes:create',
      since,
      grpc: { decode: ({ name }) => name, encode: () => ({ rest: undefined }) },
      rest: { decode: rest.createClassFromHttp, encode: rest.createdClassToHttp },
      run: (_caller, name) => classes.create(name),
    }),
    getResourceClass: endpoint(endpoints, {
      rule: 'placement:resource_classes:show',
      since,
      grpc: {
        decode: ({ name }) => name,
        encode: ({ name }) => ({ name, rest: undefined }),
      },
      rest: { decode: rest.nameFromPath, encode: rest.classToHttp },
      run: (_caller, name) => classes.get(name),
    }),
    ensureResourceClass: endpoint(endpoints, {
      rule: 'placement:resource_classes:update',
      since,
      takesBody: rest.renamesByPut,
      grpc: {
        decode: messages.ensureClassFromMessage,
        encode: messages.ensuredClassToMessage,
      },
      rest: { decode: rest.ensureClassFromHttp, encode: rest.ensuredClassToHttp },
      run: (_caller, command) => classes.ensure(command),
    }),
    deleteResourceClass: endpoint(endpoints, {
      rule: 'placement:resource_classes:delete',
      since,
      grpc: { decode: ({ name }) => name, encode: () => ({ rest: undefined }) },
      rest: {
        decode: rest.nameFromPath,
        encode: (_result, request) => emptyAnswer(request, 204),
      },
      run: (_caller, name) => classes.remove(name),
    }),
  });
}
