// Goal: lists of images cost the same on every page, however many images there are (issue of image
// sharing: 100,000 images by marker through an index; a member's list without a query per row).
// Method: 100,000 images; the statements of the storage functions are explained by Postgres, and none may
// read a large table from end to end.
import { expect } from 'chai';
import pg from 'pg';
import { columnTypes } from '../../src/db/int8.js';
import type { Tx } from '../../src/db/tx.js';
import { candidatesFor, completeOrder, type ImageQuery } from '../../src/images/domain/listing.js';
import { findImage, findImages, lockImage } from '../../src/images/storage/images.js';
import { listImages } from '../../src/images/storage/listing.js';
import { findSharing, listMembers, openSharing } from '../../src/images/storage/members.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ExplainingTx } from '../support/plans.js';

const ID = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
const CALLER = { owner: 'p7', isAdmin: false, mayRead: true, mayWrite: true };
const ADMIN = { ...CALLER, isAdmin: true };
const MARKER = ['2031-04-01 00:00:00+00', ID(50_000)];

const QUERY: ImageQuery = {
  visibility: undefined,
  memberStatus: 'accepted',
  isHidden: false,
  conditions: [],
  order: completeOrder([], 0),
  limit: 25,
  marker: undefined,
};
const BY_NAME = completeOrder([{ field: 'name', ascending: true }], 1);

function list(
  tx: Tx,
  more: Partial<ImageQuery> = {},
  caller = CALLER,
  behind?: readonly string[],
): Promise<unknown> {
  const query = { ...QUERY, ...more };
  return listImages(tx, candidatesFor(caller, query), query, behind);
}

/** What runs for calls, by what it is for. */
const HOT: Readonly<Record<string, (tx: Tx) => Promise<unknown>>> = {
  'the first page of a default list': (tx) => list(tx),
  'a page in the middle of a default list': (tx) => list(tx, {}, CALLER, MARKER),
  "a page in the middle of an administrator's list": (tx) => list(tx, {}, ADMIN, MARKER),
  'a page by name': (tx) => list(tx, { order: BY_NAME }, CALLER, ['n5', ...MARKER]),
  'community images': (tx) => list(tx, { visibility: 'community' }, CALLER, MARKER),
  'pending images': (tx) => list(tx, { visibility: 'shared', memberStatus: 'pending' }),
  'images by name': (tx) =>
    list(tx, { conditions: [{ kind: 'text', field: 'name', anyOf: ['n77'] }] }, ADMIN),
  'images by id': (tx) =>
    list(tx, { conditions: [{ kind: 'text', field: 'id', anyOf: [ID(77)] }] }, ADMIN),
  'images by owner': (tx) =>
    list(tx, { conditions: [{ kind: 'text', field: 'owner', anyOf: ['p8'] }] }, ADMIN),
  'images by tag': (tx) => list(tx, { conditions: [{ kind: 'tag', tag: 't77' }] }, ADMIN),
  'images by property': (tx) =>
    list(tx, { conditions: [{ kind: 'property', name: 'k', value: 'v77' }] }, ADMIN),
  'one image': (tx) => findImage(tx, ID(77), 'p7'),
  'several images': (tx) =>
    findImages(tx, [
      { id: ID(77), caller: 'p7' },
      { id: ID(78), caller: null },
    ]),
  'one image, locked': (tx) => lockImage(tx, ID(77), 'p7'),
  'how an image is shared': (tx) => findSharing(tx, ID(77), 'p7'),
  'the members of an image': (tx) =>
    listMembers(tx, { imageId: ID(77), member: undefined, after: undefined, limit: undefined }),
  'a batch of member writes': (tx) =>
    openSharing(tx, [{ imageId: ID(77), memberId: 'p7' }], [ID(77)]),
};

describe('plans of images', () => {
  let database: TestDatabase;
  let client: pg.Client;

  before(async function () {
    this.timeout(120_000);
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url, types: columnTypes });
    await client.connect();
    await client.query(`
      insert into images (id, name, visibility, owner, tags, properties, created_at, updated_at)
      select '00000000-0000-0000-0000-' || lpad(n::text, 12, '0'), 'n' || n,
             (array['private', 'shared', 'community', 'public'])[1 + n % 4], 'p' || n % 1000,
             array['t' || n], jsonb_build_object('k', 'v' || n), t, t
        from generate_series(1, 100000) n, lateral (
             select timestamptz '2031-01-01Z' + n * interval '1 minute' as t) times;
      insert into image_members (image_id, member, status, created_at, updated_at)
      select i.id, 'p' || m, (array['pending', 'accepted', 'rejected'])[1 + m % 3], now(), now()
        from images i, generate_series(1, 3) m where i.visibility = 'shared';
      analyze`);
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  for (const [what, run] of Object.entries(HOT))
    it(`reach ${what} by an index`, async () => {
      const tx = new ExplainingTx(client);
      await run(tx);
      const plans = await tx.plans();
      const tables = ['images', 'image_members'];
      const scans = plans.flatMap(({ scans }) => scans);
      expect(scans.some((scan) => tables.some((table) => scan.endsWith(` on ${table}`)))).to.equal(
        true,
      );
      for (const scan of scans)
        if (tables.some((table) => scan.endsWith(` on ${table}`)))
          expect(scan, what).to.not.match(/^Seq Scan/);
    });

  it('walk no more rows in the middle of the list than at its beginning', async () => {
    const walked: number[] = [];
    for (const behind of [undefined, MARKER]) {
      let rows = 0;
      const counting: Pick<Tx, 'query'> = {
        query: async <Row>(
          { text }: { readonly text: string },
          values: readonly unknown[] = [],
        ) => {
          const explained = await client.query<{ 'QUERY PLAN': string }>(
            `explain (analyze, timing off, costs off) ${text}`,
            values as unknown[],
          );
          for (const line of explained.rows) {
            const removed = /Rows Removed by Filter: (\d+)/.exec(line['QUERY PLAN'])?.[1];
            const found = /Scan.* on images.*rows=(\d+)/.exec(line['QUERY PLAN'])?.[1];
            rows += Number(removed ?? 0) + Number(found ?? 0);
          }
          return [] as Row[];
        },
      };
      await list(counting as Tx, {}, ADMIN, behind);
      walked.push(rows);
    }
    for (const rows of walked) expect(rows).to.be.within(25, 400);
  });
});
