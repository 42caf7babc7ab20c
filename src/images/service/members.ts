import type { Batcher } from '../../db/batcher.js';
import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { CallContext } from '../../kernel/call-context.js';
import type { Page } from '../../kernel/page.js';
import { type Parsed, unwrap } from '../../kernel/parsed.js';
import { isCleanText } from '../../kernel/text.js';
import { type AccessRules, manages, requireSeen, requireShareable } from '../access.js';
import type { ImageCaller } from '../domain/caller.js';
import { imageNotFound, isImageId } from '../domain/image.js';
import type { ImageMember, MemberStatus } from '../domain/member.js';
import { admitsMembers } from '../domain/visibility.js';
import { findSharing, type ListedMember, listMembers, type Sharing } from '../storage/members.js';
import { memberNotFound, type SharingOperation } from './sharing.js';

/** What the use cases of members need. */
export interface MembersDeps {
  readonly database: Database;
  readonly batcher: Batcher<SharingOperation, ImageMember>;
  readonly rules: AccessRules;
}

/** Share an image with one more project. */
export interface CreateMemberCommand {
  readonly imageId: string;
  readonly member: Parsed<string>;
}

/** Name one member of an image. */
export interface MemberCommand {
  readonly imageId: string;
  readonly memberId: string;
}

/** Set a member's answer. */
export interface UpdateMemberCommand extends MemberCommand {
  /** The body, judged first, and in it the answer, judged last (section 3.4). */
  readonly body: Parsed<{ readonly status: Parsed<MemberStatus> }>;
}

/** List the members of an image; without a page, all of them. */
export interface ListMembersCommand {
  readonly imageId: string;
  readonly page: Parsed<Page<readonly string[]> | undefined>;
}

/** Members of an image, and whether there may be more. */
export interface MemberList {
  readonly members: readonly ListedMember[];
  readonly isFull: boolean;
}

/** The use cases of members. */
export interface Members {
  create(
    caller: ImageCaller,
    command: CreateMemberCommand,
    call: CallContext,
  ): Promise<ImageMember>;
  get(caller: ImageCaller, command: MemberCommand): Promise<ImageMember>;
  list(caller: ImageCaller, command: ListMembersCommand): Promise<MemberList>;
  update(
    caller: ImageCaller,
    command: UpdateMemberCommand,
    call: CallContext,
  ): Promise<ImageMember>;
  delete(caller: ImageCaller, command: MemberCommand, call: CallContext): Promise<void>;
}

/** Returns the use cases of members. */
export function createMembers({ database, batcher, rules }: MembersDeps): Members {
  const submit = (operation: SharingOperation, call: CallContext) => {
    refuseImpossible(operation);
    // Who has no project is alone with his kind.
    const submission = { callerKey: operation.caller.owner ?? '', ...callerOf(call) };
    return batcher.submit(operation, submission);
  };
  return {
    async create(caller, { imageId, member }, call) {
      return submit({ kind: 'create', caller, imageId, memberId: unwrap(member) }, call);
    },
    get: (caller, { imageId, memberId }) =>
      database.read(async (tx) => {
        const image = await seenImage(tx, caller, imageId);
        // Not as the other operations: what has no members says nothing about them (section 7.2).
        const isShown =
          admitsMembers(image.visibility, rules.memberVisibility) &&
          isCleanText(memberId) &&
          (manages(caller, image) || memberId === caller.owner);
        if (!isShown) throw memberNotFound({ imageId, memberId });
        const filter = { imageId, member: memberId, after: undefined, limit: undefined };
        const [found] = await listMembers(tx, filter);
        if (found === undefined) throw memberNotFound({ imageId, memberId });
        return found;
      }),
    async list(caller, { imageId, page }) {
      const { size, after } = unwrap(page) ?? {};
      return database.snapshot(async (tx) => {
        const image = await seenImage(tx, caller, imageId);
        requireShareable(image, rules.memberVisibility);
        const isManager = manages(caller, image);
        if (!isManager && caller.owner === null) return { members: [], isFull: false };
        const member = isManager ? undefined : (caller.owner ?? undefined);
        const members = await listMembers(tx, { imageId, member, after, limit: size });
        return { members, isFull: members.length === size };
      });
    },
    async update(caller, { imageId, memberId, body }, call) {
      const { status } = unwrap(body);
      return submit({ kind: 'update', caller, imageId, memberId, status }, call);
    },
    async delete(caller, { imageId, memberId }, call) {
      await submit({ kind: 'delete', caller, imageId, memberId }, call);
    },
  };
}

async function seenImage(tx: Tx, caller: ImageCaller, id: string): Promise<Sharing> {
  return requireSeen(caller, await findSharing(tx, id, caller.owner), id);
}

/** What no row can be named is not there; Postgres would not even take it. */
function refuseImpossible({ kind, imageId, memberId }: SharingOperation): void {
  if (!isImageId(imageId)) throw imageNotFound(imageId);
  if (kind !== 'create' && !isCleanText(memberId)) throw memberNotFound({ imageId, memberId });
}

function callerOf(call: CallContext) {
  return { deadline: call.deadline, isCancelled: () => call.isCancelled() };
}
