// Goal: a proto that would fail at the edge, loudly or silently, never gets past `make gen`.
// Method: small protos go through the real protoc; conflicts are judged on hand-written bindings.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { GenerationRefused } from '../../proto/compile.js';
import { readDeclaredRoutes, type HttpBinding } from '../../proto/http-bindings.js';
import { parsePathTemplate } from '../../proto/path-templates.js';
import {
  parseAllowedOverlaps,
  refuseDuplicates,
  refuseUnlistedOverlaps,
} from '../../proto/route-conflicts.js';

const ROOT = join(import.meta.dirname, '..', '..');
const REST = 'google.api.HttpBody rest = 100;';

describe('reading the bindings of a proto', function () {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'apportion-bindings-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function read(http: string, request = `string id = 1; int64 serial = 2; ${REST}`, answer = REST) {
    const proto = `syntax = "proto3";
      package apportion.sample.v1;
      import "google/api/annotations.proto";
      import "google/api/httpbody.proto";
      service ThingsService {
        rpc GetThing(GetThingRequest) returns (GetThingResponse) {
          ${http === '' ? '' : `option (google.api.http) = {${http}};`}
        }
      }
      message GetThingRequest { ${request} }
      message GetThingResponse { ${answer} }`;
    writeFileSync(join(folder, 'sample.proto'), proto);
    const args = [
      join(ROOT, 'node_modules/protoc/protoc.cjs'),
      `-I${folder}`,
      `-I${join(ROOT, 'node_modules/google-proto-files')}`,
      `--descriptor_set_out=${join(folder, 'image')}`,
      '--include_imports',
      'sample.proto',
    ];
    // Piped, because it warns of the imports that a sample without a route does not need.
    execFileSync(process.execPath, args, { stdio: 'pipe' });
    return readDeclaredRoutes(readFileSync(join(folder, 'image')));
  }

  const BODIES = 'body: "rest" response_body: "rest"';
  const RPC = 'apportion.sample.v1.ThingsService/GetThing';

  it('finds additional bindings and custom methods, ordered by template and method', () => {
    const { rpcs, bindings } = read(`get: "/things/{id}" ${BODIES}
      additional_bindings { put: "/old/things/{id=*}" ${BODIES} }
      additional_bindings { custom { kind: "HEAD" path: "/old/things/{id=*}" } ${BODIES} }`);
    expect(rpcs).to.deep.equal([RPC]);
    expect(bindings.map(({ rpc, method, template }) => [rpc, method, template.text])).to.deep.equal(
      [
        [RPC, 'HEAD', '/old/things/{id=*}'],
        [RPC, 'PUT', '/old/things/{id=*}'],
        [RPC, 'GET', '/things/{id}'],
      ],
    );
  });

  it('accepts an RPC for gRPC alone, without a field for REST', () => {
    expect(read('', 'string id = 1;', '')).to.deep.equal({ rpcs: [RPC], bindings: [] });
  });

  const refusals: [string, () => unknown, RegExp][] = [
    ['no body', () => read('get: "/things" response_body: "rest"'), /needs body: "rest"/],
    ['another body', () => read('get: "/things" body: "*" response_body: "rest"'), /it says "\*"/],
    ['no response_body', () => read('get: "/things" body: "rest"'), /needs response_body: "rest"/],
    [
      'an additional binding without bodies',
      () => read(`get: "/things" ${BODIES} additional_bindings { get: "/old" }`),
      /GET \/old needs body/,
    ],
    ['a template that ends in a slash', () => read(`get: "/things/" ${BODIES}`), /ends in "\/"/],
    [
      'a path variable that is a number',
      () => read(`get: "/things/{serial}" ${BODIES}`),
      /path variable "serial" is no string field of GetThingRequest/,
    ],
    [
      'a path variable that no field explains',
      () => read(`get: "/things/{nobody}" ${BODIES}`),
      /path variable "nobody"/,
    ],
    [
      'a path variable with many values',
      () => read(`get: "/things/{ids}" ${BODIES}`, `repeated string ids = 1; ${REST}`),
      /path variable "ids"/,
    ],
    [
      'a request without the field for REST',
      () => read(`get: "/things" ${BODIES}`, 'google.api.HttpBody rest = 7;'),
      /GetThingRequest needs "google.api.HttpBody rest = 100;"/,
    ],
    [
      'a response whose field for REST has another type',
      () => read(`get: "/things" ${BODIES}`, REST, 'bytes rest = 100;'),
      /GetThingResponse needs "google.api.HttpBody rest = 100;"/,
    ],
  ];
  for (const [what, act, message] of refusals) {
    it(`refuses ${what}`, () => {
      expect(act).to.throw(GenerationRefused, message);
    });
  }
});

