import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import type { HeaderFields } from '../../base/header-fields.js';
import type { CallerFrame, MediaEngine, MediaStream, StreamEvent, StreamParameters } from '../../media/engine.js';
import type { LegEvent, OfferReply, OutboundLeg, OutboundRequest, SipLeg } from '../../signaling/port.js';
import type { AudioCodec, SrtpMode } from '../../signaling/sdp/sdp.js';
import type { TransferTarget } from '../../tools/tool.js';
import { EarlySession } from '../media/early-session.js';
import type { MediaNegotiation } from '../media/media-negotiation.js';
import { answerOffer } from '../offer-answer.js';
import type { Announcement } from '../speech/announcement.js';

/** Whom a call goes to, and by which way. */
export type SecondLegOrder = Pick<
  OutboundRequest,
  'uri' | 'targets' | 'failOverMs' | 'auth' | 'fromDomain' | 'mayFollow'
> & {
  /** Where it is another than for calls in general. */
  readonly srtp?: SrtpMode;
  /** Addresses and CIDR blocks its media may be at; absent: anywhere. */
  readonly nets?: readonly string[] | undefined;
};

/** How long the target of a transfer is rung where it does not say, ms. */
export const DEFAULT_RING_MS = 30_000;

/** The response that an announcement to the target is played as. */
const ANNOUNCEMENT = 'announcement';

/** How much longer than its sound an announcement may take: a phone that holds is not waited for, ms. */
const ANNOUNCEMENT_MARGIN_MS = 3_000;

/** What it takes to call somebody else during a call. */
export interface SecondLegDeps {
  readonly clock: Clock;
  readonly engine: MediaEngine;
  /** Starts an outbound call ({@link SignalingDriver.invite}). */
  invite(request: OutboundRequest): OutboundLeg;
  /** How a target is reached: itself, or by way of a trunk. */
  order(target: TransferTarget): SecondLegOrder;
  /** Negotiation of an offer of ours that asks for `codec` first, for a peer reached from this local address. */
  negotiate(localAddress: string, codec: AudioCodec, srtp: SrtpMode | undefined): MediaNegotiation;
}

export interface SecondLegOptions {
  readonly order: SecondLegOrder;
  readonly fromUser: string;
  readonly fromDisplayName: string;
  readonly headers: HeaderFields;
  readonly ringMs: number;
  /** The caller's, so that nothing needs to be transcoded. */
  readonly codec: AudioCodec;
}

/** Whoever has taken the leg over. */
export interface SecondLegUser {
  /** Hot path: 20 ms of what the other party says; the frame is reused. */
  onFrame(frame: CallerFrame): void;
  /** A key by RFC 4733 or INFO; one that was heard in the sound is there already. */
  onDigit(digit: string, durationMs: number): void;
  /** It is over, from whatever side. */
  onEnded(): void;
}

/** 200, or why nobody is there: a final status, 408 for no answer in time, 503 for no way. */
export interface SecondLegAnswer {
  readonly ok: boolean;
  readonly status: number;
}

/** A call of ours to a third party while the caller talks with the agent: SIP leg and media. */
export class SecondLeg {
  readonly answered: Promise<SecondLegAnswer>;
  readonly #options: SecondLegOptions;
  readonly #deps: SecondLegDeps;
  #resolve: (answer: SecondLegAnswer) => void = () => {};
  #leg: OutboundLeg | undefined;
  #stream: MediaStream | undefined;
  #negotiation: MediaNegotiation | undefined;
  /** From the INVITE to its answer. */
  #early: EarlySession | undefined;
  #user: SecondLegUser | undefined;
  #held = false;
  #canSendDigits = false;
  #onSaid: () => void = () => {};
  #state: 'calling' | 'up' | 'over' = 'calling';

