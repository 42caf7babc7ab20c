import type { Settled } from '../../db/batcher.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { Failure, notFound } from '../../kernel/failure.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import {
  type AccessRules,
  forbidden,
  manages,
  requireManager,
  requireSeen,
  requireShareable,
  requireWriter,
  type SeenImage,
} from '../access.js';
import type { ImageCaller } from '../domain/caller.js';
import { type ImageLimits, refuseBeyond } from '../domain/limits.js';
import type { ImageMember, MemberStatus } from '../domain/member.js';
import type { ImageMemberEvent, RecordEvents } from '../events.js';
import {
  type MemberKey,
  type OpenedSharing,
  openSharing,
  writeSharing,
} from '../storage/members.js';

/** One change of the members of an image. */
export type SharingOperation = MemberKey & { readonly caller: ImageCaller } & (
    | { readonly kind: 'create' }
    | { readonly kind: 'update'; readonly status: Parsed<MemberStatus> }
    | { readonly kind: 'delete' }
  );

/** What the changes of members are judged and recorded with. */
export interface SharingOptions {
  readonly clock: Clock;
  readonly limits: ImageLimits;
  readonly rules: AccessRules;
  readonly recordEvents: RecordEvents;
}

/**
 * Judges and writes a batch of operations in arrival order, behind the locks of all images named;
 * each sees what those before it did, and is accepted or refused alone. Returns the member each
 * operation was about, as it was left or as it was before it was taken out.
 */
export async function writeSharingBatch(
  tx: Tx,
  operations: readonly SharingOperation[],
  options: SharingOptions,
): Promise<readonly Settled<ImageMember>[]> {
  const keys = operations.flatMap(({ imageId, memberId, caller }) => [
    { imageId, memberId },
    // Whether the caller is a member decides whether he sees the image.
    ...(caller.owner === null ? [] : [{ imageId, memberId: caller.owner }]),
  ]);
  const counted = operations.flatMap(({ kind, imageId }) => (kind === 'create' ? [imageId] : []));
  const opened = await openSharing(tx, keys, [...new Set(counted)]);
  const batch = new SharingBatch(opened, options);
  const outcomes = operations.map((operation) => batch.run(operation));
  await batch.write(tx);
  return outcomes;
}

/** The images and members of one batch, as they are after the operations judged so far. */
class SharingBatch {
  readonly #before = new Map<string, ImageMember>();
  readonly #members = new Map<string, ImageMember>();
  readonly #counts: Map<string, number>;
  readonly #images: Map<string, Omit<SeenImage, 'isMember'>>;
  readonly #promoted = new Set<string>();
  readonly #events: ImageMemberEvent[] = [];
  readonly #at: Date;

  constructor(
    opened: OpenedSharing,
    private readonly options: SharingOptions,
  ) {
    this.#at = options.clock.now();
    this.#counts = new Map(opened.counts);
    this.#images = new Map([...opened.images].map(([id, image]) => [id, { ...image, id }]));
    for (const member of opened.members) {
      this.#before.set(keyOf(member), member);
      this.#members.set(keyOf(member), member);
    }
  }

