import type { Tx } from '../db/tx.js';

/** Something that happened to a member of an image, for whoever listens. */
export interface ImageMemberEvent {
  readonly type: 'image.member.create' | 'image.member.update' | 'image.member.delete';
  /** Id of the image. */
  readonly subject: string;
  /** Ids of the owner and the member: who may hear of it. */
  readonly recipients: readonly string[];
  /** What happened, by documented key (specification, section 12). */
  readonly facts: Readonly<Record<string, string>>;
}

/** Records events in the transaction that makes them true. */
export type RecordEvents = (tx: Tx, events: readonly ImageMemberEvent[]) => Promise<void>;
