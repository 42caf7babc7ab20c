import { arrayLiteral } from '../../db/int8.js';
import type { Tx } from '../../db/tx.js';

/** Adds the classes that are missing; the position of a name is its id. */
export async function addStandardClasses(tx: Tx, names: readonly string[]): Promise<void> {
  await tx.query(
    {
      text: `
        insert into resource_classes (id, name)
        select * from unnest($1::bigint[], $2::text[])
            on conflict do nothing`,
    },
    [arrayLiteral(names.map((_name, index) => index)), names],
  );
}

/** Adds the traits that are missing, in the order of their names: two servers may start at once. */
export async function addStandardTraits(tx: Tx, names: readonly string[]): Promise<void> {
  await tx.query(
    {
      text: `
        insert into traits (name)
        select n.name
          from unnest($1::text[]) as n (name)
         where not exists (select from traits t where t.name = n.name)
         order by n.name
            on conflict do nothing`,
    },
    [names],
  );
}
