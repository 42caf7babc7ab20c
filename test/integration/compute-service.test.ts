// Goal: a component that keeps to sections 7 and 13 of the quota specification never loses track of
// quota, wherever it dies. Method: a compute service with machines and a journal of its own, on
// generated stubs and on plain REST; it is killed at every step, started again, and reconciles.
import { expect } from 'chai';
import {
  ComputeService,
  Crash,
  type CrashPoint,
  emptyDisk,
  type Machine,
  QuotaRefused,
  type ServiceDisk,
} from '../support/compute-service.js';
import { failureOf } from '../support/failure-of.js';
import { type LedgerFace, ledgerFaces } from '../support/ledger-faces.js';
import { createPerson, createProject, ofProject, ofUser, type Person } from '../support/people.js';
import type { Stack } from '../support/stack.js';
import { intervalOf } from '../support/stored-ledger.js';
import { startWorld } from '../support/world.js';

for (const name of ['gRPC', 'REST'] as const) {
  describe(`a compute service over ${name}`, () => {
    let stack: Stack;
    let ledger: LedgerFace;
    let alice: Person;
    let disk: ServiceDisk;

    before(async () => {
      stack = await startWorld();
      ledger = ledgerFaces(stack, 'nimbus-token')[name];
    });
    after(async () => {
      ledger.close();
      await stack.stop();
    });
    beforeEach(async () => {
      alice = await createPerson(stack);
      disk = emptyDisk();
    });
    afterEach(async () => {
      // What a case leaves pending would be settled by the next one's reconciliation.
      await ledger.resolve([], await ledger.pending());
    });

    const start = (crashPoint?: CrashPoint) => new ComputeService(ledger, disk, crashPoint);
    const machine = (label: string, more: Partial<Machine> = {}): Machine => ({
      ...{ name: label, owner: alice, project: alice.uuid, ram: 100n },
      ...more,
    });

    /** Settled and pending usage of the user and of the project, which must always be the same. */
    async function charged(resource: string, owner = alice, project = owner.uuid) {
      const ofOwner = await intervalOf(stack, ofUser(owner, resource, 0n, project));
      expect(await intervalOf(stack, ofProject(project, resource, 0n))).to.deep.equal(ofOwner);
      return ofOwner;
    }

    it('charges machines it boots and gives back those it destroys', async () => {
      const service = start();
      await service.boot(machine('m1'));
      await service.boot(machine('m2', { ram: 300n }));
      expect(await charged('nimbus.vm')).to.deep.equal([2n, 2n]);
      expect(await charged('nimbus.ram')).to.deep.equal([400n, 400n]);
      await service.destroy('m1');
      expect(await charged('nimbus.vm')).to.deep.equal([1n, 1n]);
      expect(await charged('nimbus.ram')).to.deep.equal([300n, 300n]);
      expect(disk.journal.size).to.equal(0);
    });

    it('gives back at once what a machine needed that found no host', async () => {
      await start().bootInVain(machine('m1'));
      expect(await charged('nimbus.vm')).to.deep.equal([0n, 0n]);
      expect(await ledger.pending()).to.deep.equal([]);
    });

    it('can tell its user how much is left when a machine does not fit', async () => {
      const service = start();
      await service.boot(machine('m1', { ram: 1000n }));
      const refusal = await refusalOf(service.boot(machine('m2')));
      expect(refusal.reason).to.equal('NO_CAPACITY');
      const { resource, quantity, usage, limit } = refusal.facts;
      expect([resource, quantity]).to.deep.equal(['nimbus.ram', '100']);
      expect(BigInt(limit ?? '') - BigInt(usage ?? '')).to.equal(24n);
      expect(await charged('nimbus.vm')).to.deep.equal([1n, 1n]);
      expect(disk.journal.size).to.equal(0);
    });

    it('can tell a user who is not in the project from one whose holding is missing', async () => {
      const bob = await createPerson(stack);
      const project = await createProject(stack, bob, [bob], {});
      const refusal = await refusalOf(start().boot(machine('m1', { project })));
      expect(refusal.reason).to.equal('NO_HOLDING');
      // Section 7: the user is known, and the project is not among the user's.
      const projects = (await ledger.quotasOf(alice.uuid)).map((counters) => counters.project);
      expect(new Set(projects)).to.deep.equal(new Set([alice.uuid]));
    });

    for (const [crashPoint, outcome] of [
      ['before the journal', { accepted: 0, rejected: 1, machines: 0n }],
      ['undecided', { accepted: 0, rejected: 1, machines: 0n }],
      ['decided', { accepted: 1, rejected: 0, machines: 1n }],
      ['settled', { accepted: 0, rejected: 0, machines: 1n }],
    ] as const) {
      it(`finds its way after a crash (${crashPoint})`, async () => {
        expect(await failureOf(start(crashPoint).boot(machine('m1')))).to.be.instanceOf(Crash);
        const reserved = crashPoint === 'settled' ? [1n, 1n] : [0n, 1n];
        expect(await charged('nimbus.vm')).to.deep.equal(reserved);
        const { machines, ...settled } = outcome;
        expect(await start().reconcileCommissions()).to.deep.equal(settled);
        expect(BigInt(disk.machines.size)).to.equal(machines);
        expect(await charged('nimbus.vm')).to.deep.equal([machines, machines]);
        expect(await charged('nimbus.ram')).to.deep.equal([100n * machines, 100n * machines]);
        expect(await ledger.pending()).to.deep.equal([]);
        // Once more does nothing: the journal is settled.
        expect(await start().reconcileCommissions()).to.deep.equal({ accepted: 0, rejected: 0 });
      });
    }

    it('settles what several lives left behind, each by its journal', async () => {
      const points = ['decided', 'before the journal', 'decided', 'undecided'] as const;
      for (const [index, point] of points.entries())
        await failureOf(start(point).boot(machine(`m${index}`)));
      expect(await ledger.pending()).to.have.length(4);
      expect(await start().reconcileCommissions()).to.deep.equal({ accepted: 2, rejected: 2 });
      expect(await charged('nimbus.vm')).to.deep.equal([2n, 2n]);
      expect([...disk.machines.keys()]).to.deep.equal(['m0', 'm2']);
    });

    it('settles many commissions of one request together', async () => {
      const machines = Array.from({ length: 8 }, (_, index) => machine(`m${index}`, { ram: 1n }));
      await start().bootTogether(machines);
      expect(await charged('nimbus.vm')).to.deep.equal([8n, 8n]);
      expect(disk.journal.size).to.equal(0);
    });

    it('moves a machine to another project, also within the same one at the limit', async () => {
      const project = await createProject(stack, alice, [alice], {
        'nimbus.vm': { project_capacity: 5, member_capacity: 5 },
        'nimbus.ram': { project_capacity: 500, member_capacity: 500 },
      });
      const service = start();
      await service.boot(machine('m1', { ram: 500n }));
      await service.reassign('m1', project);
      expect(await charged('nimbus.ram')).to.deep.equal([0n, 0n]);
      expect(await charged('nimbus.ram', alice, project)).to.deep.equal([500n, 500n]);
      await service.reassign('m1', project);
      expect(await charged('nimbus.ram', alice, project)).to.deep.equal([500n, 500n]);
    });

    it('makes the ledger agree with its machines, over limits and below usage', async () => {
      const bob = await createPerson(stack);
      const service = start();
      await service.boot(machine('m1'));
      await service.boot(machine('m2', { owner: bob, project: bob.uuid }));
      // Two machines that nobody charged, beyond the limit of 1024, and one that is gone.
      disk.machines.set('m3', machine('m3', { ram: 2000n }));
      disk.machines.delete('m2');
      const issued = await service.reconcileUsage([alice, bob]);
      expect(issued).to.have.length(8);
      expect(await charged('nimbus.vm')).to.deep.equal([2n, 2n]);
      expect(await charged('nimbus.ram')).to.deep.equal([2100n, 2100n]);
      expect(await charged('nimbus.ram', bob)).to.deep.equal([0n, 0n]);
      expect(await ledger.pending()).to.deep.equal([]);
      expect(await service.reconcileUsage([alice, bob])).to.deep.equal([]);
      const violated = (await ledger.quotasOf(alice.uuid)).filter(
        ({ usage, limit }) => usage > limit,
      );
      expect(violated.map(({ resource }) => resource)).to.deep.equal(['nimbus.ram']);
    });

    it('leaves counters alone while something is pending on them, and repairs them later', async () => {
      await failureOf(start('decided').boot(machine('m1')));
      disk.machines.set('m2', machine('m2'));
      const service = start();
      expect(await service.reconcileUsage([alice])).to.deep.equal([]);
      await service.reconcileCommissions();
      expect(await service.reconcileUsage([alice])).to.have.length(4);
      expect(await charged('nimbus.vm')).to.deep.equal([2n, 2n]);
    });

    it('charges nobody whom the ledger does not know', async () => {
      const stranger: Person = { uuid: 'stranger', token: '' };
      disk.machines.set('m1', machine('m1', { owner: stranger, project: stranger.uuid }));
      expect(await start().reconcileUsage([stranger, alice])).to.deep.equal([]);
      expect(await charged('nimbus.vm')).to.deep.equal([0n, 0n]);
    });
  });
}

async function refusalOf(work: Promise<unknown>): Promise<QuotaRefused> {
  const error = await failureOf(work);
  if (error instanceof QuotaRefused) return error;
  throw error;
}
