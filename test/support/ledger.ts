/** The commission calls of one component, over REST, and the rows behind them. */
import { expect } from 'chai';
import type { JsonObject } from '../../src/rpc/json.js';
import type { TestDatabase } from './database.js';
import type { RestAnswer, RestClient } from './rest-client.js';

/** One provision as it is sent. */
export interface SentProvision {
  readonly holder: string;
  readonly source: string | null;
  readonly resource: string;
  readonly quantity: bigint | number;
}

/** Returns the provision of a user against a project. */
export function userProvision(
  user: string,
  project: string,
  resource: string,
  quantity: number,
): SentProvision {
  return { holder: `user:${user}`, source: `project:${project}`, resource, quantity };
}

/** Returns the provision of a project itself. */
export function projectProvision(
  project: string,
  resource: string,
  quantity: number,
): SentProvision {
  return { holder: `project:${project}`, source: null, resource, quantity };
}

const COMMISSIONS = '/account/v1.0/commissions';

/** Calls the ledger as one component. */
export class LedgerClient {
  constructor(
    private readonly rest: RestClient,
    private readonly token: string,
  ) {}

  /** Sends a commission and returns whatever comes back. */
  send(
    provisions: readonly SentProvision[],
    options: { force?: boolean; auto_accept?: boolean; name?: string } = {},
  ): Promise<RestAnswer> {
    return this.rest.post(COMMISSIONS, { token: this.token, json: { provisions, ...options } });
  }

  /** Issues a commission that must succeed, and returns its serial. */
  async issue(...sent: Parameters<LedgerClient['send']>): Promise<bigint> {
    const answer = await this.send(...sent);
    expect(answer.status, answer.text).to.equal(201);
    return (answer.json as JsonObject)['serial'] as bigint;
  }

  /** Accepts or rejects one commission, and returns whatever comes back. */
  act(serial: bigint, action: 'accept' | 'reject'): Promise<RestAnswer> {
    const target = `${COMMISSIONS}/${String(serial)}/action`;
    return this.rest.post(target, { token: this.token, json: { [action]: '' } });
  }

  /** Settles one commission, which must succeed. */
  async settle(serial: bigint, action: 'accept' | 'reject'): Promise<void> {
    const answer = await this.act(serial, action);
    expect(answer.status, answer.text).to.equal(200);
  }

  /** Settles many, and returns whatever comes back. */
  resolve(accept: readonly bigint[], reject: readonly bigint[]): Promise<RestAnswer> {
    const json = { accept, reject };
    return this.rest.post(`${COMMISSIONS}/action`, { token: this.token, json });
  }
}

/** The counters of a holding as they are stored; Postgres gives 64-bit numbers as text. */
export interface HoldingRow {
  readonly limit: string;
  readonly usage_min: string;
  readonly usage_max: string;
}

/** Returns the row of a user's holding. */
export async function holdingOf(
  database: TestDatabase,
  { holder, source, resource }: Omit<SentProvision, 'quantity'>,
): Promise<HoldingRow | undefined> {
  const rows = await database.query<HoldingRow & Record<string, unknown>>(
    `select "limit", usage_min, usage_max from holdings
      where holder = $1 and source is not distinct from $2 and resource = $3`,
    [holder, source, resource],
  );
  expect(rows.length).to.be.at.most(1);
  return rows[0];
}
