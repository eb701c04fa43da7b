import { isIP } from 'node:net';
import { ConnectorError } from '../../base/connector-error.js';
import type { Random } from '../../base/random.js';
import type { StreamParameters } from '../../media/engine.js';
import {
  type AddressFamily,
  type AudioCodec,
  createAnswer,
  createOffer,
  createSessionId,
  type LocalDescription,
  type LocalDtls,
  type LocalMedia,
  readAnswer,
  type SrtpMode,
  withPeer,
} from '../../signaling/sdp/sdp.js';

export interface NegotiationOptions {
  /** Written into c= and o=: what is advertised, or the local address that reaches this peer. */
  readonly address: string;
  /** In order of preference; the order counts in offers of ours. */
  readonly codecs: readonly AudioCodec[];
  /** Default `off`. */
  readonly srtp?: SrtpMode;
  /** Default: offers with DTLS are refused. */
  readonly dtls?: LocalDtls | undefined;
  /** Addresses and CIDR blocks the peer's media may be at; absent: anywhere. */
  readonly nets?: readonly string[] | undefined;
}

/** Preferred packet length, ms. */
const PTIME_MS = 20;

/** Stands in for the port while none is open: an offer is examined before anything is allocated for it. */
const EXAMINING_PORT = 9;

/** So long a browser that does nothing before the 200 may be let ring behind a 183: 15 s after that there have to be keys. */
const MAX_EARLY_DTLS_MS = 10_000;

/** The offer/answer state of one dialog (RFC 3264): what we said last, and what it means for the stream. */
export class MediaNegotiation {
  /** `direction`: what we want, whatever the peer does. */
  #local: Omit<LocalMedia, 'port'>;
  /** The codec the first answer will name; our first choice for a late offer. Session formats are chosen by it. */
  readonly expectedCodec: AudioCodec;
  /** Where the peer's media may be. */
  readonly nets: NegotiationOptions['nets'];
  #maxEarlyMs = 0;
  #description: LocalDescription | undefined;
  #offer: LocalDescription | undefined;
  #wanted: 'sendrecv' | 'sendonly' = 'sendrecv';
  /** What was wanted before the offer that awaits its answer. */
  #before: 'sendrecv' | 'sendonly' = 'sendrecv';

  /**
   * @param offer Of the INVITE; `undefined` for a late offer.
   * @throws ConnectorError `ERR_SDP_INVALID`, `ERR_SDP_UNACCEPTABLE`
   */
  constructor(offer: string | undefined, options: NegotiationOptions, random: Random) {
    this.#local = {
      address: options.address,
      codecs: options.codecs,
      direction: 'sendrecv',
      ptimeMs: PTIME_MS,
      sessionId: createSessionId(random),
      sessionVersion: 1,
      srtp: { mode: options.srtp ?? 'off', newKey: (bytes) => new Uint8Array(Buffer.from(random.hex(bytes), 'hex')) },
      dtls: options.dtls,
    };
    this.nets = options.nets;
    const offered =
      offer === undefined ? undefined : createAnswer(offer, { port: EXAMINING_PORT, ...this.#local }).audio;
    this.expectedCodec = offered?.codec.name ?? options.codecs[0] ?? 'pcmu';
    if (offered !== undefined) this.#maxEarlyMs = offered.dtls ? MAX_EARLY_DTLS_MS : Number.POSITIVE_INFINITY;
  }

  /**
   * Whether the first answer may go into a 183. Our offer in an unreliable one would bind nobody (RFC 3261 section 13.2.1): a
   * late offer waits for the 200. So do browsers, many of which begin their handshake with that, where it rings for long.
   * @param delayMs until the 200
   */
  mayBeginEarly(delayMs: number): boolean {
    return delayMs < this.#maxEarlyMs;
  }

  /** Address family RTP runs over. */
  get family(): AddressFamily {
    return isIP(this.#local.address) === 6 ? 6 : 4;
  }

  /**
   * What goes into SDP, before the first description. Throws `ERR_SDP_UNACCEPTABLE` for an address of another family:
   * the socket is bound.
   */
  useAddress(address: string): void {
    if (isIP(address) !== isIP(this.#local.address)) {
      throw new ConnectorError(
        'ERR_SDP_UNACCEPTABLE',
        'the way to this peer has another address family than its media',
      );
    }
    this.#local = { ...this.#local, address };
  }

  /** An offer of ours awaits its answer. */
  get answerPending(): boolean {
    return this.#offer !== undefined;
  }

  /** The offer of ours that awaits its answer. */
  get pendingOffer(): LocalDescription | undefined {
    return this.#offer;
  }

  /** Our last description again, word for word. Empty before the first. */
  current(): string {
    return this.#description?.text ?? '';
  }

  /** @throws ConnectorError `ERR_SDP_INVALID`, `ERR_SDP_UNACCEPTABLE`; then nothing has changed. */
  answer(offer: string, port: number): { readonly sdp: string; readonly parameters: StreamParameters } {
    const direction = this.#offer ? this.#before : this.#wanted;
    const { local, audio } = createAnswer(offer, { port, ...this.#local, direction }, this.#description);
    // It crossed an offer of ours, which the peer has refused therefore (491) and which will be made anew.
    if (this.#offer) this.withdrawOffer();
    this.#description = local;
    return { sdp: local.text, parameters: audio };
  }

  /** @param direction what we want from now on: `sendonly` puts the peer on hold (RFC 3264 section 8.4) */
  offer(port: number, direction: 'sendrecv' | 'sendonly' = this.#wanted): string {
    if (!this.#offer) this.#before = this.#wanted;
    this.#wanted = direction;
    this.#local = { ...this.#local, direction };
    const offer = createOffer({ port, ...this.#local }, this.#description);
    this.#description = offer;
    this.#offer = offer;
    return offer.text;
  }

  /** The peer has refused our offer: what was agreed before stands. */
  withdrawOffer(): void {
    this.#offer = undefined;
    this.#wanted = this.#before;
    this.#local = { ...this.#local, direction: this.#wanted };
  }

  /** From now on we want to send and to receive, in whatever is said next. */
  wantBoth(): void {
    this.#wanted = 'sendrecv';
    this.#before = 'sendrecv';
    this.#local = { ...this.#local, direction: 'sendrecv' };
  }

  /** @throws ConnectorError `ERR_SDP_INVALID`, `ERR_SDP_UNACCEPTABLE` */
  readAnswer(answer: string | undefined): StreamParameters {
    const offer = this.#offer;
    this.#offer = undefined;
    if (!offer || answer === undefined) {
      throw new ConnectorError('ERR_SDP_INVALID', 'there is no answer to our offer');
    }
    const audio = readAnswer(offer, answer);
    if (this.#description === offer) this.#description = withPeer(offer, audio);
    return audio;
  }
}
