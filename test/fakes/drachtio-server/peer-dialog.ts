import { randomBytes, randomUUID } from 'node:crypto';
import type { Application, SipFrame } from './application.js';
import { encodeFrame } from './frames.js';
import { OwnRequest } from './own-request.js';
import { header, methodOf, readSip, type SipText, statusOf, tagOf, writeSip } from './sip-text.js';
import { WaitingList } from './waiting-list.js';

/** Where the peers of the fake are, as the server reports them. */
export interface PeerAddress {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Content {
  readonly headers?: Fields;
  readonly contentType?: string;
  readonly body?: string;
  /** Of an INVITE outside of a dialog: bytes on the wire, where they are no UTF-8. */
  readonly encoding?: 'latin1';
}

/** What a server does wrong with the next message of the application. */
export type Fault =
  /** It says so, in these words. */
  | { readonly type: 'refuse'; readonly text: string }
  /** It says nothing at all. */
  | { readonly type: 'ignore' };

/**
 * One dialog between a peer and the application, with the server in between: the server keeps its numbers and tags, and
 * hands over everything else. `peer` is whom a test plays.
 */
export class PeerDialog {
  readonly callId: string;
  readonly peerTag: string;
  /** The application's side of it. */
  ownTag: string;
  /** Who speaks in it: whoever did last. */
  application: Application;
  readonly #peer: PeerAddress;
  readonly #peerUri: string;
  readonly #ownUri: string;
  /** Transactions of the peer that wait for the application: by id, the request. */
  readonly #incoming = new Map<string, { readonly request: string; readonly method: string }>();
  readonly #responses = new WaitingList<SipText & { readonly to: string }>();
  readonly #requests = new WaitingList<OwnRequest>();
  readonly #faults: Fault[] = [];
  readonly #peerName: string;
  readonly #onDeath: () => void;
  /** What the server has sent to the INVITE so far. */
  #progress: 'nothing' | 'provisional' | 'final' = 'nothing';
  /** The application has asked for a reliable response, and its PRACK is not there. */
  #prackMissing = false;
  #peerCSeq = 0;
  #ownCSeq = 0;
  /** Of the INVITE that was answered 2xx last. */
  #ackCSeq = 1;
  #inviteTransaction = '';
  #answered = false;
  #over = false;

  constructor(parts: {
    readonly application: Application;
    readonly peer: PeerAddress;
    readonly peerUri: string;
    readonly ownUri: string;
    readonly callId?: string;
    readonly ownTag?: string;
    readonly peerName?: string;
    /** The application did what the server does not survive. */
    readonly onDeath: () => void;
  }) {
    this.application = parts.application;
    this.#peer = parts.peer;
    this.#peerUri = parts.peerUri;
    this.#ownUri = parts.ownUri;
    this.#peerName = parts.peerName ?? '"A peer"';
    this.#onDeath = parts.onDeath;
    this.callId = parts.callId ?? randomUUID();
    this.peerTag = randomBytes(6).toString('hex');
    this.ownTag = parts.ownTag ?? randomBytes(6).toString('hex');
    this.#ownCSeq = parts.ownTag === undefined ? 105_000_000 : 1;
  }

  /** As the server names it: by the Call-ID and the tag of whoever sent the INVITE. */
  get id(): string {
    const tag = this.#inviteTransaction === '' ? this.ownTag : this.peerTag;
    return `${this.callId};from-tag=${tag}`;
  }

