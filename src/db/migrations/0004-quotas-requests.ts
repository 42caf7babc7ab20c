import type { Knex } from 'knex';

/** What makes issuing safe to repeat, and what lets commissions expire. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    alter table commissions add column expires_at timestamptz;
    create index commissions_expires_at_idx on commissions (expires_at) where expires_at is not null;

    create table commission_requests (
      component_id bigint not null,
      request_id text not null,
      fingerprint bytea not null,
      serial bigint not null,
      created_at timestamptz not null,
      constraint commission_requests_pkey primary key (component_id, request_id),
      constraint commission_requests_request_id_check check (char_length(request_id) between 1 and 255),
      constraint commission_requests_fingerprint_check check (octet_length(fingerprint) = 32)
    );
    create index commission_requests_created_at_idx on commission_requests (created_at);
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw(`
    drop table commission_requests;
    drop index commissions_expires_at_idx;
    alter table commissions drop column expires_at;
  `);
}