describe('conflicts between bindings', () => {
  function bindings(...routes: string[]): HttpBinding[] {
    return routes.map((route, index) => {
      const [method = '', path = ''] = route.split(' ');
      return { rpc: `S/Rpc${index}`, method, template: parsePathTemplate(path, `S/Rpc${index}`) };
    });
  }

  for (const [one, other] of [
    ['GET /things/{id}', 'GET /things/{name}'],
    ['GET /things/{id}', 'GET /things/*'],
    ['* /{path=**}', 'GET /{rest=**}'],
  ] as const) {
    it(`are refused when ${one} is also ${other}`, () => {
      expect(() => {
        refuseDuplicates(bindings(one, other));
      }).to.throw(GenerationRefused, 'S/Rpc0');
    });
  }

  it('do not exist between methods of one template', () => {
    const routes = bindings('GET /things/{id}', 'PUT /things/{name}', 'GET /things');
    refuseDuplicates(routes);
    refuseUnlistedOverlaps(routes, []);
  });

  for (const [one, other] of [
    ['PUT /projects/memberships', 'PUT /projects/{id}'],
    ['GET /projects/memberships', 'POST /projects/{id}'],
    ['GET /{a}/members', 'GET /images/{b}'],
    ['GET /docs/{path=**}', 'GET /docs/pages/{id}'],
    ['GET /docs/{path=**}', 'GET /docs'],
    ['GET /{path=**}/end', 'GET /docs/{id}/end'],
  ] as const) {
    it(`are refused when ${one} and ${other} match the same path`, () => {
      const routes = bindings(one, other);
      expect(() => {
        refuseUnlistedOverlaps(routes, []);
      }).to.throw(GenerationRefused, 'can match the same path');
      const templates: [string, string] = [routes[1]!.template.text, routes[0]!.template.text];
      refuseUnlistedOverlaps(routes, [{ templates, reason: 'documented' }]);
    });
  }

  it('do not exist between paths of different length or with different literals', () => {
    const routes = bindings('GET /things/{id}', 'GET /things/{id}/parts', 'GET /parts/{id}');
    refuseUnlistedOverlaps(routes, []);
  });

  it('do not exist with the fallback', () => {
    refuseUnlistedOverlaps(bindings('* /{path=**}', 'GET /things/{id}'), []);
  });

  it('are refused as an allowance that nothing needs any more', () => {
    expect(() => {
      refuseUnlistedOverlaps(bindings('GET /things'), [
        { templates: ['/things', '/{id}/x'], reason: 'was documented' },
      ]);
    }).to.throw(GenerationRefused, 'do not overlap');
  });

  for (const json of [
    '{}',
    '[{"templates": ["/a"], "reason": "b"}]',
    '[{"templates": ["/a", "/b"]}]',
  ]) {
    it(`are not allowed by ${json}`, () => {
      expect(() => parseAllowedOverlaps(json)).to.throw(GenerationRefused, 'proto/overlaps.json');
    });
  }
});

describe('a path template', () => {
  for (const text of ['things', '/', '/things/', '/a//b', '/a/{b', '/a/b*', '/a/b:act']) {
    it(`is refused when it is ${text}`, () => {
      expect(() => parsePathTemplate(text, 'S/Rpc')).to.throw(GenerationRefused, 'S/Rpc: template');
    });
  }

  it('keeps nested variables apart from what they match', () => {
    expect(parsePathTemplate('/v1/{image.id}/{path=files/**}', 'S/Rpc')).to.deep.include({
      segments: ['v1', '*', 'files', '**'],
      variables: ['image.id', 'path'],
    });
  });
});
