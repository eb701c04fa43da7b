import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import type {
  CallerFrame,
  MediaEngine,
  MediaStream,
  SrtpSuite,
  StreamEvent,
  StreamStats,
  StreamTap,
} from '../media/engine.js';
import type { InboundLeg, LegEnd, LegEvent, Referral, SignalingDriver, SipLeg } from '../signaling/port.js';
import {
  type AudioCodec,
  createAnswer,
  createOffer,
  createSessionId,
  type LocalDescription,
  type LocalMedia,
  type NegotiatedAudio,
  readAnswer,
  withPeer,
} from '../signaling/sdp/sdp.js';
import type { SrtpMode } from '../signaling/sdp/sdp-crypto.js';

/** What happens in a call of the phone, as it happens. Times are {@link Clock.now}. */
export type PhoneEvent =
  | { readonly type: 'ringing'; readonly status: number; readonly atMs: number }
  | { readonly type: 'answered'; readonly codec: string; readonly srtp: SrtpSuite | undefined; readonly atMs: number }
  | { readonly type: 'ended'; readonly end: LegEnd; readonly atMs: number };

export type PhoneSampleRate = 8000 | 16_000 | 24_000;

export interface PhoneCallOptions {
  /** Whom it dials. Not of a phone that is called. */
  readonly uri?: string;
  /** User part of From. */
  readonly fromUser: string;
  readonly codecs: readonly AudioCodec[];
  /** `optional`: offered as RTP/AVP with keys (RFC 8643); `required`: as RTP/SAVP. Default: off. */
  readonly srtp?: SrtpMode;
  /** Of everything the phone says and hears, whatever the codec, Hz. Default: 8000. */
  readonly sampleRate?: PhoneSampleRate;
  onEvent(event: PhoneEvent): void;
  /** 20 ms of what the phone hears, borrowed. */
  onHeard?(samples: Int16Array): void;
  /** A key that the other side presses. */
  onDigit?(digit: string): void;
  readonly tap?: StreamTap;
  /** Takes the other side's REFERs (blind transfer); without it the phone declines them. */
  onRefer?(referral: Referral): void;
}

export interface PhoneCallDeps {
  readonly driver: SignalingDriver;
  readonly engine: MediaEngine;
  readonly clock: Clock;
  readonly random: Random;
}

/** One call of a scripted phone, that it makes or takes: it plays what it is given, hears, presses keys, hangs up. */
export class PhoneCall {
  readonly #options: PhoneCallOptions;
  readonly #deps: PhoneCallDeps;
  readonly #ended = deferred<LegEnd>();
  readonly #answered = deferred<boolean>();
  readonly #acknowledged = new Map<number, () => void>();
  readonly #played = new Map<string, () => void>();
  readonly #sessionId: string;
  #stream: MediaStream | undefined;
  #leg: SipLeg | undefined;
  #offer: LocalDescription | undefined;
  #utterances = 0;
  #dtmfNegotiated = false;
  #givenUp = false;

  constructor(options: PhoneCallOptions, deps: PhoneCallDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#sessionId = createSessionId(deps.random);
  }

  /** Resolves with true at the answer, with false when the call ends unanswered. */
  get answered(): Promise<boolean> {
    return this.#answered.promise;
  }

  get ended(): Promise<LegEnd> {
    return this.#ended.promise;
  }

  stats(): StreamStats | undefined {
    return this.#stream?.stats();
  }

