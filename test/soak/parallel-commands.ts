/** What random callers do to the ledger at the same time: the commands, and how one is carried out. */
import fc from 'fast-check';
import type { IssueCommissionRequest } from '../../src/gen/apportion/quotas/v1/commissions_service.js';
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';

/** Users, projects and resources that the commands are about, by position. */
export const USERS = 3;
export const PROJECTS = 2;
export const RESOURCES = ['nimbus.vm', 'nimbus.ram'] as const;

/** How many different calls are made again and again under a request id of their own. */
export const REPEATED_CALLS = 40;

/** A provision before it is known who is who; the user after the last one is the project itself. */
export interface ProvisionSketch {
  readonly user: number;
  readonly project: number;
  readonly resource: number;
  readonly quantity: number;
}

/** A commission before it is known who is who. */
export interface IssueSketch {
  readonly provisions: readonly ProvisionSketch[];
  readonly force: boolean;
  readonly autoAccept: boolean;
  readonly dryRun: boolean;
  /** In milliseconds; absent: never. */
  readonly expiresIn: number | undefined;
}

/** Stands for a commission of the component, counted from the latest one; every eighth is another's. */
export type SerialRef = number;

/** One thing that somebody does. */
export type Command =
  | ({ readonly kind: 'issue' } & IssueSketch)
  | { readonly kind: 'repeat'; readonly which: number; readonly isOther: boolean }
  | { readonly kind: 'settle'; readonly ref: SerialRef; readonly how: 'accept' | 'reject' }
  | {
      readonly kind: 'resolve';
      readonly accept: readonly SerialRef[];
      readonly reject: readonly SerialRef[];
    }
  | {
      readonly kind: 'capacity';
      readonly project: number;
      readonly resource: number;
      readonly ofProject: number;
      readonly ofMember: number;
    }
  | { readonly kind: 'suspend'; readonly project: number }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'read' };

const rarely = (times: number) =>
  fc.oneof(
    { arbitrary: fc.constant(false), weight: times - 1 },
    { arbitrary: fc.constant(true), weight: 1 },
  );

const provision: fc.Arbitrary<ProvisionSketch> = fc.record({
  user: fc.nat({ max: USERS }),
  project: fc.nat({ max: PROJECTS - 1 }),
  // One more than there are: a holding that does not exist.
  resource: fc.oneof(
    { arbitrary: fc.nat({ max: RESOURCES.length - 1 }), weight: 60 },
    { arbitrary: fc.constant(RESOURCES.length), weight: 1 },
  ),
  quantity: fc.oneof(
    { arbitrary: fc.integer({ min: 1, max: 5 }), weight: 5 },
    { arbitrary: fc.integer({ min: -4, max: 0 }), weight: 3 },
  ),
});

/** A commission; `dryRun` is for those that are not repeated. */
export const issueSketch: fc.Arbitrary<IssueSketch> = fc.record({
  provisions: fc.array(provision, { maxLength: 4 }),
  force: rarely(8),
  autoAccept: rarely(4),
  dryRun: rarely(16),
  expiresIn: fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 4 },
    { arbitrary: fc.integer({ min: 1, max: 400 }), weight: 1 },
  ),
});

// The latest ones are still pending, the others mostly not.
const ref = fc.oneof(
  { arbitrary: fc.nat({ max: 15 }), weight: 4 },
  { arbitrary: fc.nat({ max: 200 }), weight: 1 },
);
const refs = fc.array(ref, { maxLength: 6 });

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const kind = <K extends string>(name: K) => fc.constant(name);
const project = fc.nat({ max: PROJECTS - 1 });

/** What callers do. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  often(
    20,
    issueSketch.map((sketch) => ({ kind: 'issue' as const, ...sketch })),
  ),
  often(
    8,
    fc.record({
      kind: kind('repeat'),
      which: fc.nat({ max: REPEATED_CALLS - 1 }),
      isOther: rarely(8),
    }),
  ),
  often(6, fc.record({ kind: kind('settle'), ref, how: kind('accept') })),
  often(3, fc.record({ kind: kind('settle'), ref, how: kind('reject') })),
  often(8, fc.record({ kind: kind('resolve'), accept: refs, reject: refs })),
  often(
    2,
    fc.record({
      kind: kind('capacity'),
      project,
      resource: fc.nat({ max: RESOURCES.length - 1 }),
      ofProject: fc.nat({ max: 400 }),
      ofMember: fc.nat({ max: 150 }),
    }),
  ),
  often(1, fc.record({ kind: kind('suspend'), project })),
  often(2, fc.record({ kind: kind('sweep') })),
  often(2, fc.record({ kind: kind('read') })),
);

/** Who is who. */
export interface Cast {
  readonly users: readonly string[];
  readonly projects: readonly string[];
}

/** Marks names of forced commissions, because no table keeps the flag. */
const FORCED = ' by force';

/** Whether a commission of this name was issued by force. */
export function isForced(name: string): boolean {
  return name.endsWith(FORCED);
}

/** Returns the request of a sketched commission. */
export function requestFrom(
  sketch: IssueSketch,
  cast: Cast,
  label: string,
): Partial<IssueCommissionRequest> & { provisions: Provision[]; name: string } {
  const { force, autoAccept, dryRun, expiresIn } = sketch;
  return {
    provisions: sketch.provisions.map((provision) => provisionFrom(provision, cast)),
    name: force ? `${label}${FORCED}` : label,
    ...{ force, autoAccept, dryRun },
    ...(expiresIn !== undefined && { expiresIn: { seconds: 0n, nanos: expiresIn * 1_000_000 } }),
  };
}

function provisionFrom(sketch: ProvisionSketch, { users, projects }: Cast): Provision {
  const project = `project:${projects[sketch.project]!}`;
  const user = users[sketch.user];
  return {
    holder: user === undefined ? project : `user:${user}`,
    source: user === undefined ? undefined : project,
    resource: RESOURCES[sketch.resource] ?? 'nobody.knows',
    quantity: BigInt(sketch.quantity),
  };
}
