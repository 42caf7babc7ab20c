// Goal: every setting has the default and the limits it is documented with, and says its variable
// when it is wrong. Method: one row per setting here; the README's table against the same list.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  type Config,
  configToEnvironment,
  loadConfig,
  openDoors,
  SETTINGS,
  systemEnvironment,
} from '../../src/config.js';
import { OperatorError } from '../../src/kernel/operator-error.js';

type Name = keyof typeof SETTINGS;

/** What a setting is when nothing is said, texts it takes, and texts it refuses. */
interface Row {
  readonly default: unknown;
  readonly takes: readonly (readonly [text: string, value: unknown])[];
  readonly refuses: readonly string[];
}

const PORTS: Omit<Row, 'default'> = {
  takes: [
    ['0', 0],
    ['65535', 65_535],
  ],
  refuses: ['65536', '-1', '80a', '8080.5', ' 8080', 'http'],
};

const TEXT: Row = { default: undefined, takes: [['/a b/ν', '/a b/ν']], refuses: [] };

function wholeNumber(fallback: number, least: number, most: number): Row {
  return {
    default: fallback,
    takes: [least, most].map((value) => [String(value), value] as const),
    refuses: [least - 1, most + 1, 'x', '1.5', '1e3', `${least} `].map(String),
  };
}

function oneOf(fallback: string, takes: readonly string[], refuses: readonly string[]): Row {
  return { default: fallback, takes: takes.map((word) => [word, word] as const), refuses };
}

function limit(fallback: number): Row {
  const takes = ([0, 999_999_999, -1] as const).map((value) => [String(value), value] as const);
  return { default: fallback, takes, refuses: ['-2', 'x', '1.5', '1000000000', '+1'] };
}

const FLAG: Row = {
  default: false,
  takes: [
    ['true', true],
    ['false', false],
  ],
  refuses: ['yes', '1', 'TRUE'],
};

const ROWS: Readonly<Record<Name, Row>> = {
  httpPort: { default: 8080, ...PORTS },
  grpcPort: { default: 50_051, ...PORTS },
  metricsPort: { default: 9464, ...PORTS },
  envoyAdminPort: { default: 9901, ...PORTS },
  listenAddress: { default: '127.0.0.1', takes: [['0.0.0.0', '0.0.0.0']], refuses: [] },
  serverAddress: {
    default: '127.0.0.1:50052',
    takes: [
      ['0.0.0.0:1', '0.0.0.0:1'],
      ['[::1]:50052', '[::1]:50052'],
    ],
    refuses: ['127.0.0.1', ':50052', 'host:port'],
  },
  publicUrl: {
    default: 'http://127.0.0.1:8080',
    takes: [['https://quota.example.org/base/', 'https://quota.example.org/base']],
    refuses: ['quota.example.org'],
  },
  databaseUrl: { ...TEXT, takes: [['postgres://a:b@c/d', 'postgres://a:b@c/d']] },
  databasePoolSize: wholeNumber(10, 2, 1000),
  home: { ...TEXT, default: '.apportion' },
  workers: wholeNumber(1, 1, 64),
  state: TEXT,
  envoy: TEXT,
  tlsCert: TEXT,
  tlsKey: TEXT,
  allocationsPrefix: {
    default: '/placement',
    takes: [
      ['/a', '/a'],
      ['/base/placement-2', '/base/placement-2'],
    ],
    refuses: ['placement', '/', '/placement/', '/a b', '/a?b'],
  },
  // The test mode comes first: the last value of each goes together with those of all others.
  imagesAuth: oneOf('token', ['fake', 'token'], ['noauth', 'TOKEN']),
  imagesFakeAnywhere: FLAG,
  imagesPublicUrl: {
    default: undefined,
    takes: [['https://images.example.org/base/', 'https://images.example.org/base/']],
    refuses: ['images.example.org'],
  },
  imagesOwnerIdentity: oneOf('project', ['project', 'user'], ['tenant']),
  imagesRoleEnforcement: FLAG,
  imagesMemberVisibilityRule: oneOf('seed', ['seed', 'strict'], ['both']),
  imagesMemberQuota: limit(128),
  imagesPropertyQuota: limit(128),
  imagesTagQuota: limit(128),
  imagesNameLength: wholeNumber(255, 1, 255),
  imagesPageSize: wholeNumber(25, 1, 10_000),
  imagesLargestPage: wholeNumber(1000, 1, 10_000),
  allocationsAuth: {
    default: 'token',
    takes: [
      ['token', 'token'],
      ['noauth2', 'noauth2'],
    ],
    refuses: ['keystone', 'noauth'],
  },
  allocationsNoauthAnywhere: {
    default: false,
    takes: [
      ['false', false],
      ['true', true],
    ],
    refuses: ['yes'],
  },
  allocationsPolicy: {
    default: 'new',
    takes: [
      ['new', 'new'],
      ['legacy', 'legacy'],
      ['open', 'open'],
    ],
    refuses: ['none'],
  },
  maxBodyBytes: wholeNumber(4_194_304, 1024, 268_435_456),
  maxProvisions: wholeNumber(10_000, 1, 100_000),
  quotasStrict: FLAG,
  requestIdDays: wholeNumber(7, 1, 365),
  commissionExpirySeconds: wholeNumber(0, 0, 31_536_000),
  eventDays: wholeNumber(90, 1, 3650),
  drainSeconds: wholeNumber(20, 1, 3600),
  logLevel: {
    default: 'info',
    takes: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map(
      (level) => [level, level] as const,
    ),
    refuses: ['INFO', 'verbose'],
  },
  logFormat: {
    default: process.stdout.isTTY ? 'pretty' : 'json',
    takes: [
      ['pretty', 'pretty'],
      ['json', 'json'],
    ],
    refuses: ['text'],
  },
};