  /** What goes wrong with the next message of the application in this dialog. */
  failNext(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** The INVITE of a peer, outside of a dialog. */
  invite(content: Content = {}): void {
    this.#peerCSeq += 1;
    const { frame, transactionId } = this.#compose('INVITE', content, false);
    this.#inviteTransaction = transactionId;
    this.application.send(frame);
  }

  /**
   * The same INVITE once more, by another way: merged, RFC 3261 section 8.2.2.2. After the first response the server loses it.
   */
  again(content: Content = {}): void {
    if (this.#progress === 'nothing') this.application.send(this.#compose('INVITE', content, false).frame);
  }

  /** Another request of the peer outside of a dialog. */
  outside(method: string, content: Content = {}): void {
    this.#peerCSeq += 1;
    this.application.send(this.#compose(method, content, false).frame);
  }

  /** A request of the peer in the dialog, unless the server answers it by itself; several can be sent in one piece with {@link burst}. */
  request(method: string, content: Content = {}): void {
    if (method === 'PRACK') this.#prackMissing = false;
    const frame = this.#inside(method, content);
    if (!isTooBrief(method, content)) this.application.send(frame);
  }

  /** UPDATE of the far end before an INVITE of the application is answered: it has the name of that transaction. */
  update(transactionId: string, content: Content = {}): void {
    this.#peerCSeq += 1;
    const message = this.#write('UPDATE', content, true);
    this.#incoming.set(transactionId, { request: message, method: 'UPDATE' });
    this.application.send(this.#frame(message, transactionId, this.id));
  }

  /** A request whose CSeq is below the last: the server hands it over all the same. */
  late(method: string): void {
    this.application.send(this.#compose(method, {}, true, this.#peerCSeq - 1).frame);
  }

  burst(...requests: readonly (readonly [method: string, content?: Content])[]): void {
    this.application.send(...requests.map(([method, content]) => this.#inside(method, content ?? {})));
  }

  /** The peer's ACK of a 2xx of the application. */
  ack(sdp?: string): void {
    const content = sdp === undefined ? {} : { contentType: 'application/sdp', body: sdp };
    this.application.send(this.#compose('ACK', content, true, this.#ackCSeq).frame);
  }

  /** CANCEL of the peer's INVITE: the server has answered both by the time the application hears of it. */
  cancel(headers: Fields = []): void {
    if (this.#dies()) return;
    const message = this.#write('CANCEL', { headers }, this.#answered);
    this.#over = true;
    this.application.send(this.#frame(message, this.#inviteTransaction, this.id));
  }

  /** The server itself ends the dialog with BYE, and lets the application know. */
  serversBye(text: string): void {
    this.#over = true;
    const reason = `SIP ;cause=200 ;text="${text}"`;
    const message = writeSip(`BYE ${this.#peerUri} SIP/2.0`, [
      ['Via', 'SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK8vQ2Dp9KvSpFr'],
      ['Max-Forwards', '70'],
      ['From', `<${this.#ownUri}>;tag=${this.ownTag}`],
      ['To', `<${this.#peerUri}>;tag=${this.peerTag}`],
      ['Call-ID', this.callId],
      ['CSeq', `${this.#ownCSeq + 1} BYE`],
      ['Reason', reason],
    ]);
    this.application.send(this.#frame(message, 'unsolicited', this.id, 'application'));
  }

  /** The next response of the application to a request of the peer. */
  async response(status: number, method = 'INVITE'): Promise<SipText> {
    return this.#responses.next((one) => one.to === method && statusOf(one) === status, `${status} to ${method}`);
  }

  /** The next request of the application in this dialog. */
  async own(method: string): Promise<OwnRequest> {
    return this.#requests.next(({ message }) => methodOf(message) === method, method);
  }

  get unseen(): number {
    return this.#requests.length + this.#responses.length;
  }

  /** Whether a frame of the application belongs here. */
  owns(frame: SipFrame): boolean {
    if (frame.transactionId !== '' && this.#incoming.has(frame.transactionId)) return true;
    return frame.dialogId !== '' && frame.dialogId === this.id;
  }

  /** The application wants something sent. */
  take(frame: SipFrame): void {
    const fault = this.#faults.shift();
    if (fault?.type === 'ignore') return;
    if (fault?.type === 'refuse') {
      this.application.send(this.application.answer(frame.id, 'NOK', fault.text));
      return;
    }
    const message = readSip(frame.message);
    if (statusOf(message) > 0) this.#takeResponse(frame, message);
    else this.#takeRequest(frame, message);
  }

  #takeResponse(frame: SipFrame, message: SipText): void {
    const transaction = this.#incoming.get(frame.transactionId);
    const status = statusOf(message);
    const isInvite = transaction?.method === 'INVITE';
    if (transaction === undefined || (this.#over && isInvite)) {
      this.#refuse(frame, 'Response not sent due to unknown transaction');
      return;
    }
    if (!isSingleLine(message)) {
      this.#refuse(frame, 'Unknown server error sending response');
      return;
    }
    if (status >= 200) this.#incoming.delete(frame.transactionId);
    const isSuccess = status >= 200 && status < 300;
    if (isInvite && isSuccess) this.#answered = true;
    const request = readSip(transaction.request);
    const asked = hasReliableTag(message);
    if (isInvite) {
      if (status >= 200 && this.#dies()) return;
      this.#prackMissing ||= asked;
      this.#progress = status >= 200 ? 'final' : 'provisional';
    }
    const reliable = isInvite && status > 100 && status < 200 && (asked || hasReliableTag(request));
    if (isInvite && isSuccess) this.#ackCSeq = Number((header(request, 'cseq') ?? '').split(' ')[0]);
    const sent = writeSip(
      message.startLine,
      [
        ['Via', header(request, 'via') ?? ''],
        ['From', header(request, 'from') ?? ''],
        ['To', tagged(header(request, 'to') ?? '', this.ownTag)],
        ['Call-ID', this.callId],
        ['CSeq', header(request, 'cseq') ?? ''],
        ...(isInvite && isSuccess ? [['Contact', `<${this.#ownUri}>`] as const] : []),
        ...message.headers
          .filter(([name]) => !copied.has(name) && !(reliable && name === 'require'))
          .map(([name, value]) => [name, value.replace('@localhost', '@127.0.0.1:5060')] as const),
        ...(reliable
          ? ([
              ['Require', '100rel'],
              ['RSeq', '1'],
            ] as const)
          : []),
      ],
      message.body,
    );
    // A transaction that is over has no transport any more, and BYE no dialog.
    const isInside = tagOf(header(request, 'to') ?? '') !== '' && transaction.method !== 'BYE';
    const [dialogId, protocol] = isInvite ? [this.id, this.#peer.protocol] : [isInside ? this.id : '', ''];
    const meta = this.#meta('application', sent, protocol);
    const fields = [...meta, frame.transactionId, dialogId, '', 'Msg sent:', ''];
    this.application.send(encodeFrame([randomUUID(), 'response', frame.id, 'OK', ...fields], sent));
    this.#responses.add({ ...readSip(sent), to: transaction.method });
  }

  #takeRequest(frame: SipFrame, message: SipText): void {
    const method = methodOf(message);
    if (this.#over) {
      this.#refuse(frame, 'Server error: unable to find dialog for dialog id provided');
      return;
    }
    if (method !== 'ACK') this.#ownCSeq += 1;
    const transactionId = randomUUID();
    const sent = writeSip(
      `${method} ${this.#peerUri} SIP/2.0`,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK${randomBytes(6).toString('hex')}`],
        ['Max-Forwards', '70'],
        ['From', `<${this.#ownUri}>;tag=${this.ownTag}`],
        ['To', `<${this.#peerUri}>;tag=${this.peerTag}`],
        ['Call-ID', this.callId],
        ['CSeq', `${this.#ownCSeq} ${method}`],
        ...message.headers.filter(([name]) => !copied.has(name)),
      ],
      message.body,
    );
    const fields = [...this.#meta('application', sent), transactionId, 'Msg sent:', ''];
    this.application.send(encodeFrame([randomUUID(), 'response', frame.id, 'OK', ...fields], sent));
    this.#requests.add(new OwnRequest(readSip(sent), (answer) => this.#respond(answer, transactionId)));
  }

  /** The peer answers a request of the application. */
  #respond(message: string, transactionId: string): void {
    // One that is challenged may come again.
    const challenged = [401, 407].includes(statusOf(readSip(message)));
    if (methodOfCSeq(message) === 'BYE' && !challenged) this.#over = true;
    this.application.send(this.#frame(message, transactionId, this.id));
  }

  /** v0.9.10 reads the PRACK that is missing when the INVITE ends, and ends itself. */
  #dies(): boolean {
    if (this.#prackMissing) this.#onDeath();
    return this.#prackMissing;
  }

  #refuse({ id }: SipFrame, text: string): void {
    this.application.send(this.application.answer(id, 'NOK', text));
  }

  #inside(method: string, content: Content): Buffer {
    this.#peerCSeq += 1;
    if (method === 'BYE') this.#over = true;
    return this.#compose(method, content, true).frame;
  }

  #compose(
    method: string,
    content: Content,
    inside: boolean,
    cseq = this.#peerCSeq,
  ): { readonly frame: Buffer; readonly transactionId: string } {
    const message = this.#write(method, content, inside, cseq);
    const transactionId = randomUUID();
    if (method !== 'ACK') this.#incoming.set(transactionId, { request: message, method });
    if (inside) {
      const protocol = method === 'ACK' ? '' : this.#peer.protocol;
      return { frame: this.#frame(message, transactionId, this.id, 'network', protocol), transactionId };
    }
    const fields = [...this.#meta('network', message), transactionId, '', '127.0.0.1', '5060', ''];
    return { frame: encodeFrame([randomUUID(), 'sip', ...fields], message, content.encoding), transactionId };
  }

  #write(
    method: string,
    { headers = [], contentType, body, encoding }: Content,
    inside: boolean,
    cseq = this.#peerCSeq,
  ): string {
    const { protocol, address, port } = this.#peer;
    return writeSip(
      `${method} ${this.#ownUri} SIP/2.0`,
      [
        ['Via', `SIP/2.0/${protocol.toUpperCase()} ${address}:${port};branch=z9hG4bK${randomBytes(6).toString('hex')}`],
        ['Max-Forwards', '70'],
        ['From', `${this.#peerName} <${this.#peerUri}>;tag=${this.peerTag}`],
        ['To', inside ? `<${this.#ownUri}>;tag=${this.ownTag}` : `<${this.#ownUri}>`],
        ['Call-ID', this.callId],
        ['CSeq', `${cseq} ${method}`],
        ...(headers.some(([name]) => name === 'Contact')
          ? []
          : [['Contact', `<sip:peer@${address}:${port}>`] as const]),
        ...headers,
        ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
      ],
      body,
      encoding,
    );
  }

  #frame(
    message: string,
    transactionId: string,
    dialogId: string,
    source: 'network' | 'application' = 'network',
    protocol = this.#peer.protocol,
  ): Buffer {
    const meta = this.#meta(source, message, protocol);
    return encodeFrame([randomUUID(), 'sip', ...meta, transactionId, dialogId, ''], message);
  }

  #meta(source: 'network' | 'application', message: string, protocol = this.#peer.protocol): readonly string[] {
    const { address, port } = this.#peer;
    return [source, String(Buffer.byteLength(message)), protocol, address, String(port), '10:20:30.405060'];
  }
}

/** What the server writes by itself, whatever the application says. */
const copied: ReadonlySet<string> = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'content-length', 'max-forwards']);

export function tagged(address: string, tag: string): string {
  return address.includes(';tag=') ? address : `${address};tag=${tag}`;
}

/** The server reads field by field: one that goes on in the next line is cut there. */
function isSingleLine(message: SipText): boolean {
  const from = header(message, 'from');
  return from === undefined || from.includes('>');
}

/** The server refuses it with 422 by itself, and tells nobody. */
function isTooBrief(method: string, { headers = [] }: Content): boolean {
  const expires = headers.find(([name]) => name === 'Session-Expires')?.[1];
  return (method === 'INVITE' || method === 'UPDATE') && expires !== undefined && Number.parseInt(expires, 10) < 90;
}

function hasReliableTag(message: SipText): boolean {
  return (header(message, 'require') ?? '').includes('100rel');
}

function methodOfCSeq(message: string): string {
  return (header(readSip(message), 'cseq') ?? '').split(' ')[1] ?? '';
}
