import { errorMessage } from '../../../base/connector-error.js';
import { toTagOf } from '../../dialog-id.js';
import { reasonPhrase } from '../../message/reason-phrases.js';
import type { SipRequest } from '../../message/sip-message.js';
import type { SipSource } from '../../port.js';
import { readServerMessage } from './server-message.js';
import { type Content, toSrfHeaders } from './srf-headers.js';
import type { SrfHeaders, SrfMessage, SrfRequest, SrfResponse, SrfWay } from './srf-module.js';

/** What came of a response of ours. */
export type SentResponse =
  /** It left. `dialogId` is the server's name of the dialog, `''` for none; `message` is what was sent. */
  | { readonly type: 'sent'; readonly dialogId: string; readonly message: string }
  /** The server did not send it, in its own words: the INVITE was cancelled, the peer's connection is gone ... */
  | { readonly type: 'refused'; readonly text: string };

/** What stands around a request that came. */
export interface ServerRequestParts {
  readonly srfRequest: SrfRequest;
  readonly srfResponse: SrfResponse;
  readonly request: SipRequest;
  /** Status and reason, where the request is not sound. */
  readonly malformed: { readonly status: number; readonly reason: string } | undefined;
  readonly source: SipSource;
  /** {@link Clock.now} at its arrival. */
  readonly receivedAtMs: number;
  /** The server is given a message; to be called when it has told what came of it, and all that follows is written. */
  readonly handOver: () => () => void;
}

/** A request of a peer, which the server handed to us. */
export class ServerRequest {
  readonly request: SipRequest;
  readonly malformed: ServerRequestParts['malformed'];
  readonly source: SipSource;
  readonly receivedAtMs: number;
  readonly #parts: ServerRequestParts;
  readonly #onSettled: (() => void)[] = [];
  #finished = false;

  constructor(parts: ServerRequestParts) {
    this.#parts = parts;
    this.request = parts.request;
    this.malformed = parts.malformed;
    this.source = parts.source;
    this.receivedAtMs = parts.receivedAtMs;
    unfold(parts.srfResponse);
  }

  /** The server's name of the dialog; `''` outside of any. */
  get dialogId(): string {
    return this.#parts.srfRequest.stackDialogId ?? '';
  }

  /**
   * The connection it came by is lost, and a final response of ours perhaps with it: 503 by this one. The server refuses that where it
   * has sent another.
   */
  refuseBy(way: SrfWay): void {
    Object.assign(this.#parts.srfResponse, way, { finished: false });
    this.#finished = false;
    this.respond(503);
  }

  /** Nothing is to be answered, now or by another connection: drachtio-srf forgets it, too. */
  ignore(): void {
    const { srfRequest } = this.#parts;
    this.#finished = true;
    const pending = srfRequest.agent.mapServer.get(srfRequest.socket)?.pendingNetworkInvites;
    for (const [callId, { req }] of pending ?? []) if (req === srfRequest) pending?.delete(callId);
    for (const listener of this.#onSettled) listener();
  }

  /** The server sent this request to the peer by itself, and only lets us know: a BYE after a missing ACK. */
  get isServers(): boolean {
    return this.#parts.srfRequest.source === 'application';
  }

  /** An INVITE: its CANCEL, which the server has answered, and the INVITE with 487. */
  onCancel(listener: (raw: string) => void): void {
    this.#parts.srfRequest.on('cancel', (cancel: SrfMessage) => listener(cancel.raw));
  }

  /** Something came of the final response, or a CANCEL was quicker; not where the connection is lost first. */
  onSettled(listener: () => void): void {
    this.#onSettled.push(listener);
    this.onCancel(listener);
  }

  /** An INVITE: an UPDATE before its final response. Where nobody listens, drachtio-srf answers 500. */
  onUpdate(listener: (request: SrfRequest, response: SrfResponse) => void): void {
    this.#parts.srfRequest.on('update', listener);
  }

  /**
   * Hands a response to the server; `done` hears once what came of it, never while this runs, and not at all where the
   * connection is lost first. After a final response, nothing more is sent.
   */
  respond(
    status: number,
    content: Content & { readonly phrase?: string } = {},
    done?: (sent: SentResponse) => void,
  ): void {
    if (this.#finished) return;
    if (status >= 200) this.#finished = true;
    const headers = toSrfHeaders(content);
    const phrase = content.phrase ?? reasonPhrase(status);
    if (headers === undefined) this.#send(500, reasonPhrase(500), {}, undefined, done);
    else this.#send(status, phrase, headers, content.body, done);
  }

  #send(
    status: number,
    phrase: string,
    headers: SrfHeaders,
    body: string | undefined,
    done: ((sent: SentResponse) => void) | undefined,
  ): void {
    const { srfResponse, handOver } = this.#parts;
    const told = handOver();
    const settle = (error: unknown, sent?: SrfMessage) => {
      if (error) done?.({ type: 'refused', text: errorMessage(error) });
      else done?.({ type: 'sent', dialogId: srfResponse.stackDialogId ?? '', message: sent?.raw ?? '' });
      if (this.#finished) for (const listener of this.#onSettled) listener();
      told();
    };
    const content = body === undefined ? { headers } : { headers, body };
    try {
      srfResponse.send(status, phrase, content, settle);
    } catch {
      // It throws at a status it has not heard of. RFC 3261 section 8.1.3.2 reads such a one as its x00.
      srfResponse.send(Math.floor(status / 100) * 100, phrase, content, settle);
    }
  }
}

/** Our tag in a response that was sent: the server chose it. */
export function sentTag(message: string): string {
  const parsed = readServerMessage(message);
  return parsed.type === 'message' ? (toTagOf(parsed.message) ?? '') : '';
}

/**
 * drachtio-srf copies Call-ID, CSeq, From and To into its responses as they came, and the server reads header fields line by
 * line: of one that the caller has folded (RFC 3261 section 7.3.1) it would take the first line, and the next for a field of
 * ours, whatever the caller has written there.
 */
function unfold({ headers }: SrfResponse): void {
  for (const [name, value] of Object.entries(headers)) {
    // Not in one expression with the blanks around a line end: of a run of blanks it would try each, with all that follow.
    const lines = value.split(/[\r\n]+/);
    if (lines.length > 1) headers[name] = lines.map((line) => line.trim()).join(' ');
  }
}
