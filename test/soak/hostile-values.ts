/** What somebody would send who wants to see it break: texts, JSON, protobuf, headers, targets. */
import fc from 'fast-check';

/** Things that exist, so that some input comes far. */
export interface Known {
  readonly user: string;
  readonly tokens: readonly string[];
  /** Paths of every route, with `*` where something varies. */
  readonly templates: readonly string[];
}

/** Texts that are hard to store, to compare or to print. */
export function hostileText(known: Known): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(
      ...['', ' ', '\0', 'a\0b', '\ud800', 'x\udfff', '\ufeff', '\u2028', '\u001b[2J', '😀'],
      ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', '-1', '1e400'],
      ...["'; drop table holdings; --", '%00', '%', '../../etc/passwd', '{}', '$1', '\\', '"'],
      ...['x'.repeat(255), 'x'.repeat(256), 'x'.repeat(4096), 'ν'.repeat(4097), 'y'.repeat(70_000)],
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(`user:${known.user}`, `project:${known.user}`, 'nimbus.vm', known.user),
  );
}

const numberText = fc.oneof(
  fc.constantFrom(
    ...[
      '0',
      '-0',
      '1',
      '-1',
      '1.0',
      '1e0',
      '1E400',
      '-1e-400',
      '1e99999999',
      '-',
      '+1',
      '01',
      '.5',
    ],
    ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '0x10', 'NaN'],
    ...['-9223372036854775809', `1${'0'.repeat(50)}`, '9'.repeat(5_000), 'Infinity', '4294967296'],
  ),
  fc.bigInt().map(String),
);

const nesting = fc
  .tuple(fc.constantFrom(1, 98, 99, 100, 101, 5_000, 200_000), fc.constantFrom('[', '{"a":'))
  .map(([depth, open]) => open.repeat(depth) + '1' + (open === '[' ? ']' : '}').repeat(depth));

/** JSON text of any kind, and text that only looks like it. */
export function jsonText(known: Known): fc.Arbitrary<string> {
  return fc.oneof(
    numberText,
    hostileText(known).map((text) => JSON.stringify(text)),
    // Not escaped: as bytes, and so perhaps no UTF-8 at all.
    hostileText(known).map((text) => `"${text.replace(/["\\]/g, '')}"`),
    fc.constantFrom(
      'null',
      'true',
      'false',
      '[]',
      '{}',
      '',
      '[[]]',
      '{"a":1,"a":2}',
      '[1,]',
      '/**/1',
    ),
    fc.constantFrom(
      '{"__proto__":{"provisions":[]}}',
      '{"":{}}',
      '"\\ud800"',
      '"\\u0000"',
      '"\\x"',
    ),
    { arbitrary: nesting, weight: 1 },
    fc.json({ maxDepth: 3 }),
  );
}

/** An object with these members, each of which may be wrong, missing or there twice. */
function objectText(
  known: Known,
  right: Readonly<Record<string, fc.Arbitrary<string>>>,
): fc.Arbitrary<string> {
  const members = Object.entries(right).map(([name, value]) =>
    fc
      .tuple(
        fc.oneof({ arbitrary: value, weight: 6 }, { arbitrary: jsonText(known), weight: 1 }),
        fc.oneof(
          { arbitrary: fc.constant(1), weight: 40 },
          { arbitrary: fc.constantFrom(0, 2), weight: 1 },
        ),
      )
      .map(([text, times]) =>
        Array.from({ length: times }, () => `${JSON.stringify(name)}:${text}`),
      ),
  );
  return fc.tuple(...members).map((all) => `{${all.flat().join(',')}}`);
}

const flag = fc.constantFrom('true', 'false');

/** Bodies that are nearly those of the ledger's calls. */
export function commissionText(known: Known): fc.Arbitrary<string> {
  const quoted = (...texts: readonly string[]) =>
    fc.constantFrom(...texts.map((text) => JSON.stringify(text)));
  const provision = objectText(known, {
    holder: quoted(`user:${known.user}`, `project:${known.user}`),
    source: fc.oneof(quoted(`project:${known.user}`), fc.constant('null')),
    resource: quoted('nimbus.vm', 'nimbus.ram'),
    quantity: fc.integer({ min: -3, max: 5 }).map(String),
  });
  const list = (of: fc.Arbitrary<string>) =>
    fc.array(of, { maxLength: 4 }).map((texts) => `[${texts.join(',')}]`);
  const serial = fc.oneof(
    { arbitrary: fc.nat({ max: 2_000 }).map(String), weight: 20 },
    { arbitrary: numberText, weight: 1 },
  );
  return objectText(known, {
    provisions: list(provision),
    force: flag,
    auto_accept: flag,
    name: fc.oneof(
      { arbitrary: quoted('boot', 'ναμε'), weight: 4 },
      { arbitrary: hostileText(known).map((text) => JSON.stringify(text)), weight: 1 },
    ),
    accept: list(serial),
    reject: list(serial),
    auth: objectText(known, { token: objectText(known, { id: quoted(...known.tokens) }) }),
    uuids: list(quoted(known.user)),
    displaynames: list(jsonText(known)),
  });
}

