import type {
  HangUpOptions,
  LegEvent,
  OfferReply,
  OutboundLeg,
  OutboundRequest,
  ReferRequest,
} from '../../src/signaling/port.js';

/** An INVITE of ours without a network: the test says what becomes of it by `emit`. */
export class FakeOutboundLeg implements OutboundLeg {
  readonly direction = 'outbound';
  readonly callId = 'second@test';
  readonly localAddress = '127.0.0.1';
  readonly request: OutboundRequest;
  readonly offer: string;
  /** By INFO: `5 160`. */
  readonly digits: string[] = [];
  /** Thrown by `sendDigit`. */
  digitError: Error | undefined;
  readonly farewells: (HangUpOptions | undefined)[] = [];
  #listener: ((event: LegEvent) => void) | undefined;

  constructor(request: OutboundRequest) {
    this.request = request;
    this.offer = typeof request.sdp === 'string' ? request.sdp : request.sdp(this.localAddress);
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#listener = listener;
  }

  hangUp(options?: HangUpOptions): void {
    this.farewells.push(options);
  }

  refer(_request: ReferRequest): void {}

  reoffer(): void {}

  sendDigit(digit: string, durationMs: number): void {
    if (this.digitError) throw this.digitError;
    this.digits.push(`${digit} ${durationMs}`);
  }

  /** 200 with an answer to our offer. */
  answer(): void {
    this.emit({ type: 'answered', sdp: this.offer.replace(/^m=audio \d+/m, 'm=audio 31000') });
  }

  offered(sdp: string | undefined): readonly string[] {
    const said: string[] = [];
    const reply: OfferReply = { accept: (answer) => said.push(answer), reject: (status) => said.push(String(status)) };
    this.emit({ type: 'offer', sdp, reply });
    return said;
  }

  emit(event: LegEvent): void {
    this.#listener?.(event);
  }
}
