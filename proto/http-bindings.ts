import {
  createFileRegistry,
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
  type DescMessage,
  type DescMethod,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { GenerationRefused } from './compile.js';
import { parsePathTemplate, type PathTemplate } from './path-templates.js';

/** One way to reach an RPC over HTTP; an RPC has one per `additional_bindings` besides its first. */
export interface HttpBinding {
  /** `package.Service/Method`, as gRPC spells it in `:path`. */
  rpc: string;
  /** An HTTP method, or `*` for all of them. */
  method: string;
  template: PathTemplate;
}

/** What the protos declare, as far as the edge is concerned. */
export interface DeclaredRoutes {
  /** Every RPC of Apportion's own packages, sorted, whether it has a binding or not. */
  rpcs: string[];
  /** In a stable order: by template, then by method. */
  bindings: HttpBinding[];
}

/** The shape in which the registry hands out `google.api.HttpRule`. */
interface HttpRuleOption {
  pattern:
    | { case: 'get' | 'put' | 'post' | 'delete' | 'patch'; value: string }
    | { case: 'custom'; value: { kind: string; path: string } }
    | { case: undefined };
  body: string;
  responseBody: string;
  additionalBindings: HttpRuleOption[];
}

/** The number and type of `rest` are the same everywhere, so that one piece of code reads it. */
const REST_FIELD_NUMBER = 100;

/**
 * Reads every route from a descriptor set with imports.
 *
 * Throws `GenerationRefused` on the first binding that could not work at the edge: documented
 * bodies pass only through `rest`, and Envoy itself would judge a path variable that is no string.
 */
export function readDeclaredRoutes(image: Uint8Array): DeclaredRoutes {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const http = registry.getExtension('google.api.http');
  const rpcs: string[] = [];
  const bindings: HttpBinding[] = [];

  for (const file of registry.files) {
    if (!file.proto.package.startsWith('apportion.')) continue;
    for (const method of file.services.flatMap((service) => service.methods)) {
      const rpc = `${method.parent.typeName}/${method.name}`;
      rpcs.push(rpc);
      if (http === undefined || !hasOption(method, http)) continue;
      requireRestField(rpc, method.input);
      requireRestField(rpc, method.output);
      const rule = getOption(method, http) as HttpRuleOption;
      for (const each of [rule, ...rule.additionalBindings]) {
        bindings.push(readBinding(rpc, method, each));
      }
    }
  }
  return { rpcs: rpcs.sort(), bindings: bindings.sort(inStableOrder) };
}

function readBinding(rpc: string, method: DescMethod, rule: HttpRuleOption): HttpBinding {
  if (rule.pattern.case === undefined) throw new GenerationRefused(`${rpc}: a binding has no path`);
  const [httpMethod, path] =
    rule.pattern.case === 'custom'
      ? [rule.pattern.value.kind, rule.pattern.value.path]
      : [rule.pattern.case.toUpperCase(), rule.pattern.value];

  for (const [option, value] of [
    ['body', rule.body],
    ['response_body', rule.responseBody],
  ] as const) {
    if (value !== 'rest') {
      throw new GenerationRefused(
        `${rpc}: ${httpMethod} ${path} needs ${option}: "rest" (it says "${value}")`,
      );
    }
  }
  const template = parsePathTemplate(path, rpc);
  for (const variable of template.variables) requireStringField(rpc, method.input, variable);
  return { rpc, method: httpMethod, template };
}

function requireRestField(rpc: string, message: DescMessage): void {
  const field = message.fields.find((candidate) => candidate.name === 'rest');
  const fits =
    field?.fieldKind === 'message' &&
    field.number === REST_FIELD_NUMBER &&
    field.message.typeName === 'google.api.HttpBody';
  if (fits) return;
  throw new GenerationRefused(
    `${rpc}: ${message.name} needs "google.api.HttpBody rest = ${String(REST_FIELD_NUMBER)};"`,
  );
}

function requireStringField(rpc: string, request: DescMessage, path: string): void {
  let message: DescMessage | undefined = request;
  let isString = false;
  for (const name of path.split('.')) {
    const field: DescMessage['fields'][number] | undefined = message?.fields.find(
      (candidate) => candidate.name === name,
    );
    isString = field?.fieldKind === 'scalar' && field.scalar === ScalarType.STRING;
    message = field?.fieldKind === 'message' ? field.message : undefined;
  }
  if (isString) return;
  throw new GenerationRefused(
    `${rpc}: path variable "${path}" is no string field of ${request.name}`,
  );
}

function inStableOrder(one: HttpBinding, other: HttpBinding): number {
  return (
    compareText(one.template.text, other.template.text) ||
    compareText(one.method, other.method) ||
    compareText(one.rpc, other.rpc)
  );
}

/** By code unit, so that the order does not depend on the locale of the machine. */
function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
