import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { ALLOW, RELIABLE_TAG, SDP_TYPE } from '../capabilities.js';
import { reasonText } from '../end-text.js';
import { LegEvents } from '../leg-events.js';
import { hasOptionTag, parseDecimal } from '../message/lexical.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { SipRequest } from '../message/sip-message.js';
import { parseMessage } from '../message/sip-parser.js';
import type {
  AcceptOptions,
  HangUpOptions,
  InboundLeg,
  InviteRequest,
  LegEnd,
  LegEvent,
  ReferRequest,
  RejectOptions,
} from '../port.js';
import { encodeUser, finalStatus, rejectionOf } from '../rejection.js';
import type { Offer } from '../reoffers.js';
import { CallDialog, type DialogIdentity } from './call-dialog.js';
import type { HeaderList } from './header-list.js';
import type { ServerCalls } from './server-calls.js';
import type { SentResponse, ServerRequest } from './server-request.js';

/** An unreadable or absurd Expires: 2^32-1 s is RFC 3261's own limit. */
const MAX_EXPIRES_SECONDS = 2 ** 32 - 1;

/** Characters of the user part in Contact: the server's own buffer for that field has 255. */
const MAX_CONTACT_USER = 128;

/** One INVITE that a drachtio server handed to us, from its first provisional response to the end of its dialog. */
export class ServerUasLeg implements InboundLeg {
  readonly direction = 'inbound';
  readonly callId: string;
  readonly localAddress: string;
  readonly invite: InviteRequest;
  /** {@link mergeKeyOf} its INVITE. */
  readonly mergeKey: string;
  readonly #calls: ServerCalls;
  readonly #request: ServerRequest;
  readonly #events: LegEvents;
  readonly #dialog: CallDialog;
  readonly #mode: 'plain' | 'reliable' | 'none';
  #pending = true;
  /** A reliable provisional response carried our answer: the 200 carries none (RFC 3262 section 5). */
  #answered = false;
  #expiry: TimerHandle | undefined;
  #ringRepeat: TimerHandle | undefined;