  constructor(options: SecondLegOptions, deps: SecondLegDeps) {
    this.#options = options;
    this.#deps = deps;
    this.answered = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The dialog, once there is one. */
  get leg(): SipLeg | undefined {
    return this.#leg;
  }

  get stream(): MediaStream | undefined {
    return this.#stream;
  }

  /** The other party takes telephone-events, and sends its own keys by them. */
  get canSendDigits(): boolean {
    return this.#canSendDigits;
  }

  /** Somebody has answered, and is still there. */
  get up(): boolean {
    return this.#state === 'up';
  }

  /** Opens a port and sends the INVITE. Never rejects: what goes wrong is the answer. */
  async call(): Promise<void> {
    try {
      const { engine } = this.#deps;
      const { nets, targets, uri } = this.#options.order;
      const family = (targets?.[0] ?? uri).includes('[') ? 6 : 4;
      const listener = {
        onFrame: (frame: CallerFrame) => this.#user?.onFrame(frame),
        onEvent: (event: StreamEvent) => this.#onStreamEvent(event),
      };
      this.#stream = await engine.open({ listener, family, nets });
      if (this.#state === 'over') this.#stream.close();
      else this.#invite(this.#stream);
    } catch {
      this.#over(503);
    }
  }

  /** Says something to the target alone. Resolves when it was heard, or the leg is over. Nobody may use the leg yet. */
  async say({ samples, sampleRate }: Announcement): Promise<void> {
    const stream = this.#stream;
    if (this.#state !== 'up' || stream === undefined) return;
    const { clock } = this.#deps;
    const format = { encoding: 'pcm16', sampleRate } as const;
    stream.setFormats(format, format);
    stream.play(ANNOUNCEMENT, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    stream.endResponse(ANNOUNCEMENT);
    await new Promise<void>((resolve) => {
      const limitMs = (samples.length / sampleRate) * 1000 + ANNOUNCEMENT_MARGIN_MS;
      const timer = clock.setTimeout(resolve, limitMs);
      this.#onSaid = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Somebody takes the leg over: hears what is said, and that it ends. */
  use(user: SecondLegUser): void {
    this.#user = user;
    if (this.#state === 'over') user.onEnded();
  }

  /** BYE or CANCEL, and the port is free. Idempotent; nobody is told any more. */
  hangUp(reason?: string): void {
    this.#user = undefined;
    if (this.#state === 'over') return;
    this.#leg?.hangUp(reason === undefined ? {} : { reason });
    this.#stream?.close(true);
    this.#over(487);
  }

  #invite(stream: MediaStream): void {
    const { fromUser, fromDisplayName, headers, ringMs, codec } = this.#options;
    const { srtp, nets: _ofMedia, ...order } = this.#options.order;
    this.#leg = this.#deps.invite({
      ...order,
      fromUser,
      fromDisplayName,
      headers,
      answerTimeoutMs: ringMs,
      sdp: (localAddress) => {
        this.#negotiation ??= this.#deps.negotiate(localAddress, codec, srtp);
        this.#early ??= new EarlySession(this.#negotiation);
        return this.#negotiation.answerPending
          ? this.#negotiation.current()
          : this.#negotiation.offer(stream.local.port);
      },
    });
    this.#leg.listen((event) => this.#onLegEvent(event));
  }

  #onLegEvent(event: LegEvent): void {
    switch (event.type) {
      case 'answered':
        this.#onAnswered(event.sdp);
        return;
      case 'offer':
        this.#onOffer(event.sdp, event.reply);
        return;
      case 'acked':
        if (this.#negotiation?.answerPending) this.#connect(() => this.#negotiation?.readAnswer(event.sdp));
        return;
      case 'digit':
        this.#user?.onDigit(event.digit, event.durationMs);
        return;
      case 'ended':
        this.#over(statusOf(event.end));
        return;
      case 'progress':
        this.#early?.noteAnswer(event.sdp);
        return;
      case 'transfer':
      case 'reoffered':
      case 'replaced':
        return;
      default:
        assertUnreachable(event);
    }
  }

  #onAnswered(sdp: string | undefined): void {
    if (this.#state !== 'calling') return;
    const early = this.#early;
    this.#early = undefined;
    if (!this.#connect(() => early?.settle(sdp))) {
      this.#leg?.hangUp({ reason: 'SIP;cause=488;text="unusable answer"' });
      this.#over(488);
      return;
    }
    this.#state = 'up';
    this.#stream?.touch();
    this.#resolve({ ok: true, status: 200 });
  }

  #connect(read: () => StreamParameters | undefined): boolean {
    try {
      const parameters = read();
      if (parameters) this.#apply(parameters);
      return parameters !== undefined;
    } catch {
      return false;
    }
  }

  /** Hold, another address or codec, or a question for our offer. */
  #onOffer(offer: string | undefined, reply: OfferReply): void {
    const negotiation = this.#negotiation;
    if (!negotiation || !this.#stream || this.#state === 'over') {
      reply.reject(481);
      return;
    }
    const { port } = this.#stream.local;
    answerOffer(reply, () => {
      if (offer === undefined) return negotiation.offer(port);
      if (this.#early) return this.#early.renegotiate(offer, port);
      const { sdp, parameters } = negotiation.answer(offer, port);
      this.#apply(parameters);
      return sdp;
    });
  }

  #apply(parameters: StreamParameters): void {
    this.#held = parameters.direction !== 'sendrecv';
    this.#canSendDigits = parameters.dtmfPayloadType !== undefined;
    this.#stream?.connect(parameters);
    if (!this.#held) this.#stream?.touch();
  }

  #onStreamEvent(event: StreamEvent): void {
    if (event.type === 'digit' && this.#canSendDigits) this.#user?.onDigit(event.digit, event.durationMs);
    if (event.type === 'response-ended' && event.responseId === ANNOUNCEMENT) this.#onSaid();
    const silent = event.type === 'rtp-timeout' && !this.#held;
    if (!silent && event.type !== 'failed') return;
    this.#leg?.hangUp({ reason: 'SIP;cause=200;text="rtp-timeout"' });
    this.#stream?.close(true);
    this.#over(503);
  }

  #over(status: number): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#stream?.close();
    this.#onSaid();
    this.#resolve({ ok: false, status });
    const user = this.#user;
    this.#user = undefined;
    user?.onEnded();
  }
}

/** What the agent is told of a call that came to nothing. */
function statusOf({ by, status }: Extract<LegEvent, { type: 'ended' }>['end']): number {
  // We gave up ringing.
  if (by === 'local') return 408;
  if (status >= 300) return status;
  return by === 'transport' ? 503 : 480;
}
