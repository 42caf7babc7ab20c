import type { HttpAnswer, HttpRequest } from '../../rpc/http.js';
import { type FaultFormat, faultFormat } from './accept.js';
import { IMAGES_JSON, identified } from './answers.js';
import { writeJson } from '../../rpc/json.js';

/** A fault before it is written in the form the client asks for. */
export interface Fault {
  readonly status: number;
  readonly explanation: string;
  /** What a general explanation leaves unsaid; default: nothing. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const CONTENT_TYPES: Readonly<Record<FaultFormat, string>> = {
  json: 'application/json',
  html: 'text/html; charset=UTF-8',
  text: 'text/plain; charset=UTF-8',
};

/** Returns a fault as HTML, JSON or text, as the request accepts it (section 3.3). */
export function faultAnswer(request: HttpRequest, fault: Fault): HttpAnswer {
  const format = faultFormat(request.headers['accept']);
  const answer = {
    status: fault.status,
    headers: fault.headers ?? {},
    contentType: CONTENT_TYPES[format],
    body: WRITERS[format](fault),
  };
  // Whoever is not authenticated gets no request id.
  return fault.status === 401 ? answer : identified(answer, request);
}

const WRITERS: Readonly<Record<FaultFormat, (fault: Fault) => string>> = {
  json(fault) {
    const title = titleOf(fault);
    return writeJson(
      { message: bodyOf(fault, String), code: `${fault.status} ${title}`, title },
      IMAGES_JSON,
    );
  },
  html(fault) {
    const line = `${fault.status} ${titleOf(fault)}`;
    const body = bodyOf(fault, escapeHtml);
    return `<html>\n <head>\n  <title>${line}</title>\n </head>\n <body>\n  <h1>${line}</h1>\n  ${body}\n </body>\n</html>`;
  },
  text(fault) {
    return `${fault.status} ${titleOf(fault)}\n\n${withoutTags(bodyOf(fault, String))}`;
  },
};

function titleOf({ status }: Fault): string {
  return TITLES[status] ?? 'Error';
}

function bodyOf({ explanation, detail = '' }: Fault, escape: (text: string) => string): string {
  return `${escape(explanation)}<br /><br />\n${escape(detail)}\n\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

function withoutTags(body: string): string {
  return body
    .replace(/\r?\n/g, ' ')
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<[^<>]*>/g, '');
}
