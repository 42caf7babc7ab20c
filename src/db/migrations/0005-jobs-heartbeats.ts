import type { Knex } from 'knex';

/** Who runs background jobs; the jobs themselves belong to graphile-worker and its own schema. */
export async function up(database: Knex): Promise<void> {
  await database.raw(`
    create table job_workers (
      worker_id text not null,
      process text not null,
      beat_at timestamptz not null default now(),
      constraint job_workers_pkey primary key (worker_id),
      constraint job_workers_worker_id_check check (char_length(worker_id) between 1 and 255),
      constraint job_workers_process_check check (char_length(process) between 1 and 255)
    );
  `);
}

/** Takes everything back. */
export async function down(database: Knex): Promise<void> {
  await database.raw('drop table job_workers');
}
