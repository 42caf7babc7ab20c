// Goal: what `envoy/` is rendered to is accepted by a real Envoy, and Envoy's own answers have the
// shape of the API they were asked of. Method: `envoy --mode validate`, and Envoys whose worker is
// absent (503), never answers (504), or is not reached because the body is too large (413).
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import {
  annotatedServices,
  type EnvoyConfigOptions,
  readEnvoyTemplates,
  renderEnvoyConfig,
} from '../../src/cli/dev/envoy-config.js';
import { type RunningEnvoy, startEnvoy } from '../../src/cli/dev/envoy-process.js';
import { freePort } from '../../src/db/embedded/free-port.js';
import { testEnvoy } from '../support/envoy-binary.js';
import { eventually } from '../support/eventually.js';

const run = promisify(execFile);
const MAX_BODY_BYTES = 2_000;

let binary: string;
let directory: string;

async function optionsWith(changes: Partial<EnvoyConfigOptions>): Promise<EnvoyConfigOptions> {
  return {
    templates: await readEnvoyTemplates(),
    httpPort: 8080,
    adminPort: 9901,
    workerPorts: [50_052],
    descriptorPath: path.resolve('envoy/apportion.pb'),
    luaPath: path.join(directory, 'edge.lua'),
    accessLogPath: path.join(directory, 'access.log'),
    ...changes,
  };
}

async function validate(options: EnvoyConfigOptions): Promise<void> {
  const files = renderEnvoyConfig(options);
  const configFile = path.join(directory, 'envoy.yaml');
  await writeFile(configFile, files.yaml);
  await writeFile(options.luaPath, files.lua);
  await run(binary, ['--mode', 'validate', '--log-level', 'warn', '--config-path', configFile]);
}

interface Ask {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface OwnAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Per path: the family that has to answer, and how its bodies look. */
const FAMILIES: readonly {
  readonly targets: readonly string[];
  readonly contentType: string;
  readonly check: (answer: OwnAnswer, title: string, fault: string) => void;
}[] = [
  {
    targets: ['/account/v1.0/commissions', '/account/v1.0/quotas?user=x', '/identity/v2.0/tokens'],
    contentType: 'application/json; charset=UTF-8',
    check: ({ status, headers, body }, _title, fault) => {
      const parsed = JSON.parse(body) as Record<string, { message: string }>;
      expect(parsed).to.have.all.keys(fault);
      expect(parsed[fault]).to.include({ code: status, details: '' });
      expect(parsed[fault]!.message).to.match(/^The /);
      expect(headers.get('vary')).to.equal('X-Auth-Token');
      expect(headers.get('cache-control')).to.match(/^no-cache, no-store, must-revalidate/);
    },
  },
  {
    targets: [
      ...['/placement', '/placement/allocations', '/my.prefix/usages?x=1', '/allocations/x'],
      ...['/resource_providers', '/resource_classes', '/usages?project_id=x', '/traits'],
      ...['/allocation_candidates', '/reshaper'],
    ],
    contentType: 'application/json',
    check: ({ status, headers, body }, title) => {
      const { errors } = JSON.parse(body) as { errors: Record<string, unknown>[] };
      expect(errors).to.have.lengthOf(1);
      expect(errors[0]).to.include({ status, title });
      expect(errors[0]!.detail).to.match(/^The .*\.\n\n The .*\. {2}$/);
      expect(errors[0]!.request_id).to.equal(headers.get('x-openstack-request-id'));
    },
  },
  {
    targets: ['/api/', '/api/openstack-links/', '/api-auth/password/'],
    contentType: 'application/json',
    check: ({ body }) => {
      expect(JSON.parse(body)).to.have.all.keys('detail');
    },
  },
  {
    targets: ['/', '/?x', '/v2/images', '/versions', '/v10'],
    contentType: 'text/html; charset=UTF-8',
    check: ({ status, headers, body }, title) => {
      expect(body).to.include(`<title>${status} ${title}</title>`);
      expect(headers.get('x-openstack-request-id')).to.match(/^req-/);
    },
  },
  {
    targets: ['/elsewhere', '/accounting', '/apis', '/usagesx'],
    contentType: 'application/json',
    check: ({ status, body }) => {
      expect(JSON.parse(body)).to.have.all.keys('code', 'message').and.include({ code: status });
    },
  },
];

describe('the edge', () => {
  before(async function () {
    // The first run on a machine installs Envoy.
    this.timeout(600_000);
    binary = await testEnvoy();
  });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'apportion-envoy-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  describe('renderEnvoyConfig', function () {
    this.timeout(60_000);

    it('gives a configuration Envoy accepts, with one worker and one port', async () => {
      await validate(await optionsWith({}));
    });

    it('gives one with many workers, a second port and a long prefix', async () => {
      await validate(
        await optionsWith({
          grpcPort: 50_051,
          listenAddress: '0.0.0.0',
          workerPorts: [50_052, 50_053, 50_054],
          allocationsPrefix: `/${'a-long.prefix~'.repeat(20)}x`,
        }),
      );
    });

    it('gives one with TLS, for HTTP/1 and HTTP/2', async function () {
      const [cert, key] = [path.join(directory, 'cert.pem'), path.join(directory, 'key.pem')];
      const made = await run('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'],
        ...['-keyout', key, '-out', cert],
      ]).catch(() => undefined);
      if (made === undefined) this.skip();
      await validate(await optionsWith({ tls: { cert, key } }));
      expect(renderEnvoyConfig(await optionsWith({ tls: { cert, key } })).yaml).to.include('h2');
    });

