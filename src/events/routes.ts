import type { Database } from '../db/database.js';
import { EventsServiceService } from '../gen/apportion/events/v1/events_service.js';
import type { ComponentPrincipal } from '../kernel/principal.js';
import { bindService, type BoundService, type Caller, nativeRoute } from '../rpc/route.js';
import { eventPageToMessage, listEventsFromMessage } from './messages.js';
import { listEvents } from './service.js';

/** Returns the service of the outbox. */
export function createRoutes(
  component: Caller<ComponentPrincipal>,
  database: Database,
): readonly BoundService[] {
  return [
    bindService(EventsServiceService, {
      listEvents: nativeRoute({
        caller: component,
        grpc: { decode: listEventsFromMessage, encode: eventPageToMessage },
        run: (_caller, command) => listEvents(database, command),
      }),
    }),
  ];
}