/** What a setting cannot be set without. */
const COMPANIONS: Partial<Record<Name, Record<string, string>>> = {
  tlsCert: { TLS_KEY: 'key.pem' },
  tlsKey: { TLS_CERT: 'cert.pem' },
};

function refusal(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
  throw new Error('Nothing was refused');
}

const names = Object.keys(SETTINGS) as Name[];

describe('settings', () => {
  it('have one variable each', () => {
    const variables = names.map((name) => SETTINGS[name].variable);
    expect(new Set(variables).size).to.equal(names.length);
    for (const variable of variables) expect(variable).to.match(/^[A-Z][A-Z_]*$/);
  });

  for (const name of names) {
    const { variable } = SETTINGS[name];
    const row = ROWS[name];

    it(`${variable} has its default when it is absent or empty`, () => {
      expect(loadConfig({})[name]).to.equal(row.default);
      expect(loadConfig({ [variable]: '' })[name]).to.equal(row.default);
    });

    it(`${variable} takes what it should`, () => {
      expect(row.takes).to.not.be.empty;
      for (const [text, value] of row.takes)
        expect(loadConfig({ ...COMPANIONS[name], [variable]: text })[name], text).to.equal(value);
    });

    if (row.refuses.length > 0)
      it(`${variable} is named when its value is wrong`, () => {
        for (const text of row.refuses) {
          const message = refusal({ [variable]: text });
          expect(message.startsWith(`${variable}: `), `${message} (${text})`).to.equal(true);
          expect(message).to.include(JSON.stringify(text)).and.not.include('\n');
        }
      });
  }

  it('refuse a certificate without its key and a key without its certificate', () => {
    for (const variable of ['TLS_CERT', 'TLS_KEY'])
      expect(refusal({ [variable]: 'file.pem' })).to.equal(
        'TLS_CERT and TLS_KEY: set both or neither',
      );
  });

  it('refuse noauth2 on an address that others may reach, unless another setting insists', () => {
    const settings = { ALLOCATIONS_AUTH: 'noauth2' };
    for (const [variable, address] of [
      ['LISTEN_ADDRESS', '0.0.0.0'],
      ['SERVER_ADDRESS', '10.0.0.1:1'],
    ] as const) {
      const reachable = { ...settings, [variable]: address };
      expect(refusal(reachable)).to.match(/^ALLOCATIONS_AUTH: noauth2 is refused/);
      const insisting = { ...reachable, ALLOCATIONS_NOAUTH_ANYWHERE: 'true' };
      expect(loadConfig(insisting).allocationsAuth).to.equal('noauth2');
    }
    for (const local of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
      expect(loadConfig({ ...settings, LISTEN_ADDRESS: local }).allocationsAuth).to.equal(
        'noauth2',
      );
  });

  it('follow port and TLS in the public URL unless it is given', () => {
    expect(loadConfig({ HTTP_PORT: '81' }).publicUrl).to.equal('http://127.0.0.1:81');
    expect(loadConfig({ TLS_CERT: 'c', TLS_KEY: 'k' }).publicUrl).to.equal(
      'https://127.0.0.1:8080',
    );
    expect(loadConfig({ HTTP_PORT: '81', PUBLIC_URL: 'http://a.example/' }).publicUrl).to.equal(
      'http://a.example',
    );
  });

  describe('that believe whatever a request says of its sender', () => {
    const FAKE = { IMAGES_AUTH: 'fake' };

    it('are refused where other machines could call, unless another setting insists', () => {
      for (const [variable, address] of [
        ['LISTEN_ADDRESS', '0.0.0.0'],
        ['LISTEN_ADDRESS', '127.0.0.1.example.org'],
        ['SERVER_ADDRESS', '10.1.2.3:50052'],
        ['SERVER_ADDRESS', '[::]:50052'],
      ] as const) {
        const message = refusal({ ...FAKE, [variable]: address });
        expect(message).to.match(/^IMAGES_AUTH: fake is refused while /);
        expect(message).to.include(variable).and.include('IMAGES_FAKE_ANYWHERE=true insists');
        const insisting = { ...FAKE, [variable]: address, IMAGES_FAKE_ANYWHERE: 'true' };
        expect(loadConfig(insisting).imagesAuth).to.equal('fake');
      }
    });

    it('are taken on loopback addresses', () => {
      for (const address of ['127.0.0.1', '127.8.9.1', 'localhost', '::1', '[::1]'])
        expect(loadConfig({ ...FAKE, LISTEN_ADDRESS: address }).imagesAuth).to.equal('fake');
    });

    it('are announced, and nothing else is', () => {
      expect(openDoors(loadConfig({}))).to.deep.equal([]);
      const [line, more] = openDoors(loadConfig(FAKE));
      expect(line).to.match(/^IMAGES_AUTH=fake: /);
      expect(more).to.equal(undefined);
    });
  });

  it('are the first wrong one in their order when several are wrong', () => {
    expect(refusal({ WORKERS: 'x', HTTP_PORT: 'x' })).to.match(/^HTTP_PORT: /);
  });

  it('ignore variables that are none', () => {
    expect(loadConfig({ HTTP_PORTS: 'x', PATH: '/bin' })).to.deep.equal(loadConfig({}));
  });
});

describe('handing settings to another process', () => {
  const unusual: Record<string, string> = { TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' };
  for (const name of names) {
    const [text] = ROWS[name].takes.at(-1) ?? [];
    if (text !== undefined) unusual[SETTINGS[name].variable] ??= text;
  }

  for (const [what, environment] of Object.entries({
    'the defaults': {},
    'other values': unusual,
  })) {
    it(`gives it the same settings, for ${what}`, () => {
      const config = loadConfig(environment);
      expect(loadConfig(configToEnvironment(config))).to.deep.equal(config);
    });
  }

  it('changes and removes what is asked for', () => {
    const config: Config = loadConfig({ DATABASE_URL: 'postgres://a/b', WORKERS: '4' });
    const environment = configToEnvironment(config, { workers: 1, databaseUrl: undefined });
    expect(environment['WORKERS']).to.equal('1');
    expect(environment).to.not.have.property('DATABASE_URL');
  });

  it('hands our secrets to no program that is not ours', () => {
    const handed = systemEnvironment({ PATH: '/bin', DATABASE_URL: 'postgres://a:secret@b/c' });
    expect(handed).to.deep.equal({ PATH: '/bin' });
  });
});

describe('the table of settings in the README', () => {
  /** Variable and default of every row between the markers; text without a default is `–`. */
  function tableRows(): readonly (readonly [variable: string, fallback: string])[] {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const table = /<!-- settings -->(.*?)<!-- \/?settings -->/s.exec(readme)?.[1];
    if (table === undefined) throw new Error('README.md has no table between settings markers');
    return [...table.matchAll(/^\| *`([A-Z_]+)` *\|([^|]*)\|/gm)].map(([, variable, fallback]) => [
      variable ?? '',
      /`([^`]*)`/.exec(fallback ?? '')?.[1] ?? '–',
    ]);
  }

  it('names every variable with its default, in the same order', () => {
    const expected = names.map((name) => {
      const { variable, schema } = SETTINGS[name];
      const fallback = schema.parse(undefined);
      return [variable, String(fallback ?? '–')];
    });
    expect(tableRows()).to.deep.equal(expected);
  });
});