/** Bodies as bytes: documented ones, broken ones, and noise. */
export function bodyBytes(known: Known): fc.Arbitrary<Buffer> {
  const text = fc.oneof(commissionText(known), commissionText(known), jsonText(known));
  return fc.oneof(
    { arbitrary: text.map((json) => Buffer.from(json)), weight: 6 },
    { arbitrary: text.map((json) => Buffer.from(json, 'latin1')), weight: 1 },
    {
      arbitrary: fc
        .tuple(text, fc.nat())
        .map(([json, at]) => Buffer.from(json).subarray(0, at % (json.length + 1))),
      weight: 1,
    },
    { arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
  );
}

/** What may stand in a request line: the target of some route, changed. */
export function target(known: Known): fc.Arbitrary<string> {
  const segment = fc.oneof(
    fc.constantFrom('1', '0', '-1', '007', '9'.repeat(30), 'action', '%2e%2e', '..', '.', '', '%'),
    fc.constantFrom('%00', '%ff', '%c0%80', '%ed%a0%80', '%E2%82', '%2F', '%3F', '*', ':', 'a;b=c'),
    hostileText(known).map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3_000)),
  );
  const query = fc.oneof(
    fc.constant(''),
    fc
      .array(fc.tuple(fc.constantFrom('user', 'project', 'belongsTo', 'rest', 'x', ''), segment), {
        maxLength: 4,
      })
      .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
    fc.constantFrom('?', '??', '?user', '?user=%', '?user=,,,', '?%00=%00', '?serial=1&serial=2'),
  );
  const path = fc
    .tuple(fc.constantFrom(...known.templates), fc.array(segment, { minLength: 3, maxLength: 3 }))
    .map(([template, segments]) => {
      let index = 0;
      return template.replace(/\*\*?|\{[^}]*\}/g, () => segments[index++] ?? 'x');
    });
  const changed = fc.oneof(
    { arbitrary: path, weight: 4 },
    path.map((text) => `${text}/`),
    path.map((text) => `/${text}`),
    path.map((text) => text.toUpperCase()),
    fc.tuple(path, segment).map(([text, more]) => `${text}/${more}`),
    fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
    fc.constantFrom('/', '*', '//', '/apportion.quotas.v1.CommissionsService/IssueCommission'),
  );
  return fc.tuple(changed, query).map(([text, more]) => text + more);
}

/** Printable or not: bytes that a header may be tried with. */
const headerValue = (known: Known) =>
  fc.oneof(
    fc.constantFrom(
      ...known.tokens,
      'application/json',
      'application/grpc',
      'application/JSON;x=y',
    ),
    fc.constantFrom(
      '',
      ' ',
      ',',
      '*/*',
      'gzip',
      '0',
      '-1',
      '1n',
      '99999999H',
      'trailers',
      'Bearer',
    ),
    fc.constantFrom('Token ', 'x'.repeat(8_000), '\xff\xfe', 'caf\xc3\xa9', 'a\tb', '"', '%00'),
    fc.string({ maxLength: 30 }).map((text) => text.replace(/[\r\n\0]/g, '')),
  );

const HEADER_NAMES = [
  ...['X-Auth-Token', 'Authorization', 'Content-Type', 'Idempotency-Key', 'Accept', 'X-Request-Id'],
  ...['x-rest-target', 'x-rest-method', 'x-http-code', 'x-rest-unreadable', 'x-rest-log'],
  ...['grpc-timeout', 'grpc-encoding', 'grpc-status', 'grpc-message', 'te', 'x-envoy-retry-on'],
  ...['OpenStack-API-Version', 'X-Forwarded-For', 'Cookie', 'Range', 'If-Match', 'grpc-trace-bin'],
  ...['x-envoy-upstream-rq-timeout-ms', 'x-http-method-override', 'grpc-accept-encoding', 'Origin'],
];

/** Header lines, possibly several of a name. */
export function headerLines(known: Known): fc.Arbitrary<readonly string[]> {
  return fc
    .array(fc.tuple(fc.constantFrom(...HEADER_NAMES), headerValue(known)), { maxLength: 6 })
    .chain((headers) =>
      fc
        .constantFrom('nimbus-token', ...known.tokens, '')
        .map((token) => [
          ...(token === '' ? [] : [`X-Auth-Token: ${token}`]),
          ...headers.map(([name, value]) => `${name}: ${value}`),
        ]),
    );
}

