import type { Config } from '../../config.js';

/** Tokens of the demo state file that the samples below use. */
const DEMO = {
  user: 'alice-token',
  scoped: 'alice-telemetry-token',
  admin: 'admin-token',
  component: 'nimbus-token',
  userId: '5e2c1f0a-8f3b-4f0e-9c57-0a6f3d1b7e21',
  projectId: '9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa',
} as const;

/** What a run prints once it answers: where it is and how to call it. */
export function banner(config: Config, hasDemoState: boolean): string {
  const host = callableHost(config.listenAddress);
  const grpc = `${host}:${config.grpcPort}`;
  const rest = restUrl(config);
  const places = [
    `REST, gRPC, grpc-web  ${rest}`,
    `gRPC                  ${grpc}`,
    `Metrics               http://${host}:${config.metricsPort}/metrics`,
    `Envoy admin           http://127.0.0.1:${config.envoyAdminPort}`,
  ];
  const calls = hasDemoState
    ? demoCalls(config, rest, grpc)
    : ['', 'Call it:', `  curl ${rest}/healthz`, `  grpcurl ${grpcurlFlag(config)} ${grpc} list`];
  return ['', ...places, ...calls, ''].join('\n');
}

function demoCalls(config: Config, rest: string, grpc: string): readonly string[] {
  // Where nobody checks tokens, they say themselves who calls.
  const operator = config.allocationsAuth === 'noauth2' ? 'admin' : DEMO.admin;
  const scoped = config.imagesAuth === 'fake' ? `alice:${DEMO.projectId}:member` : DEMO.scoped;
  const provision = {
    provisions: [
      {
        holder: `user:${DEMO.userId}`,
        source: `project:${DEMO.projectId}`,
        resource: 'nimbus.vm',
        quantity: 1,
      },
      { holder: `project:${DEMO.projectId}`, source: null, resource: 'nimbus.vm', quantity: 1 },
    ],
  };
  return [
    '',
    'Demo tokens (long-lived and public: never for production)',
    `  ${DEMO.user}, bob-token     users, members of the project telemetry.acme.test`,
    `  ${DEMO.scoped}      alice, for that project`,
    `  ${DEMO.admin}                a user who may administer projects and allocations`,
    `  ${DEMO.component}, orbit-token  components: services that charge quota`,
    '',
    'Call it:',
    `  curl -H 'X-Auth-Token: ${DEMO.user}' ${rest}/account/v1.0/quotas`,
    `  curl -H 'X-Auth-Token: ${DEMO.component}' -H 'Content-Type: application/json' \\`,
    `    ${rest}/account/v1.0/commissions \\`,
    `    -d '${JSON.stringify(provision)}'`,
    `  curl -H 'X-Auth-Token: ${DEMO.user}' ${rest}/account/v1.0/projects`,
    `  curl -H 'X-Auth-Token: ${operator}' ${rest}${config.allocationsPrefix}/resource_providers`,
    `  curl -H 'X-Auth-Token: ${scoped}' ${rest}/v2/images`,
    `  grpcurl ${grpcurlFlag(config)} ${grpc} list`,
    `  grpcurl ${grpcurlFlag(config)} -H 'x-auth-token: ${DEMO.user}' ${grpc} \\`,
    '    apportion.quotas.v1.QuotasService/ListQuotas',
  ];
}

function grpcurlFlag({ tlsCert }: Config): string {
  return tlsCert === undefined ? '-plaintext' : '-insecure';
}

/** Where REST is called from this machine. */
export function restUrl(config: Config): string {
  const scheme = config.tlsCert === undefined ? 'http' : 'https';
  return `${scheme}://${callableHost(config.listenAddress)}:${config.httpPort}`;
}

/** An address to listen on is not always one to call. */
function callableHost(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
