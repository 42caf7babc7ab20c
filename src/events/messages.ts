import type {
  ListEventsRequest,
  ListEventsResponse,
} from '../gen/apportion/events/v1/events_service.js';
import { invalid } from '../kernel/failure.js';
import { keyOfPageToken, pageTokenAfter } from '../kernel/page.js';
import { attempt, type Parsed } from '../kernel/parsed.js';
import { isCleanText } from '../kernel/text.js';
import { BEGINNING, type Position } from './domain/event.js';
import type { EventPage, ListEventsCommand } from './service.js';

/** The most events of one page. */
const LARGEST_PAGE = 1_000;

/** The first number that Postgres has no transaction id for. */
const XACT_END = 2n ** 64n;

/** The first number that is no id of an event. */
const ID_END = 2n ** 63n;

/** Returns the command of EventsService.ListEvents. */
export function listEventsFromMessage(request: ListEventsRequest): Parsed<ListEventsCommand> {
  return attempt(() => {
    const { pageSize, resumeToken, typePrefix, subject } = request;
    if (pageSize < 0) throw invalid('page_size must not be negative');
    if (!isCleanText(typePrefix)) throw invalid('type_prefix is no text that a type can have');
    if (!isCleanText(subject)) throw invalid('subject is no text that an id can have');
    return {
      size: pageSize === 0 ? LARGEST_PAGE : Math.min(pageSize, LARGEST_PAGE),
      after: resumeToken === '' ? BEGINNING : positionOf(resumeToken),
      typePrefix,
      subject,
    };
  });
}

/** Returns the answer of EventsService.ListEvents. */
export function eventPageToMessage({ events, next, hasMore }: EventPage): ListEventsResponse {
  return {
    events: events.map(({ id, at, type, subject, recipients, facts }) => ({
      id,
      time: at,
      type,
      subject,
      recipients: [...recipients],
      facts: { ...facts },
    })),
    resumeToken: pageTokenAfter([String(next.xact), String(next.id)]),
    more: hasMore,
  };
}

function positionOf(token: string): Position {
  const [xact, id, ...more] = (keyOfPageToken(token) ?? []).map(numberOf);
  if (xact === undefined || id === undefined || more.length > 0 || xact >= XACT_END || id >= ID_END)
    throw invalid('resume_token is not one of this list');
  return { xact, id };
}

function numberOf(text: string): bigint | undefined {
  return /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}
