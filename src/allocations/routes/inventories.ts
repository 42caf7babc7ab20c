import { InventoriesServiceService } from '../../gen/apportion/allocations/v1/inventories_service.js';
import { bindService, type BoundService } from '../../rpc/route.js';
import * as messages from '../messages/inventories.js';
import { emptyAnswer, type PlacementRequest } from '../rest/answers.js';
import * as rest from '../rest/inventories.js';
import { uuidFromPath } from '../rest/provider-path.js';
import type { Inventories } from '../service/inventories.js';
import { endpoint, type EndpointDeps } from './endpoint.js';

/** Returns the RPCs of inventories (section 13.2). */
export function inventoryRoutes(endpoints: EndpointDeps, inventories: Inventories): BoundService {
  return bindService(InventoriesServiceService, {
    listInventories: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:list',
      grpc: { decode: ({ uuid }) => uuid, encode: messages.inventoriesToMessage },
      rest: { decode: uuidFromPath, encode: rest.inventoriesToHttp },
      run: (_caller, uuid) => inventories.list(uuid),
    }),
    createInventory: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:create',
      grpc: {
        decode: messages.createInventoryFromMessage,
        encode: messages.inventoryToMessage,
      },
      rest: {
        decode: rest.createInventoryFromHttp,
        encode: rest.createdInventoryToHttp,
        codes: { ALREADY_EXISTS: 'placement.concurrent_update' },
      },
      run: (_caller, command) => inventories.create(command),
    }),
    replaceInventories: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:update',
      grpc: {
        decode: messages.replaceInventoriesFromMessage,
        encode: messages.inventoriesToMessage,
      },
      rest: { decode: rest.replaceInventoriesFromHttp, encode: rest.replacedInventoriesToHttp },
      run: (_caller, command) => inventories.replaceAll(command),
    }),
    deleteInventories: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:delete',
      since: 5,
      tooOld: 405,
      grpc: { decode: ({ uuid }) => uuid, encode: () => ({ rest: undefined }) },
      rest: { decode: uuidFromPath, encode: removedToHttp },
      run: (_caller, uuid) => inventories.removeAll(uuid),
    }),
    getInventory: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:show',
      grpc: { decode: named, encode: messages.inventoryToMessage },
      rest: { decode: rest.inventoryFromPath, encode: rest.inventoryToHttp },
      run: (_caller, { uuid, resourceClass }) => inventories.get(uuid, resourceClass),
    }),
    replaceInventory: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:update',
      grpc: {
        decode: messages.replaceInventoryFromMessage,
        encode: messages.inventoryToMessage,
      },
      rest: { decode: rest.replaceInventoryFromHttp, encode: rest.replacedInventoryToHttp },
      run: (_caller, command) => inventories.replace(command),
    }),
    deleteInventory: endpoint(endpoints, {
      rule: 'placement:resource_providers:inventories:delete',
      grpc: { decode: named, encode: () => ({ rest: undefined }) },
      rest: {
        decode: rest.inventoryFromPath,
        encode: removedToHttp,
        // Documented, although repeating the call does not help (sections 3.5 and 20.7).
        codes: { INVENTORY_IN_USE: 'placement.concurrent_update' },
      },
      run: (_caller, { uuid, resourceClass }) => inventories.remove(uuid, resourceClass),
    }),
  });
}

/** The inventory of a class, as requests name it. */
function named({ uuid, resourceClass }: { readonly uuid: string; readonly resourceClass: string }) {
  return { uuid, resourceClass };
}

function removedToHttp(_result: unknown, request: PlacementRequest) {
  return emptyAnswer(request, 204);
}