  constructor(calls: ServerCalls, request: ServerRequest, invite: InviteRequest) {
    this.callId = invite.callId;
    this.localAddress = calls.localAddressTo(invite.source.address);
    this.invite = invite;
    this.mergeKey = mergeKeyOf(request.request);
    this.#calls = calls;
    this.#request = request;
    this.#mode = provisionalMode(request.request, invite.sdp !== undefined);
    this.#events = new LegEvents((error) => this.refuseAfterFault(error));
    this.#dialog = new CallDialog(calls, 'inbound', {
      onAcked: (sdp) => this.#events.emit({ type: 'acked', sdp }),
      onOffer: (sdp, reply) => this.#events.emit({ type: 'offer', sdp, reply }),
      onDigit: (digit, durationMs) => this.#events.emit({ type: 'digit', digit, durationMs }),
      onTransfer: (status, final) => this.#events.emit({ type: 'transfer', status, final }),
      onReoffered: (status, sdp) => this.#events.emit({ type: 'reoffered', status, sdp }),
      onEnded: (end) => this.#ended(end),
    });
    // The server names a dialog by the Call-ID and the tag in From; it may ask in it before we have answered.
    request.onCancel((raw) => this.#cancelled(raw));
    request.onUpdate((update, response) => calls.session.adopt(update, response));
    this.#startExpiry();
  }

  get replaceableDialog(): DialogIdentity | undefined {
    return this.#dialog.replaceableDialog;
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#events.listen(listener);
  }

  ring(status: 180 | 183, sdp?: string): void {
    if (this.#pending && this.#mode !== 'none') this.#sendProvisional(status, sdp);
  }

  accept(sdp: string, options: AcceptOptions = {}): void {
    checkHeaderFields(options.headers);
    if (!this.#pending) return;
    this.#settle();
    this.#dialog.confirmByAcceptance(this.#request.request, this.invite.sdp === undefined);
    const headers = [...this.#dialog.acceptanceHeaders(this.#request.request), ...(options.headers ?? [])];
    const body = this.#answered ? {} : { contentType: SDP_TYPE, body: sdp };
    this.#request.respond(200, { headers, ...body }, (sent) => this.#onAccepted(sent));
  }

  reject(status: number, options?: RejectOptions): void {
    const rejection = rejectionOf(options);
    if (!this.#pending) return;
    const final = finalStatus(status);
    this.#settle();
    this.#dialog.forget();
    this.#request.respond(final, rejection);
    this.#calls.removeLeg(this);
    this.#events.endLater({ by: 'local', status: final, text: '' });
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.#pending) this.reject(options.status ?? 480, options);
    else this.#dialog.hangUp(options);
  }

  refer(request: ReferRequest): void {
    this.#dialog.refer(request);
  }

  reoffer(sdp: Offer): void {
    this.#dialog.reoffer(sdp);
  }

  sendDigit(digit: string, durationMs: number): void {
    this.#dialog.sendDigit(digit, durationMs);
  }

  /** The driver closes: refuses or sends BYE at once, without waiting for an ACK. */
  shutDown(): void {
    if (this.#pending) this.reject(503);
    else this.#dialog.sendBye({}, { by: 'local', status: 0, text: '' });
  }

  /** The connection with the server is gone, and the server ends the call towards the peer when it is asked next. */
  lose(): void {
    this.#settle();
    this.#dialog.forget();
    this.#ended({ by: 'transport', status: 0, text: '' });
  }

  /** A handler or listener threw: a caller who still waits gets 500. */
  refuseAfterFault(error: unknown): void {
    this.#calls.fault(error);
    this.reject(500);
  }

  #sendProvisional(status: 180 | 183, sdp: string | undefined): void {
    const headers: HeaderList = [['Allow', ALLOW], ...this.#contact()];
    this.#answered ||= this.#mode === 'reliable' && sdp !== undefined;
    const content = sdp === undefined ? { headers } : { headers, contentType: SDP_TYPE, body: sdp };
    this.#request.respond(status, content, (sent) => {
      if (sent.type === 'sent') this.#dialog.enter(sent.dialogId);
    });
    this.#repeatRinging(status, sdp);
  }

  /**
   * Whom the caller asks in the early dialog (RFC 3261 section 12.1.1): to a 2xx alone the server adds that by itself, here it
   * puts its own address in the place of `localhost`.
   */
  #contact(): HeaderList {
    const { requestUser, source } = this.invite;
    const encoded = encodeUser(requestUser);
    const user = encoded === '' || encoded.length > MAX_CONTACT_USER ? 'connector' : encoded;
    const transport = source.protocol === 'udp' ? '' : `;transport=${source.protocol}`;
    // A caller of a `sips:` URI, or from one, is to find nothing less (section 12.1.1).
    const { uri, headers } = this.#request.request;
    const theirs = parseNameAddr(headers.get('Contact') ?? '')?.uri ?? '';
    const scheme = [uri, theirs].some((one) => /^sips:/i.test(one)) ? 'sips' : 'sip';
    return [['Contact', `<${scheme}:${user}@localhost${transport}>`]];
  }

  #onAccepted(sent: SentResponse): void {
    if (sent.type === 'sent') {
      this.#dialog.enter(sent.dialogId);
      this.#dialog.identify({
        callId: this.callId,
        localTag: sentTag(sent.message),
        remoteTag: fromTag(this.#request.request),
      });
      return;
    }
    this.#dialog.forget();
    // A CANCEL was quicker than our 200, and the server has answered both; or the caller's connection is gone.
    const end: LegEnd = /transaction/i.test(sent.text)
      ? { by: 'peer', status: 487, text: '' }
      : { by: 'transport', status: 0, text: '' };
    this.#ended(end);
  }

  #cancelled(raw: string): void {
    if (!this.#pending) return;
    const parsed = parseMessage(Buffer.from(raw, 'utf8'), 'udp');
    const isRequest = parsed.type === 'message' && parsed.message.kind === 'request';
    const text = isRequest ? reasonText(parsed.message) : '';
    this.#settle();
    this.#dialog.forget();
    this.#ended({ by: 'peer', status: 487, text });
  }

  #ended(end: LegEnd): void {
    // BYE in an early dialog: its INVITE still waits for an answer (RFC 3261 section 15.1.2).
    if (this.#pending) {
      this.#settle();
      this.#request.respond(487);
      this.#ended({ ...end, status: 487 });
      return;
    }
    this.#calls.removeLeg(this);
    if (end.by === 'local') this.#events.endLater(end);
    else this.#events.end(end);
  }

  #settle(): void {
    this.#pending = false;
    this.#calls.clock.clearTimeout(this.#expiry);
    this.#calls.clock.clearTimeout(this.#ringRepeat);
  }

  #startExpiry(): void {
    const { clock, limits } = this.#calls;
    const expires = parseDecimal(this.#request.request.headers.get('Expires') ?? '', MAX_EXPIRES_SECONDS);
    const expiresMs = (expires ?? Number.POSITIVE_INFINITY) * 1000;
    // RFC 3261 section 13.3.1: the caller has lost interest by then. 0 is read as "no limit", as others do.
    this.#expiry =
      expiresMs > 0 && expiresMs <= limits.maxPendingMs
        ? clock.setTimeout(() => this.#expire(), expiresMs)
        : clock.setTimeout(() => this.reject(480), limits.maxPendingMs);
  }

  #expire(): void {
    this.#settle();
    this.#dialog.forget();
    this.#request.respond(487);
    this.#ended({ by: 'peer', status: 487, text: '' });
  }

  /** So often that proxies keep waiting (RFC 3261 section 13.3.1.1). */
  #repeatRinging(status: 180 | 183, sdp: string | undefined): void {
    const { clock, limits } = this.#calls;
    clock.clearTimeout(this.#ringRepeat);
    this.#ringRepeat = clock.setTimeout(() => {
      if (this.#pending) this.#sendProvisional(status, sdp);
    }, limits.ringRepeatMs);
  }
}

/** What an INVITE that came twice, by different ways, has in common (RFC 3261 section 8.2.2.2). */
export function mergeKeyOf(invite: SipRequest): string {
  const { headers } = invite;
  return `${headers.get('Call-ID')}\n${headers.get('CSeq')}\n${fromTag(invite)}`;
}

/**
 * How provisional responses go out. `reliable`: the caller insists, and the server (v0.9.10) numbers and repeats each, and
 * answers its PRACK, without being asked. It must not be asked: with `Require: 100rel` in a response of ours it dies when
 * the INVITE gets its final response, or is cancelled, before the PRACK. So a caller who merely supports them gets plain
 * ones. `none`: the first would have to carry our offer (RFC 3262 section 5).
 */
function provisionalMode({ headers }: SipRequest, offered: boolean): 'plain' | 'reliable' | 'none' {
  if (!hasOptionTag(headers.getAll('Require'), RELIABLE_TAG)) return 'plain';
  return offered ? 'reliable' : 'none';
}

function fromTag(request: SipRequest): string {
  return parseNameAddr(request.headers.get('From') ?? '')?.tag ?? '';
}

/** Our tag, which the server chose. */
function sentTag(message: string): string {
  const parsed = parseMessage(Buffer.from(message, 'utf8'), 'udp');
  if (parsed.type !== 'message') return '';
  return parseNameAddr(parsed.message.headers.get('To') ?? '')?.tag ?? '';
}
