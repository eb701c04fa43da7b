import { reasonPhrase } from '../message/reason-phrases.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { MiClient, MiOutcome } from './mi/mi-client.js';

/** What a request or a response of ours carries. */
export interface SessionContent {
  readonly headers?: HeaderList;
  readonly body?: string;
  /** Of the body; `application/sdp` when absent. */
  readonly contentType?: string;
}

/** b2b_entities writes header fields into a buffer of 1,024 bytes, its own Contact included; a longer one is refused. */
export const MAX_EXTRA_BYTES = 800;

/**
 * The commands for one session of OpenSIPS. They leave one after the other: over MI a 200 could overtake its 180. Those
 * that OpenSIPS forgives twice are repeated while no answer comes: a reply with the status that was sent already is
 * ignored by it, a request to a peer would be sent again.
 */
export class UaSession {
  readonly key: string;
  readonly #mi: MiClient;
  /** The last command, settled or not. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(mi: MiClient, key: string) {
    this.#mi = mi;
    this.key = key;
  }

  /** Answers the request of that method that waits. */
  reply(method: string, status: number, phrase?: string, content: SessionContent = {}): Promise<MiOutcome> {
    const reason = phrase === undefined || phrase === '' ? reasonPhrase(status) : phrase;
    const params = { key: this.key, method, code: status, reason, ...contentParams(content) };
    return this.#enqueue(() => this.#mi.call('ua_session_reply', params, status >= 200));
  }

  /** Sends a request in the dialog; its responses come as events. */
  request(method: string, content: SessionContent = {}): Promise<MiOutcome> {
    const params = { key: this.key, method, ...contentParams(content) };
    return this.#enqueue(() => this.#mi.call('ua_session_update', params, false));
  }

  /** BYE, or CANCEL for an unanswered session of ours, and OpenSIPS forgets it. Does no harm where there is none. */
  terminate(): Promise<MiOutcome> {
    return this.#enqueue(() => this.#mi.call('ua_session_terminate', { key: this.key }, true));
  }

  /** Where OpenSIPS has got to, or that it knows nothing of this session. Outside the order of the other commands. */
  async state(): Promise<SessionState> {
    const outcome = await this.#mi.call('ua_session_list', { key: this.key }, true);
    if (outcome.type === 'refused' && outcome.code === NOT_FOUND) return 'gone';
    const state = outcome.type === 'done' ? Object(outcome.result)['state'] : undefined;
    return typeof state === 'number' ? (states[state] ?? 'unknown') : 'unknown';
  }

  #enqueue(send: () => Promise<MiOutcome>): Promise<MiOutcome> {
    const outcome = this.#last.then(send);
    this.#last = outcome;
    return outcome;
  }
}

/**
 * Of the keys of sessions, the one that OpenSIPS takes this one for: it looks for a session by the two numbers a key begins
 * with, so that a request of the same Call-ID with another To tag of the same beginning is one of that session.
 */
export function keyTakenFor(key: string, keys: Iterable<string>): string | undefined {
  const entry = entryOf(key);
  if (entry === undefined) return undefined;
  for (const other of keys) if (entryOf(other) === entry) return other;
  return undefined;
}

const entryOf = (key: string): string | undefined => /^B2B\.\d+\.\d+(?=\.)/.exec(key)?.[0];

/** `unknown`: OpenSIPS did not say. */
export type SessionState = 'early' | 'confirmed' | 'established' | 'modified' | 'terminated' | 'gone' | 'unknown';

const NOT_FOUND = 404;

/** enum b2b_state of b2b_entities/dlg.h, the same from 3.2 to 4.0. `established`: the ACK is there. */
const states: readonly SessionState[] = [
  'unknown',
  'early',
  'early',
  'early',
  'confirmed',
  'established',
  'modified',
  'terminated',
];

/**
 * `content_type` is a whole header line. Header fields without a body are copied from nowhere by b2b_entities
 * (ua_build_hdrs), so an empty body of no type goes with them.
 */
function contentParams({ headers, body, contentType }: SessionContent): Readonly<Record<string, string>> {
  const extra = extraHeaders(headers);
  const type = contentType === undefined ? {} : { content_type: `Content-Type: ${contentType}\r\n` };
  if (body !== undefined && body !== '') return { body, ...type, ...(extra !== '' && { extra_headers: extra }) };
  return extra === '' ? {} : { body: '', content_type: '', extra_headers: extra };
}

/** As many of the fields as there is room for, the first ones first. */
function extraHeaders(headers: HeaderList | undefined): string {
  let text = '';
  for (const [name, value] of headers ?? []) {
    const line = `${name}: ${value}\r\n`;
    if (Buffer.byteLength(text) + Buffer.byteLength(line) <= MAX_EXTRA_BYTES) text += line;
  }
  return text;
}