/** Metadata that Node lets pass. */
export function metadataEntries(
  known: Known,
): fc.Arbitrary<readonly (readonly [name: string, value: string])[]> {
  const printable = headerValue(known).map((value) => value.replace(/[^ -~]/g, '?').trim());
  const own = fc.tuple(
    fc.constantFrom('x-rest-target', 'x-rest-method', 'x-rest-unreadable', 'x-request-id'),
    fc.oneof(
      printable,
      fc.constantFrom(...known.templates, 'GET', 'POST', 'HEAD', 'idempotency-key'),
    ),
  );
  return fc.array(fc.oneof(own, fc.tuple(fc.constant('x-auth-token'), printable)), {
    maxLength: 3,
  });
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function field(number: number, wire: number, content: Uint8Array): Buffer {
  const tag = varint((BigInt(number) << 3n) | BigInt(wire));
  return Buffer.concat(
    wire === 2 ? [tag, varint(BigInt(content.length)), content] : [tag, content],
  );
}

const anyVarint = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(varint),
  fc.constantFrom(0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n).map(varint),
  // Too long to be one.
  fc.constant(Buffer.alloc(11, 0xff)),
);

function texts(known: Known): fc.Arbitrary<Buffer> {
  return fc.oneof(
    {
      arbitrary: hostileText(known).map((text) => Buffer.from(text.toWellFormed())),
      weight: 12,
    },
    { arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
    {
      arbitrary: fc.constantFrom(Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xff, 0xfe])),
      weight: 1,
    },
  );
}

/** Bytes that are nearly a message of any type. */
export function anyMessage(known: Known): fc.Arbitrary<Buffer> {
  const number = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 100, 536_870_911);
  const { message } = fc.letrec<{ message: Buffer; part: Buffer }>((tie) => ({
    part: fc.oneof(
      { depthSize: 'small' },
      fc.tuple(number, anyVarint).map(([at, bytes]) => field(at, 0, bytes)),
      fc.tuple(number, texts(known)).map(([at, bytes]) => field(at, 2, bytes)),
      fc
        .tuple(number, fc.uint8Array({ minLength: 8, maxLength: 8 }))
        .map(([at, bytes]) => field(at, 1, bytes)),
      fc
        .tuple(number, fc.uint8Array({ minLength: 4, maxLength: 4 }))
        .map(([at, bytes]) => field(at, 5, bytes)),
      fc
        .tuple(number, fc.constantFrom(3, 4, 6, 7))
        .map(([at, wire]) => field(at, wire, Buffer.alloc(0))),
      fc.tuple(number, tie('message')).map(([at, bytes]) => field(at, 2, bytes)),
    ),
    message: fc.array(tie('part'), { maxLength: 6 }).map((parts) => Buffer.concat(parts)),
  }));
  return fc.oneof(
    { arbitrary: message, weight: 6 },
    {
      arbitrary: fc
        .tuple(message, fc.nat())
        .map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1))),
      weight: 1,
    },
    { arbitrary: fc.constantFrom(1_000, 100_000).map(nested), weight: 1 },
  );
}

/** A message in a message in a message, as field 1. */
function nested(depth: number): Buffer {
  let length = 0;
  const pieces: Buffer[] = [];
  for (let level = 0; level < depth; level += 1) {
    const head = Buffer.concat([Buffer.from([0x0a]), varint(BigInt(length))]);
    pieces.push(head);
    length += head.length;
  }
  return Buffer.concat(pieces.reverse());
}

/** Bytes that are nearly a request of the ledger, so that much of them is understood. */
export function ledgerMessage(known: Known): fc.Arbitrary<Buffer> {
  const right = (text: string) => fc.constant(Buffer.from(text));
  const mostly = (one: fc.Arbitrary<Buffer>) =>
    fc.oneof({ arbitrary: one, weight: 4 }, { arbitrary: texts(known), weight: 1 });
  const provision = fc
    .tuple(
      mostly(right(`user:${known.user}`)),
      mostly(right(`project:${known.user}`)),
      mostly(right('nimbus.vm')),
      fc.oneof(fc.bigInt({ min: -3n, max: 5n }).map(varint), anyVarint),
    )
    .map(([holder, source, resource, quantity]) =>
      Buffer.concat([
        field(1, 2, holder),
        field(2, 2, source),
        field(3, 2, resource),
        field(4, 0, quantity),
      ]),
    );
  const duration = fc
    .tuple(anyVarint, anyVarint)
    .map(([seconds, nanos]) => Buffer.concat([field(1, 0, seconds), field(2, 0, nanos)]));
  const part = fc.oneof(
    { arbitrary: provision.map((bytes) => field(1, 2, bytes)), weight: 4 },
    fc.tuple(fc.constantFrom(1, 2, 3, 5), anyVarint).map(([at, bytes]) => field(at, 0, bytes)),
    fc.tuple(fc.constantFrom(2, 3, 4, 6), texts(known)).map(([at, bytes]) => field(at, 2, bytes)),
    fc.tuple(fc.constantFrom(3, 4, 7), duration).map(([at, bytes]) => field(at, 2, bytes)),
  );
  return fc.array(part, { maxLength: 6 }).map((parts) => Buffer.concat(parts));
}
