// Goal: the rules of the house hold by machine, each refusing what is wrong and accepting what is
// right. Method: ESLint judges one-line files with made-up names; then the real tree is listed.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { housePlugin, houseRules } from '../lint/house-rules.js';

const ROOT = join(import.meta.dirname, '..', '..');

function complaints(file: string, code: string): string[] {
  const found = new Linter({ cwd: ROOT }).verify(
    code,
    [
      {
        files: ['**/*.ts'],
        languageOptions: { parser: tseslint.parser },
        plugins: { house: housePlugin },
        rules: houseRules,
      },
    ],
    { filename: join(ROOT, file) },
  );
  return found.map(({ message }) => message);
}

function complaintsAboutImport(file: string, specifier: string): string[] {
  return complaints(file, `import { x } from '${specifier}';`);
}

/** Rule, importing file, what it may import, what it may not. */
const IMPORT_TABLE: [string, string, string[], string[]][] = [
  ['the kernel knows nothing', 'src/kernel/page.ts', ['./failure.js', 'zod'], ['../db/pool.js']],
  [
    'a domain knows the kernel and itself',
    'src/quotas/domain/holding.ts',
    ['../../kernel/quantity.js', './commission.js', '../domain.js'],
    [
      '../service.js',
      '../storage/holdings.js',
      '../../identity/index.js',
      '../../db/transact.js',
      '../../rpc/route.js',
      '../../gen/apportion/quotas/v1/quotas.js',
    ],
  ],
  [
    'the transport knows no family',
    'src/rpc/chain/auth.ts',
    ['../../kernel/failure.js', '../../gen/google/rpc/status.js', '../../gen/http-rules.js'],
    ['../../identity/index.js', '../../config.js', '../../db/pool.js', '../../app.js'],
  ],
  [
    'the database layer knows no family',
    'src/db/pool.ts',
    ['../kernel/clock.js', './errors.js'],
    ['../quotas/index.js', '../config.js', '../rpc/status.js'],
  ],
  [
    'events know no family',
    'src/events/routes.ts',
    ['../db/transact.js', '../rpc/route.js', '../gen/apportion/events/v1/events_service.js'],
    ['../quotas/index.js', '../jobs/queue.js'],
  ],
  ['jobs know no family', 'src/jobs/queue.ts', ['../db/transact.js'], ['../links/index.js']],
  ['identity uses no slice', 'src/identity/service.ts', [], ['../quotas/index.js']],
  [
    'quotas use identity alone',
    'src/quotas/service.ts',
    ['../identity/index.js', '../db/transact.js', '../events/outbox.js', './storage/holdings.js'],
    ['../projects/index.js', '../allocations/index.js', '../app.js', '../config.js'],
  ],
  [
    'projects use quotas and identity',
    'src/projects/service.ts',
    ['../quotas/index.js', '../identity/index.js'],
    ['../links/index.js', '../images/index.js'],
  ],
  [
    'allocations use identity alone',
    'src/allocations/service.ts',
    ['../identity/index.js'],
    ['../projects/index.js', '../quotas/index.js'],
  ],
  [
    'images use projects and identity',
    'src/images/service.ts',
    ['../projects/index.js', '../identity/index.js'],
    ['../quotas/index.js', '../links/index.js'],
  ],
  [
    'links use projects and identity',
    'src/links/service.ts',
    ['../projects/index.js', '../identity/index.js'],
    ['../quotas/index.js', '../allocations/index.js'],
  ],
  [
    'a slice is used only through its index',
    'src/projects/routes.ts',
    ['../quotas/index.js'],
    ['../quotas/service.js', '../quotas/storage/index.js', '../quotas/domain/holding.js'],
  ],
  [
    'only the composition root sees every slice',
    'src/app.ts',
    ['./identity/index.js', './links/index.js', './config.js', './gen/http-rules.js'],
    ['./links/service.js', './cli/dev.js'],
  ],
  [
    'a command goes through the composition root',
    'src/cli/serve.ts',
    ['../app.js', '../config.js', '../db/pool.js', '../kernel/clock.js', '../gen/http-rules.js'],
    ['../quotas/index.js', '../rpc/server.js', '../gen/apportion/quotas/v1/quotas.js'],
  ],
  [
    'generated messages end at the edge of a slice: messages',
    'src/quotas/messages.ts',
    ['../gen/apportion/quotas/v1/quotas.js', '../rpc/route.js', './domain/holding.js'],
    ['./storage/holdings.js', './routes.js', '../db/transact.js'],
  ],
  [
    'generated messages end at the edge of a slice: a folder of rest',
    'src/quotas/rest/commissions.ts',
    ['../../gen/google/api/httpbody.js', '../../rpc/json.js', './faults.js'],
    ['../storage/holdings.js', '../../db/transact.js'],
  ],
  [
    'generated messages end at the edge of a slice: service',
    'src/quotas/service.ts',
    ['./domain/holding.js', './access.js'],
    [
      '../gen/apportion/quotas/v1/quotas.js',
      '../rpc/route.js',
      './messages.js',
      './rest.js',
      './routes.js',
      './index.js',
    ],
  ],
  [
    'storage is the lowest layer of a slice',
    'src/quotas/storage/holdings.ts',
    ['../domain/holding.js', '../../db/transact.js', 'knex', 'pg'],
    ['../service.js', '../access.js', '../../gen/apportion/quotas/v1/quotas.js'],
  ],
  [
    'access decides without looking anything up',
    'src/quotas/access.ts',
    ['./domain/holding.js', '../kernel/principal.js', '../identity/index.js'],
    ['./storage/holdings.js', '../db/transact.js', '../rpc/route.js'],
  ],
  [
    'a driver knows neither tables nor use cases',
    'src/links/driver/session.ts',
    ['./caller.js', '../../kernel/clock.js'],
    ['../storage/links.js', '../service/jobs.js', '../domain/quota.js', '../../db/database.js'],
  ],
  ['SQL stays in storage and db', 'src/db/pool.ts', ['pg', 'knex', 'pg-cursor'], []],
  ['SQL stays out of services', 'src/quotas/service.ts', [], ['pg', 'knex', 'pg-cursor']],
  ['gRPC stays in the transport', 'src/rpc/status.ts', ['@grpc/grpc-js'], []],
  ['gRPC may be set up by commands', 'src/cli/serve.ts', ['@grpc/grpc-js'], ['pg']],
  [
    'gRPC stays out of slices',
    'src/quotas/routes.ts',
    ['../rpc/route.js'],
    ['@grpc/grpc-js', '@grpc/grpc-js/build/src/constants', 'grpc-health-check'],
  ],
  [
    'a source imports no test',
    'src/app.ts',
    [],
    ['../test/support/world.js', '../proto/generate.js'],
  ],
  [
    'a client stands alone',
    'clients/typescript/client.ts',
    ['./gen/quotas.js', '@grpc/grpc-js'],
    ['../../src/gen/apportion/quotas/v1/quotas.js', '../../src/kernel/failure.js'],
  ],
  ['a test may import anything', 'test/unit/x.test.ts', ['../../src/quotas/service.js', 'pg'], []],
  ['a folder outside the table is refused', 'src/reports/list.ts', [], ['../kernel/clock.js']],
];

