import type { Knex } from 'knex';

/** The outbox: what happened, in the order in which it can be read without missing anything. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table events (
      id bigint generated always as identity,
      -- Who is older than every running transaction is complete: ids alone are drawn before the commit.
      xact xid8 not null default pg_current_xact_id(),
      at timestamptz not null,
      type text collate "C" not null,
      subject text not null,
      recipients text[] not null,
      facts jsonb not null,
      constraint events_pkey primary key (xact, id),
      constraint events_type_check check (
        type ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$' and char_length(type) <= 100),
      constraint events_subject_check check (char_length(subject) between 1 and 300),
      constraint events_facts_check check (jsonb_typeof(facts) = 'object')
    );
    create index events_subject_idx on events (subject, xact, id);
    create index events_type_idx on events (type, xact, id);
    create index events_at_idx on events (at);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw('drop table events');
}
