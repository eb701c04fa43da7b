import type { RemoteAddress } from './remote-address.js';

/** Whose packets are taken for the caller's, apart from the address in the SDP. */
export interface LatchOptions {
  /** Accept another IP address than the SDP's: for phones behind NAT that no SBC repairs. */
  readonly nat: boolean;
  /** Accept nothing but the address and port in the SDP. Wins over `nat`. */
  readonly strict: boolean;
}

/** Figures of the rule. */
export const latchDefaults = {
  /** Consecutive packets of one source that must agree: another port of the SDP's IP address; another IP address. */
  portPackets: 3,
  addressPackets: 5,
  /**
   * How long the SDP's own address must have been silent before another is looked at, ms. A caller whose SDP is right
   * sends within this time, and somebody who sprays packets before that gets nothing.
   */
  portSilenceMs: 500,
  addressSilenceMs: 1000,
} as const;

/** `latched`: accepted, and the source changed with this packet. `probation`: refused, but counted. */
export type LatchVerdict = 'accepted' | 'latched' | 'probation' | 'refused';

/**
 * Decides which source of packets is the caller. Plain RTP carries no proof of origin, so the rule is strict where it
 * can be:
 *
 * 1. The SDP's address and port always win, even over a source latched before.
 * 2. Otherwise the SDP's IP address with another port (a NAT or ALG that rewrote it, or a phone that does not send from
 *    where it receives), after {@link latchDefaults.portPackets} agreeing packets.
 * 3. Another IP address only with `nat`, after {@link latchDefaults.addressPackets}.
 * 4. What was latched stays until the next offer/answer exchange.
 *
 * Packets agree when they come one after the other (no other stranger's between them) from one address and port, with
 * one SSRC and consecutive sequence numbers; only well-formed packets with a negotiated payload type are shown to the
 * latch. Residual risk: a sender who can forge the caller's source address cannot be told apart without SRTP.
 */
export class Latch {
  readonly #options: LatchOptions;
  #expected: RemoteAddress | undefined;
  #source: RemoteAddress | undefined;
  #locked = false;
  /** When the exchange was concluded, or the SDP's address or the source last heard, whichever is later. */
  #lastHeardMs = 0;

  #candidateAddress = '';
  #candidatePort = 0;
  #candidateSsrc = 0;
  #candidateSequence = 0;
  #agreeing = 0;

  constructor(options: LatchOptions) {
    this.#options = options;
  }

  /** Where the caller's packets come from; `undefined` until the first was accepted. */
  get source(): RemoteAddress | undefined {
    return this.#source;
  }

  /**
   * An offer/answer exchange named `remote` (canonical) as the caller's address. Unlocks; a source that was latched
   * under the same address stays in force until another proves itself.
   */
  expect(remote: RemoteAddress | undefined, nowMs: number): void {
    const same = remote?.address === this.#expected?.address && remote?.port === this.#expected?.port;
    if (!same) this.#source = undefined;
    this.#expected = remote;
    this.#locked = false;
    this.#agreeing = 0;
    this.#lastHeardMs = nowMs;
  }

  /** Judges one packet by where it came from. */
  judge(address: string, port: number, ssrc: number, sequence: number, nowMs: number): LatchVerdict {
    const expected = this.#expected;
    if (expected === undefined) return 'refused';
    const source = this.#source;
    if (source !== undefined && source.port === port && source.address === address) {
      // A source other than the SDP's that is still at work after a re-INVITE keeps its place.
      this.#locked = true;
      this.#lastHeardMs = nowMs;
      return 'accepted';
    }
    if (expected.port === port && expected.address === address) return this.#latch(expected, nowMs);
    if (this.#locked || this.#options.strict) return 'refused';
    const sameAddress = expected.address === address;
    if (!sameAddress && !this.#options.nat) return 'refused';
    const silenceMs = sameAddress ? latchDefaults.portSilenceMs : latchDefaults.addressSilenceMs;
    if (nowMs - this.#lastHeardMs < silenceMs) return 'refused';
    this.#compare(address, port, ssrc, sequence);
    if (this.#agreeing < (sameAddress ? latchDefaults.portPackets : latchDefaults.addressPackets)) return 'probation';
    return this.#latch({ address, port }, nowMs);
  }

  /** Whether an RTCP packet from `address` may be the caller's: its port cannot be known, its IP address can. */
  knowsAddress(address: string): boolean {
    return this.#expected !== undefined && (address === this.#expected.address || address === this.#source?.address);
  }

  #latch(source: RemoteAddress, nowMs: number): 'latched' {
    this.#source = source;
    this.#locked = true;
    this.#agreeing = 0;
    this.#lastHeardMs = nowMs;
    return 'latched';
  }

  #compare(address: string, port: number, ssrc: number, sequence: number): void {
    const agrees =
      this.#agreeing > 0 &&
      port === this.#candidatePort &&
      ssrc === this.#candidateSsrc &&
      sequence === ((this.#candidateSequence + 1) & 0xffff) &&
      address === this.#candidateAddress;
    this.#agreeing = agrees ? this.#agreeing + 1 : 1;
    this.#candidateAddress = address;
    this.#candidatePort = port;
    this.#candidateSsrc = ssrc;
    this.#candidateSequence = sequence;
  }
}