  /** Sends the INVITE. Throws `ERR_NO_MEDIA_PORT`. */
  async dial(): Promise<void> {
    const { fromUser, onRefer, uri = '' } = this.#options;
    const stream = await this.#openStream(uri.includes('[') ? 6 : 4);
    const leg = this.#deps.driver.invite({
      uri,
      fromUser,
      ...(onRefer && { onRefer: (referral) => onRefer(referral) }),
      sdp: (address) => {
        this.#offer = createOffer(this.#localMedia(stream, address));
        return this.#offer.text;
      },
    });
    this.#listenTo(leg);
    if (this.#givenUp) leg.hangUp();
  }

  /**
   * Takes a call that has come in: rings for `ringMs`, then answers. To be called before control returns to the event
   * loop. Rejects with `ERR_NO_MEDIA_PORT`. An offer that it cannot answer is refused (488).
   */
  async take(leg: InboundLeg, ringMs: number): Promise<void> {
    this.#listenTo(leg);
    leg.ring(180);
    const stream = await this.#openStream(leg.localAddress.includes(':') ? 6 : 4);
    await Promise.race([this.#pause(ringMs), this.#ended.promise]);
    try {
      const { local, audio } = createAnswer(leg.invite.sdp ?? '', this.#localMedia(stream, leg.localAddress));
      this.#offer = local;
      this.#apply(audio);
      leg.accept(local.text);
    } catch {
      leg.reject(488);
    }
  }

  /** Plays samples to the other side. Resolves when the last has left, or the call is over. */
  async say(samples: Int16Array): Promise<void> {
    const stream = this.#stream;
    if (!stream) return;
    this.#utterances += 1;
    const id = `utterance-${this.#utterances}`;
    const left = new Promise<void>((resolve) => this.#played.set(id, resolve));
    stream.play(id, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    stream.endResponse(id);
    await Promise.race([left, this.#ended.promise]);
  }

  /**
   * Presses keys (RFC 4733). Resolves with true when the last was released; with false where the peer takes no digits, or
   * the call ends before.
   */
  async press(digits: string): Promise<boolean> {
    const stream = this.#stream;
    if (!stream || !this.#dtmfNegotiated) return false;
    const sequence = stream.sendDigits(digits);
    const sent = new Promise<boolean>((resolve) => this.#acknowledged.set(sequence, () => resolve(true)));
    return Promise.race([this.#ended.promise.then(() => false), sent]);
  }

  /** BYE, or CANCEL while it rings; before the INVITE is out, it is not sent. */
  hangUp(): void {
    this.#givenUp = true;
    this.#leg?.hangUp();
  }

  async #openStream(family: 4 | 6): Promise<MediaStream> {
    const { sampleRate = 8000, tap } = this.#options;
    const stream = await this.#deps.engine.open({
      listener: { onFrame: (frame) => this.#onFrame(frame), onEvent: (event) => this.#onStreamEvent(event) },
      ...(tap && { tap }),
      family,
    });
    this.#stream = stream;
    const format = { encoding: 'pcm16', sampleRate } as const;
    stream.setFormats(format, format);
    return stream;
  }

  #localMedia({ local }: MediaStream, address: string): LocalMedia {
    const { codecs, srtp: mode = 'off' } = this.#options;
    const { random } = this.#deps;
    const newKey = (bytes: number): Uint8Array => new Uint8Array(Buffer.from(random.hex(bytes), 'hex'));
    const session = { sessionId: this.#sessionId, sessionVersion: 1 };
    return {
      ...{ address, codecs, port: local.port, direction: 'sendrecv', ptimeMs: 20 },
      ...{ srtp: { mode, newKey }, ...session },
    };
  }

  #listenTo(leg: SipLeg): void {
    this.#leg = leg;
    leg.listen((event) => this.#onLegEvent(event));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimeout(resolve, ms);
      void this.#ended.promise.then(() => this.#deps.clock.clearTimeout(timer));
    });
  }

  #onFrame(frame: CallerFrame): void {
    const { data } = frame;
    this.#options.onHeard?.(new Int16Array(data.buffer, data.byteOffset, data.byteLength / 2));
  }

  #onStreamEvent(event: StreamEvent): void {
    if (event.type === 'response-ended') {
      this.#played.get(event.responseId)?.();
      this.#played.delete(event.responseId);
    }
    if (event.type === 'ack') {
      this.#acknowledged.get(event.sequence)?.();
      this.#acknowledged.delete(event.sequence);
    }
    if (event.type === 'digit') this.#options.onDigit?.(event.digit);
    if (event.type === 'failed') this.hangUp();
  }

  #onLegEvent(event: LegEvent): void {
    const atMs = this.#deps.clock.now();
    switch (event.type) {
      case 'progress':
        if (event.sdp !== undefined) this.#connect(event.sdp);
        this.#options.onEvent({ type: 'ringing', status: event.status, atMs });
        return;
      case 'answered':
        this.#onAnswered(event.sdp, atMs);
        return;
      case 'offer':
        this.#onOffer(event);
        return;
      case 'ended':
        this.#stream?.close();
        this.#answered.resolve(false);
        this.#options.onEvent({ type: 'ended', end: event.end, atMs });
        this.#ended.resolve(event.end);
        return;
      case 'acked':
        // It answers the offer that a re-INVITE without one was given.
        if (event.sdp !== undefined) this.#connect(event.sdp);
        this.#answered.resolve(true);
        return;
      case 'digit':
        this.#options.onDigit?.(event.digit);
        return;
      case 'transfer':
      case 'reoffered':
      case 'replaced':
        return;
      default:
        assertUnreachable(event);
    }
  }

  #onAnswered(sdp: string | undefined, atMs: number): void {
    const audio = sdp === undefined ? undefined : this.#connect(sdp);
    if (audio === undefined) {
      this.hangUp();
      return;
    }
    this.#options.onEvent({ type: 'answered', codec: audio.codec.name, srtp: audio.srtp?.suite, atMs });
    this.#answered.resolve(true);
  }

  /** Applies an answer; `undefined` when it cannot be used. */
  #connect(answer: string): NegotiatedAudio | undefined {
    const offer = this.#offer;
    if (!offer) return undefined;
    try {
      const audio = readAnswer(offer, answer);
      this.#offer = withPeer(offer, audio);
      this.#apply(audio);
      return audio;
    } catch {
      return undefined;
    }
  }

  #onOffer(event: LegEvent & { type: 'offer' }): void {
    const { reply, sdp } = event;
    const standing = this.#offer;
    try {
      if (!standing) reply.reject(488);
      else if (sdp === undefined) {
        this.#offer = createOffer(standing.local, standing);
        reply.accept(this.#offer.text);
      } else {
        const { local, audio } = createAnswer(sdp, standing.local, standing);
        this.#offer = local;
        reply.accept(local.text);
        this.#apply(audio);
      }
    } catch {
      reply.reject(488);
    }
  }

  #apply(audio: NegotiatedAudio): void {
    this.#dtmfNegotiated = audio.dtmfPayloadType !== undefined;
    this.#stream?.connect(audio);
  }
}

function deferred<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}
