/**
 * A component as the quota specification describes them (section 13): it keeps machines and a journal
 * of its own, charges them to the ledger in two phases, and reconciles after a crash.
 */
import type { Provision } from '../../src/gen/apportion/quotas/v1/quotas.js';
import type { LedgerFace } from './ledger-faces.js';
import { ofProject, ofUser, type Person } from './people.js';

/** A machine, charged to a user's share of a project and to the project. */
export interface Machine {
  readonly name: string;
  readonly owner: Person;
  readonly project: string;
  /** In bytes. */
  readonly ram: bigint;
}

/** What the service keeps on its disk: it survives a crash. */
export interface ServiceDisk {
  readonly machines: Map<string, Machine>;
  /** What is to become of a commission, by its serial, as far as it was decided. */
  readonly journal: Map<bigint, 'undecided' | 'accept' | 'reject'>;
}

/** Where the service may die while it boots a machine. */
export type CrashPoint = 'before the journal' | 'undecided' | 'decided' | 'settled';

/** The service died; whatever it had not written down is gone. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** The ledger said no. */
export class QuotaRefused extends Error {
  constructor(
    readonly reason: string,
    readonly facts: Readonly<Record<string, string>>,
  ) {
    super(`refused: ${reason}`);
  }
}

/** Returns an empty disk. */
export function emptyDisk(): ServiceDisk {
  return { machines: new Map(), journal: new Map() };
}

/** One life of the service; after a crash the next one begins on the same disk. */
export class ComputeService {
  constructor(
    private readonly ledger: LedgerFace,
    private readonly disk: ServiceDisk,
    private readonly crashPoint?: CrashPoint,
  ) {}

  /** Boots a machine (section 13, item 1). */
  async boot(machine: Machine): Promise<void> {
    const serial = await this.#issue(`boot ${machine.name}`, provisionsOf(machine, 1n));
    this.#mayCrash('undecided');
    this.disk.machines.set(machine.name, machine);
    this.disk.journal.set(serial, 'accept');
    this.#mayCrash('decided');
    await this.#settleJournalled();
  }

  /** Tries to boot a machine and finds no host for it: what was reserved is given back. */
  async bootInVain(machine: Machine): Promise<void> {
    const serial = await this.#issue(`boot ${machine.name}`, provisionsOf(machine, 1n));
    this.disk.journal.set(serial, 'reject');
    await this.#settleJournalled();
  }

  /** Destroys a machine and gives its quota back. */
  async destroy(name: string): Promise<void> {
    const machine = this.disk.machines.get(name);
    if (machine === undefined) throw new Error(`There is no ${name}`);
    const serial = await this.#issue(`destroy ${name}`, provisionsOf(machine, -1n));
    this.disk.machines.delete(name);
    this.disk.journal.set(serial, 'accept');
    await this.#settleJournalled();
  }

  /** Boots many machines with one commission each and settles them together (item 2). */
  async bootTogether(machines: readonly Machine[]): Promise<void> {
    const serials = await Promise.all(
      machines.map((machine) => this.#issue(`boot ${machine.name}`, provisionsOf(machine, 1n))),
    );
    for (const machine of machines) this.disk.machines.set(machine.name, machine);
    for (const serial of serials) this.disk.journal.set(serial, 'accept');
    await this.#settleJournalled();
  }

  /** Moves a machine to another project with one commission (item 6). */
  async reassign(name: string, project: string): Promise<void> {
    const machine = this.disk.machines.get(name);
    if (machine === undefined) throw new Error(`There is no ${name}`);
    const moved = { ...machine, project };
    const provisions = [...provisionsOf(machine, -1n), ...provisionsOf(moved, 1n)];
    const serial = await this.#issue(`reassign ${name}`, provisions);
    this.disk.machines.set(name, moved);
    this.disk.journal.set(serial, 'accept');
    await this.#settleJournalled();
  }

  /** Settles what a crash left pending: by the journal, all others are rejected (item 3). */
  async reconcileCommissions(): Promise<{ accepted: number; rejected: number }> {
    const pending = await this.ledger.pending();
    const accept = pending.filter((serial) => this.disk.journal.get(serial) === 'accept');
    const reject = pending.filter((serial) => this.disk.journal.get(serial) !== 'accept');
    const resolved = await this.ledger.resolve(accept, reject);
    // Whatever is not pending any more was settled by an earlier life.
    this.disk.journal.clear();
    return { accepted: resolved.accepted.length, rejected: resolved.rejected.length };
  }

  /**
   * Makes the ledger agree with the machines there are (item 4): differences of all users and
   * projects in one commission; counters with something pending are left for the next time, and
   * whom the ledger does not know is not charged. Returns what was issued.
   */
  async reconcileUsage(people: readonly Person[]): Promise<readonly Provision[]> {
    const differences: Provision[] = [];
    for (const owner of people) {
      for (const counters of await this.ledger.quotasOf(owner.uuid)) {
        const { project, resource, usage, pending } = counters;
        if (pending !== 0n) continue;
        const own = this.#usage(resource, (one) => one.owner === owner && one.project === project);
        differences.push(ofUser(owner, resource, own - usage, project));
      }
    }
    const projects = new Set(people.map(({ uuid }) => uuid));
    for (const { project } of this.disk.machines.values()) projects.add(project);
    for (const project of projects) {
      for (const { resource, usage, pending } of await this.ledger.projectQuotasOf(project)) {
        if (pending !== 0n) continue;
        const own = this.#usage(resource, (one) => one.project === project);
        differences.push(ofProject(project, resource, own - usage));
      }
    }
    const provisions = differences.filter(({ quantity }) => quantity !== 0n);
    if (provisions.length === 0) return [];
    const options = { name: 'reconcile', autoAccept: true, force: true };
    const issued = await this.ledger.issue(provisions, options);
    if ('refused' in issued) throw new QuotaRefused(issued.refused, issued.facts);
    return provisions;
  }

  #usage(resource: string, counts: (machine: Machine) => boolean): bigint {
    let sum = 0n;
    for (const machine of this.disk.machines.values())
      if (counts(machine)) sum += amountOf(machine, resource);
    return sum;
  }

  async #issue(name: string, provisions: readonly Provision[]): Promise<bigint> {
    const issued = await this.ledger.issue(provisions, { name });
    if ('refused' in issued) throw new QuotaRefused(issued.refused, issued.facts);
    this.#mayCrash('before the journal');
    this.disk.journal.set(issued.serial, 'undecided');
    return issued.serial;
  }

  async #settleJournalled(): Promise<void> {
    const decided = (how: string) =>
      [...this.disk.journal].flatMap(([serial, decision]) => (decision === how ? [serial] : []));
    const { accepted, rejected } = await this.ledger.resolve(decided('accept'), decided('reject'));
    this.#mayCrash('settled');
    for (const serial of [...accepted, ...rejected]) this.disk.journal.delete(serial);
  }

  #mayCrash(point: CrashPoint): void {
    if (this.crashPoint === point) throw new Crash(point);
  }
}

/** Both charges of every resource a machine takes, or gives back when the sign is negative. */
function provisionsOf(machine: Machine, sign: bigint): readonly Provision[] {
  return ['nimbus.vm', 'nimbus.ram'].flatMap((resource) => {
    const quantity = sign * amountOf(machine, resource);
    return [
      ofUser(machine.owner, resource, quantity, machine.project),
      ofProject(machine.project, resource, quantity),
    ];
  });
}

function amountOf(machine: Machine, resource: string): bigint {
  if (resource === 'nimbus.vm') return 1n;
  return resource === 'nimbus.ram' ? machine.ram : 0n;
}