    it('leaves no placeholder behind', async () => {
      const { yaml, lua } = renderEnvoyConfig(await optionsWith({}));
      expect(yaml).not.to.include('${');
      expect(lua).not.to.include('${');
      expect(lua).to.include('local ALLOCATIONS_PREFIX = "/placement"');
    });

    it('lists every worker and every service with a REST route', async () => {
      const { yaml } = renderEnvoyConfig(await optionsWith({ workerPorts: [1001, 1002] }));
      const text = JSON.stringify(parse(yaml, { maxAliasCount: -1 }));
      expect(text).to.include('"port_value":1001').and.include('"port_value":1002');
      expect(annotatedServices()).to.include('apportion.edge.v1.EdgeService');
      for (const service of annotatedServices()) expect(text).to.include(`"${service}"`);
    });

    it('refuses a prefix that could leave the Lua string', async () => {
      const options = await optionsWith({ allocationsPrefix: '/a" .. os.exit() .. "' });
      expect(() => renderEnvoyConfig(options)).to.throw('not a path');
    });
  });

  describe("Envoy's own answers", function () {
    this.timeout(60_000);

    let envoy: RunningEnvoy | undefined;
    let silent: http2.Http2Server | undefined;

    afterEach(async () => {
      await envoy?.stop();
      envoy = undefined;
      silent?.close();
      silent = undefined;
    });

    async function start(workerPort: number): Promise<void> {
      envoy = await startEnvoy({
        binary,
        directory,
        httpPort: await freePort(),
        adminPort: await freePort(),
        workerPorts: [workerPort],
        maxBodyBytes: MAX_BODY_BYTES,
        allocationsPrefix: '/my.prefix',
      });
    }

    async function ask(target: string, init: Ask = {}): Promise<OwnAnswer> {
      const url = `http://127.0.0.1:${envoy!.httpPort}${target}`;
      const answer = await fetch(url, { ...init, headers: { accept: '*/*', ...init.headers } });
      return { status: answer.status, headers: answer.headers, body: await answer.text() };
    }

    async function checkAll(
      status: number,
      [title, fault]: readonly [string, string],
      init: Ask,
    ): Promise<void> {
      for (const family of FAMILIES) {
        const answers = await Promise.all(
          family.targets.map(async (target) => ({ target, answer: await ask(target, init) })),
        );
        for (const { target, answer } of answers) {
          expect(answer.status, target).to.equal(status);
          expect(answer.headers.get('content-type'), target).to.equal(family.contentType);
          expect(answer.body, target).not.to.include('upstream').and.not.include('transcoder');
          family.check(answer, title, fault);
        }
      }
    }

    it('are 503 in the shape of each family while no worker listens', async () => {
      await start(await freePort());
      await checkAll(503, ['Service Unavailable', 'serviceUnavailable'], {});
    });

    it('are 413 in the shape of each family for a body over the limit', async () => {
      await start(await freePort());
      const body = 'x'.repeat(MAX_BODY_BYTES + 1);
      await checkAll(413, ['Request Entity Too Large', 'overLimit'], { method: 'POST', body });
    });

    it('are 504 in the shape of each family when the worker does not answer in time', async () => {
      silent = http2.createServer(() => undefined);
      await start(await listen(silent));
      // The time of the template is a minute; the file Envoy runs on is shortened and run again.
      const shorter = (await readFile(path.join(directory, 'envoy.yaml'), 'utf8')).replaceAll(
        'timeout: 60s',
        'timeout: 0.3s',
      );
      await envoy!.stop();
      const configFile = path.join(directory, 'shorter.yaml');
      await writeFile(configFile, shorter);
      const quick = execFile(binary, ['--disable-hot-restart', '--config-path', configFile]);
      try {
        await eventually(async () => (await ask('/elsewhere')).status === 504);
        await checkAll(504, ['Gateway Timeout', 'gatewayTimeout'], {});
      } finally {
        quick.kill();
      }
    });

    it('are JSON for image clients that ask for JSON', async () => {
      await start(await freePort());
      const answer = await ask('/v2/images', { headers: { accept: 'application/json' } });
      expect(answer.headers.get('content-type')).to.equal('application/json');
      expect(JSON.parse(answer.body)).to.deep.equal({
        code: '503 Service Unavailable',
        message: 'The service is not available.<br /><br />\n\n\n',
        title: 'Service Unavailable',
      });
    });

    it('are a gRPC status with plain text for gRPC callers', async () => {
      await start(await freePort());
      const headers = { 'content-type': 'application/grpc' };
      const answer = await ask('/apportion.edge.v1.EdgeService/GetHealth', {
        method: 'POST',
        headers,
      });
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('grpc-status')).to.equal('14');
      expect(answer.headers.get('grpc-message')).not.to.include('{');
    });
  });
});

async function listen(worker: http2.Http2Server): Promise<number> {
  await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
  return (worker.address() as AddressInfo).port;
}
