/** Images: reading one, listing the newest, sharing one with one more project. */
import type pg from 'pg';
import type { Family } from '../family.js';
import { createUser, onDatabase } from '../fill.js';
import { measureWorks, type Reference, type Work } from '../reference.js';

const IMAGES = 100_000;
const TOKEN = 'bench-images-token';

const GET: Reference = { text: '150–300', best: 300, target: { rest: 10 } };
const SHARE: Reference = { text: '50–90', best: 90, target: { rest: 10 } };

/** The images' part of the benchmark. */
export const images: Family = {
  async measure(stage, selection) {
    await onDatabase(stage.databaseUrl, fillWorld);
    return measureWorks(stage, WORKS, selection);
  },
};

const common = {
  ...{ token: TOKEN, spread: 'uniform' as const },
  prepare: () => Promise.resolve({ images: IMAGES }),
};

const WORKS: readonly Work[] = [
  { ...common, name: 'get', load: 'images.get', reference: GET },
  { ...common, name: 'share', load: 'images.share', reference: SHARE },
  { ...common, name: 'list', load: 'images.list' },
];

/** Creates the caller, who may do what members of its project may, and the images it owns, shared with one other each. */
async function fillWorld(client: pg.Client): Promise<void> {
  await createUser(client, { name: 'bench-images', token: TOKEN, roles: ['member'] });
  await client.query(
    `insert into images (id, name, status, visibility, owner, disk_format, container_format,
                         min_disk, min_ram, tags, properties, created_at, updated_at)
     select '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), 'bench-' || n, 'active', 'shared',
            'bench-project', 'qcow2', 'bare', 1, 512, array['bench'],
            jsonb_build_object('os_distro', 'bench', 'release', n::text), at, at
       from generate_series(1, $1::int) as n
      cross join lateral (select now() - n * interval '1 second' as at) as t`,
    [IMAGES],
  );
  await client.query(
    `insert into image_members (image_id, member, created_at, updated_at)
     select id, 'other-project', created_at, created_at from images`,
  );
  await client.query('vacuum analyze');
}