  run(operation: SharingOperation): Settled<ImageMember> {
    try {
      return { ok: true, value: this.#judge(operation) };
    } catch (error) {
      if (error instanceof Failure) return { ok: false, failure: error };
      throw error;
    }
  }

  /** Writes what differs from the beginning, one row per member, and tells of every change. */
  async write(tx: Tx): Promise<void> {
    const kept = [...this.#members.values()].filter(
      (after) => after !== this.#before.get(keyOf(after)),
    );
    const removed = [...this.#before.values()].filter((one) => !this.#members.has(keyOf(one)));
    await writeSharing(tx, { kept, removed, promoted: [...this.#promoted].sort(), at: this.#at });
    if (this.#events.length > 0) await this.options.recordEvents(tx, this.#events);
  }

  /** In the documented order of checks (section 3.4, from 7 on). */
  #judge(operation: SharingOperation): ImageMember {
    const { caller, imageId } = operation;
    const isMember =
      caller.owner !== null && this.#members.has(keyOf({ imageId, memberId: caller.owner }));
    const found = this.#images.get(imageId);
    const image = requireSeen(caller, found && { ...found, isMember }, imageId);
    requireShareable(image, this.options.rules.memberVisibility);
    switch (operation.kind) {
      case 'create':
        return this.#create(operation, image);
      case 'update':
        return this.#update(operation, image, operation.status);
      case 'delete':
        return this.#delete(operation, image);
    }
  }

  #create({ caller, memberId }: SharingOperation, image: SeenImage): ImageMember {
    requireManager(caller, image);
    const count = this.#counts.get(image.id) ?? 0;
    // Before the question whether it is a member already: the documented order.
    refuseBeyond(this.options.limits, 'members', { before: count, after: count + 1 }, image.id);
    const key = { imageId: image.id, memberId };
    if (this.#members.has(keyOf(key))) throw duplicate(key);
    const member: ImageMember = {
      ...key,
      status: 'pending',
      createdAt: this.#at,
      updatedAt: this.#at,
    };
    this.#members.set(keyOf(key), member);
    this.#counts.set(image.id, count + 1);
    if (image.visibility === 'private') {
      this.#images.set(image.id, { ...image, visibility: 'shared' });
      this.#promoted.add(image.id);
    }
    this.#tell('image.member.create', image, member);
    return member;
  }

  #update(
    { caller, memberId }: SharingOperation,
    image: SeenImage,
    status: Parsed<MemberStatus>,
  ): ImageMember {
    const member = this.#visibleMember(caller, image, memberId);
    requireWriter(caller);
    if (manages(caller, image) && !caller.isAdmin)
      throw forbidden('The owner of an image may not answer for its members.');
    const answer = unwrap(status);
    // The same answer again is no change, and moves no time.
    if (answer === member.status) return member;
    const after = { ...member, status: answer, updatedAt: this.#at };
    this.#members.set(keyOf(after), after);
    this.#tell('image.member.update', image, after);
    return after;
  }

  #delete({ caller, memberId }: SharingOperation, image: SeenImage): ImageMember {
    const member = this.#visibleMember(caller, image, memberId);
    requireManager(caller, image);
    this.#members.delete(keyOf(member));
    const count = this.#counts.get(image.id);
    if (count !== undefined) this.#counts.set(image.id, count - 1);
    this.#tell('image.member.delete', image, member);
    return member;
  }

  #visibleMember(caller: ImageCaller, image: SeenImage, memberId: string): ImageMember {
    const member = this.#members.get(keyOf({ imageId: image.id, memberId }));
    if (member === undefined || !(manages(caller, image) || memberId === caller.owner))
      throw memberNotFound({ imageId: image.id, memberId });
    return member;
  }

  #tell(type: ImageMemberEvent['type'], image: SeenImage, member: ImageMember): void {
    const recipients = [...new Set([image.owner, member.memberId])].filter((id) => id !== null);
    this.#events.push({
      type,
      subject: image.id,
      recipients,
      facts: { image_id: image.id, member_id: member.memberId, status: member.status },
    });
  }
}

/** Image ids have no spaces. */
function keyOf({ imageId, memberId }: MemberKey): string {
  return `${imageId} ${memberId}`;
}

/** Returns the failure of a member that is not there, or that the caller may not know of. */
export function memberNotFound({ imageId, memberId }: MemberKey): Failure {
  return notFound(
    'image_member',
    memberId,
    `${memberId} not found in the member list of the image ${imageId}.`,
  );
}

function duplicate({ imageId, memberId }: MemberKey): Failure {
  return new Failure(
    'already-exists',
    'ALREADY_EXISTS',
    `Image member ${memberId} already exists for image ${imageId}`,
    { kind: 'image_member', id: memberId },
  );
}
