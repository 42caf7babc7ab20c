// Goal: every change of a member is told once, with whom it concerns, in the transaction that makes it so
// (image specification, sections 6 and 12). Method: batches on a real database with a recorder that keeps
// what it is told; one that fails takes the change back.
import { expect } from 'chai';
import { Database } from '../../src/db/database.js';
import type { AccessRules } from '../../src/images/access.js';
import type { ImageMemberEvent, RecordEvents } from '../../src/images/events.js';
import { type SharingOperation, writeSharingBatch } from '../../src/images/service/sharing.js';
import { systemClock } from '../../src/kernel/clock.js';
import { parsed } from '../../src/kernel/parsed.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const IMAGE = '00000000-0000-0000-0000-000000000001';
const RULES: AccessRules = {
  ownerIdentity: 'project',
  roleEnforcement: false,
  memberVisibility: 'seed',
};
const LIMITS = { members: 128, properties: 128, tags: 128, nameLength: 255 };

function caller(owner: string) {
  return { owner, isAdmin: false, mayRead: true, mayWrite: true };
}

describe('events of image members', () => {
  let testDatabase: TestDatabase;
  let database: Database;

  before(async () => {
    testDatabase = await createTestDatabase();
    database = new Database({ url: testDatabase.url, poolSize: 2 });
  });
  after(async () => {
    await database.close();
    await testDatabase.drop();
  });
  beforeEach(async () => {
    await testDatabase.query('delete from image_members');
    await testDatabase.query('delete from images');
    await testDatabase.query(
      `insert into images (id, owner, created_at, updated_at) values ($1, 'o', now(), now())`,
      [IMAGE],
    );
  });

  function write(operations: readonly SharingOperation[], recordEvents: RecordEvents) {
    const options = { clock: systemClock, limits: LIMITS, rules: RULES, recordEvents };
    return database.transact((tx) => writeSharingBatch(tx, operations, options), {
      pipelined: true,
    });
  }

  const create = (owner: string): SharingOperation => ({
    ...{ kind: 'create', caller: caller(owner), imageId: IMAGE, memberId: 'm' },
  });
  const answer = (status: 'pending' | 'accepted'): SharingOperation => ({
    ...{ kind: 'update', caller: caller('m'), imageId: IMAGE, memberId: 'm' },
    status: parsed(status),
  });
  const remove: SharingOperation = {
    ...{ kind: 'delete', caller: caller('o'), imageId: IMAGE, memberId: 'm' },
  };

  it('tell of every change and of nothing that was refused or changed nothing', async () => {
    const told: ImageMemberEvent[] = [];
    const outcomes = await write(
      [create('o'), create('o'), create('x'), answer('pending'), answer('accepted'), remove],
      (_tx, events) => {
        told.push(...events);
        return Promise.resolve();
      },
    );
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, false, false, true, true, true]);
    const about = { subject: IMAGE, recipients: ['o', 'm'] };
    const facts = { image_id: IMAGE, member_id: 'm' };
    expect(told).to.deep.equal([
      { type: 'image.member.create', ...about, facts: { ...facts, status: 'pending' } },
      { type: 'image.member.update', ...about, facts: { ...facts, status: 'accepted' } },
      { type: 'image.member.delete', ...about, facts: { ...facts, status: 'accepted' } },
    ]);
  });

  it('are part of the change: without them there is none', async () => {
    const failed = await write([create('o')], () => Promise.reject(new Error('no outbox'))).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).to.have.property('message', 'no outbox');
    expect(await testDatabase.query('select from image_members')).to.have.length(0);
  });

  it('are not asked for when nothing happened', async () => {
    let asked = 0;
    const count: RecordEvents = () => {
      asked += 1;
      return Promise.resolve();
    };
    const outcomes = await write([remove, create('x')], count);
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([false, false]);
    expect(asked).to.equal(0);
  });
});