describe('the import table', () => {
  for (const [rule, file, accepted, refused] of IMPORT_TABLE) {
    describe(rule, () => {
      for (const specifier of accepted) {
        it(`accepts ${specifier} in ${file}`, () => {
          expect(complaintsAboutImport(file, specifier)).to.deep.equal([]);
        });
      }
      for (const specifier of refused) {
        it(`refuses ${specifier} in ${file}`, () => {
          expect(complaintsAboutImport(file, specifier)).to.have.lengthOf(1);
        });
      }
    });
  }

  for (const code of [
    "import type { X } from '../identity/service.js';",
    "export { x } from '../identity/service.js';",
    "export * from '../identity/service.js';",
    "export const x = await import('../identity/service.js');",
    "export type X = import('../identity/service.js').X;",
  ]) {
    it(`sees through ${code}`, () => {
      expect(complaints('src/quotas/service.ts', code)).to.deep.equal([
        'src/identity is used only through its index.ts',
      ]);
    });
  }
});

describe('the environment', () => {
  for (const code of [
    'export const home = process.env.HOME;',
    "export const home = process['env'];",
    'const { env } = process;',
    "import { env } from 'node:process';",
  ]) {
    it(`is refused outside config.ts: ${code}`, () => {
      expect(complaints('src/cli/dev.ts', code)).to.deep.equal([
        'the environment is read only in src/config.ts',
      ]);
      expect(complaints('src/config.ts', code)).to.deep.equal([]);
      expect(complaints('test/support/postgres.ts', code)).to.deep.equal([]);
    });
  }
});

describe('the names of files', () => {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((path) => !path.startsWith('src/gen/'));

  /** Migrations are `NNNN_<slice>_<change>`, because their order is part of them. */
  const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
  const MIGRATION = /^\d{4}(_[a-z0-9]+)+\.ts$/;

  it('are kebab-case', () => {
    const odd = entries.filter((path) => {
      const name = basename(path);
      const pattern = path.includes('/migrations/') ? MIGRATION : KEBAB_CASE;
      return !pattern.test(name) && !KEBAB_CASE.test(name) && name !== 'README.md';
    });
    expect(odd).to.deep.equal([]);
  });

  it('say what is inside', () => {
    const empty = /^(utils?|helpers?|commons?|types?|misc|shared|stuff)(\.|$)/;
    expect(entries.filter((path) => empty.test(basename(path)))).to.deep.equal([]);
  });
});
