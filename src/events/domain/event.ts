/**
 * Invariant: an event is readable once no transaction is left that could still record one in front of
 * it; so a position that was once handed out never has unread events before it.
 */

/** Something that happened and that others may want to hear of. */
export interface NewEvent {
  /** Dotted, lower-case, the slice first: `project.application.submitted`. */
  readonly type: string;
  /** Id of what it is about. */
  readonly subject: string;
  /** Whom it concerns: uuids of users, or names of configured lists; may be empty. */
  readonly recipients: readonly string[];
  /** What else a reader needs to act on it; no secrets. Kept out of the log. */
  readonly facts: Readonly<Record<string, string>>;
}

/** An event as it is stored. */
export interface RecordedEvent extends NewEvent {
  readonly id: bigint;
  readonly at: Date;
}

/** What the log says of an event: no names, addresses and texts, only ids. */
export type EventLine = Pick<RecordedEvent, 'id' | 'type' | 'subject' | 'recipients'>;

/** A place in the order of events: the id of the transaction, then the id of the event. */
export interface Position {
  readonly xact: bigint;
  readonly id: bigint;
}

/** Before every event. */
export const BEGINNING: Position = { xact: 0n, id: 0n };

/** Whether `a` comes before `b`. */
export function isBefore(a: Position, b: Position): boolean {
  return a.xact === b.xact ? a.id < b.id : a.xact < b.xact;
}
