import type {
  AcceptOptions,
  HangUpOptions,
  InboundLeg,
  InviteRequest,
  LegEvent,
  ReferRequest,
  RejectOptions,
} from '../../src/signaling/port.js';

export const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 30000 RTP/AVP 0 8 101',
  'a=rtpmap:101 telephone-event/8000',
  '',
].join('\r\n');

export const PCMA_ANSWER = OFFER.replace('0 8 101', '8 101');

/** An INVITE without a network; writes down what the call does with it. */
export class FakeLeg implements InboundLeg {
  readonly direction = 'inbound';
  readonly callId = 'call@test';
  readonly localAddress = '127.0.0.1';
  readonly invite: InviteRequest;
  /** What the call did, in order: `180`, `183`, `200`, `reject 503`, `hang-up`, `refer`, `reoffer`, `info 5`. */
  readonly actions: string[] = [];
  readonly descriptions: string[] = [];
  readonly referrals: ReferRequest[] = [];
  /** Thrown by `refer`. */
  referralError: Error | undefined;
  /** Thrown by `sendDigit`. */
  digitError: Error | undefined;
  rejection: RejectOptions | undefined;
  acceptance: AcceptOptions | undefined;
  farewell: HangUpOptions | undefined;
  #listener: ((event: LegEvent) => void) | undefined;

  constructor(invite: Partial<InviteRequest> = {}) {
    this.invite = {
      callId: this.callId,
      requestUser: '2000',
      requestUri: 'sip:2000@127.0.0.1',
      toUser: '2000',
      fromUser: 'alice',
      fromDisplayName: '',
      headers: new Map(),
      source: { protocol: 'udp', address: '127.0.0.1', port: 5060 },
      receivedAtMs: 0,
      sdp: OFFER,
      ...invite,
    };
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#listener = listener;
  }

  ring(status: 180 | 183, sdp?: string): void {
    this.actions.push(String(status));
    if (sdp !== undefined) this.descriptions.push(sdp);
  }

  accept(sdp: string, options?: AcceptOptions): void {
    this.actions.push('200');
    this.acceptance = options;
    this.descriptions.push(sdp);
  }

  reject(status: number, options?: RejectOptions): void {
    this.actions.push(`reject ${status}`);
    this.rejection = options;
    this.emit({ type: 'ended', end: { by: 'local', status, text: '' } });
  }

  hangUp(options?: HangUpOptions): void {
    this.farewell = options;
    this.actions.push(`hang-up ${options?.reason ?? ''}`.trim());
    this.emit({ type: 'ended', end: { by: 'local', status: 200, text: '' } });
  }

  /** Writes it down; the test says what becomes of it by `emit({ type: 'transfer', ... })`. */
  refer(request: ReferRequest): void {
    if (this.referralError) throw this.referralError;
    this.actions.push('refer');
    this.referrals.push(request);
  }

  /** The same for an offer: `emit({ type: 'reoffered', ... })`. */
  reoffer(sdp: string | (() => string)): void {
    this.actions.push('reoffer');
    this.descriptions.push(typeof sdp === 'string' ? sdp : sdp());
  }

  sendDigit(digit: string): void {
    if (this.digitError) throw this.digitError;
    this.actions.push(`info ${digit}`);
  }

  emit(event: LegEvent): void {
    this.#listener?.(event);
  }
}
