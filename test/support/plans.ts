/** Asks Postgres how it would run the statements of storage functions, without running them. */
import { expect } from 'chai';
import type pg from 'pg';
import type { Built, Statement, Tx } from '../../src/db/tx.js';

/** How one statement would run. */
export interface Plan {
  /** Name of the prepared statement, or its first words. */
  readonly statement: string;
  /** With these values, or for any values: what a named statement settles for after a while. */
  readonly kind: 'custom' | 'generic';
  /** Every scan of a table, for instance `Index Scan on holdings`. */
  readonly scans: readonly string[];
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Node[];
}

/** A transaction that explains instead of doing; it must not be used for anything else. */
export class ExplainingTx implements Tx {
  readonly #plans: Promise<readonly Plan[]>[] = [];
  /** Settled when the connection is free: it takes one question at a time. */
  #free: Promise<unknown> = Promise.resolve();

  constructor(private readonly client: pg.Client) {}

  /** Returns the plans of everything that was asked so far. */
  async plans(): Promise<readonly Plan[]> {
    return (await Promise.all(this.#plans)).flat();
  }

  async query<Row>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    await this.#explain(statement, values);
    return [];
  }

  async run<Row>(built: Built): Promise<Row[]> {
    const { sql, bindings } = built.toSQL().toNative();
    await this.#explain({ text: sql }, bindings);
    return [];
  }

  async *pieces<Row>(statement: Statement, values: readonly unknown[]): AsyncIterable<Row[]> {
    await this.#explain(statement, values);
    yield [];
  }

  identify(): void {
    // Nothing is going to be committed.
  }

  afterCommit(): void {
    // Nor does anything follow a commit.
  }

  last(statement: Statement, values: readonly unknown[]): void {
    void this.#explain(statement, values);
  }

  #explain({ name, text }: Statement, values: readonly unknown[]): Promise<unknown> {
    const label = name ?? text.trim().split(/\s+/).slice(0, 6).join(' ');
    const ask = async (kind: Plan['kind'], prefix: string, bound: readonly unknown[]) => {
      const { rows } = await this.client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `${prefix} ${text}`,
        bound as unknown[],
      );
      const scans = rows.flatMap((row) => scansOf(row['QUERY PLAN'][0].Plan));
      return { statement: label, kind, scans };
    };
    const asked = this.#free.then(async () => {
      const plans = [await ask('custom', 'explain (format json)', values)];
      if (name !== undefined)
        plans.push(await ask('generic', 'explain (format json, generic_plan)', []));
      return plans;
    });
    this.#free = asked.catch(() => undefined);
    this.#plans.push(asked);
    return asked;
  }
}

function scansOf(node: Node): readonly string[] {
  const { 'Node Type': type, 'Relation Name': relation, Plans = [] } = node;
  const own = relation === undefined || !type.includes('Scan') ? [] : [`${type} on ${relation}`];
  return [...own, ...Plans.flatMap(scansOf)];
}

/**
 * Checks that what `run` asks reaches `table` by an index, and reads none of the large tables from
 * end to end, for given values and for any.
 */
export async function expectIndexed(
  client: pg.Client,
  run: (tx: Tx) => Promise<unknown>,
  { table, large }: { readonly table: string; readonly large: readonly string[] },
): Promise<void> {
  const tx = new ExplainingTx(client);
  await run(tx);
  const plans = await tx.plans();
  expect(plans).to.not.be.empty;
  for (const plan of plans) {
    const { statement, kind, scans } = plan;
    const told = `${statement} (${kind}): ${scans.join(', ')}`;
    expect(readFromEndToEnd(plan, large), told).to.deep.equal([]);
  }
  expect(plans.some(({ scans }) => scans.some((scan) => reaches(scan, table)))).to.equal(true);
}

/** Returns the scans of a plan that read one of the tables from end to end. */
export function readFromEndToEnd({ scans }: Plan, large: readonly string[]): readonly string[] {
  return scans.filter((scan) => large.some((table) => scan === `Seq Scan on ${table}`));
}

function reaches(scan: string, table: string): boolean {
  return scan.endsWith(` on ${table}`) && !scan.startsWith('Seq Scan');
}
