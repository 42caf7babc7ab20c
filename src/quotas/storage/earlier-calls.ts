import { arrayLiteral } from '../../db/int8.js';
import type { Tx } from '../../db/tx.js';

/** A request id with the component that chose it. */
export interface RequestKey {
  readonly componentId: bigint;
  readonly requestId: string;
}

/** What an earlier call with a request id did. */
export interface StoredRequest extends RequestKey {
  readonly fingerprint: Buffer;
  readonly serial: bigint;
}

const FIND_REQUESTS = {
  name: 'quotas.find_requests',
  text: `
    select r.component_id as "componentId", r.request_id as "requestId", r.fingerprint, r.serial
      from unnest($1::bigint[], $2::text[]) as k (component_id, request_id)
      join commission_requests r on r.component_id = k.component_id and r.request_id = k.request_id`,
};

/** Returns those of the request ids that an earlier call succeeded with. */
export async function findRequests(
  tx: Tx,
  keys: readonly RequestKey[],
): Promise<readonly StoredRequest[]> {
  return tx.query<StoredRequest>(FIND_REQUESTS, [
    arrayLiteral(keys.map(({ componentId }) => componentId)),
    keys.map(({ requestId }) => requestId),
  ]);
}

/** How a commission was settled; `reason` as it stands in the log. */
export interface StoredSettlement {
  readonly serial: bigint;
  readonly componentId: bigint;
  readonly settledAt: Date;
  readonly reason: string;
}

const FIND_SETTLEMENTS = {
  name: 'quotas.find_settlements',
  text: `
    select serial, component_id as "componentId", settled_at as "settledAt", reason
      from settled_commissions
     where serial = any($1::bigint[]) and settled_at > $2::timestamptz`,
};

/** Returns how those of the serials that were settled since a moment were settled. */
export async function findSettlements(
  tx: Tx,
  serials: readonly bigint[],
  since: Date,
): Promise<readonly StoredSettlement[]> {
  return tx.query<StoredSettlement>(FIND_SETTLEMENTS, [arrayLiteral(serials), since]);
}

/** Forgets the oldest request ids from before a moment, at most so many; returns how many it were. */
export async function forgetRequests(tx: Tx, before: Date, most: number): Promise<number> {
  const rows = await tx.query(
    {
      // Without a name: planned for the moment given, it goes by the index.
      text: `
        delete from commission_requests r
         using (select component_id, request_id from commission_requests
                 where created_at < $1::timestamptz order by created_at limit $2
                   for update skip locked) as old
         where r.component_id = old.component_id and r.request_id = old.request_id
        returning 1`,
    },
    [before, most],
  );
  return rows.length;
}
