import { isSameRemote, type RemoteAddress } from '../sockets/remote-address.js';

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

/**
 * `latched`: accepted, and the source changed with this packet. `probation`: refused, but counted. `outside`: refused,
 * for it comes from none of the nets that media of the call may come from.
 */
export type LatchVerdict = 'accepted' | 'latched' | 'probation' | 'refused' | 'outside';

/** Whether an IP address lies in the nets that media may come from and go to. */
export type AdmitsAddress = (address: string) => boolean;

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
 * Before all of them: nothing from outside the call's nets, the SDP's own address included.
 *
 * Packets agree when they come one after the other (no other stranger's between them) from one address and port, with
 * one SSRC and consecutive sequence numbers; only well-formed packets with a negotiated payload type are shown to the
 * latch. Residual risk: a sender who can forge the caller's source address cannot be told apart without SRTP.
 */
export class Latch {
  readonly #options: LatchOptions;
  readonly #admits: AdmitsAddress;
  /** The address outside that was heard last: somebody who floods is looked up once. */
  #outside: string | undefined;
  #expected: RemoteAddress | undefined;
  #source: RemoteAddress | undefined;
  /** The object that stood for the source last: as a rule it does again. */
  #known: RemoteAddress | undefined;
  #locked = false;
  /** When the exchange was concluded, or the SDP's address or the source last heard, whichever is later. */
  #lastHeardMs = 0;

  #candidate: RemoteAddress | undefined;
  #candidateSsrc = 0;
  #candidateSequence = 0;
  #agreeing = 0;

  /** @param admits default: every address */
  constructor(options: LatchOptions, admits: AdmitsAddress = () => true) {
    this.#options = options;
    this.#admits = admits;
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
    if (!same) {
      this.#source = undefined;
      this.#known = undefined;
    }
    this.#expected = remote;
    this.#locked = false;
    this.#agreeing = 0;
    this.#lastHeardMs = nowMs;
  }

  /** Judges one packet by where it came from. `from` may be kept. */
  judge(from: RemoteAddress, ssrc: number, sequence: number, nowMs: number): LatchVerdict {
    const expected = this.#expected;
    if (expected === undefined) return 'refused';
    if (from === this.#known || (this.#source !== undefined && isSameRemote(from, this.#source))) {
      this.#known = from;
      // A source other than the SDP's that is still at work after a re-INVITE keeps its place.
      this.#locked = true;
      this.#lastHeardMs = nowMs;
      return 'accepted';
    }
    if (this.#isOutside(from.address)) return 'outside';
    if (isSameRemote(from, expected)) return this.#latch(expected, nowMs);
    // Nothing can be sent to port 0, which a packet may well say it comes from.
    if (this.#locked || this.#options.strict || from.port === 0) return 'refused';
    const sameAddress = expected.address === from.address;
    if (!sameAddress && !this.#options.nat) return 'refused';
    const silenceMs = sameAddress ? latchDefaults.portSilenceMs : latchDefaults.addressSilenceMs;
    if (nowMs - this.#lastHeardMs < silenceMs) return 'refused';
    this.#compare(from, ssrc, sequence);
    if (this.#agreeing < (sameAddress ? latchDefaults.portPackets : latchDefaults.addressPackets)) return 'probation';
    return this.#latch(from, nowMs);
  }

  /** Judges an RTCP packet: the port it comes from cannot be known, the IP address can. */
  judgeRtcp(address: string): 'accepted' | 'refused' | 'outside' {
    if (this.#expected === undefined) return 'refused';
    if (address === this.#source?.address) return 'accepted';
    if (this.#isOutside(address)) return 'outside';
    return address === this.#expected.address ? 'accepted' : 'refused';
  }

  #isOutside(address: string): boolean {
    if (address === this.#outside) return true;
    if (this.#admits(address)) return false;
    this.#outside = address;
    return true;
  }

  #latch(source: RemoteAddress, nowMs: number): 'latched' {
    this.#source = source;
    this.#known = undefined;
    this.#locked = true;
    this.#agreeing = 0;
    this.#lastHeardMs = nowMs;
    return 'latched';
  }

  #compare(from: RemoteAddress, ssrc: number, sequence: number): void {
    const agrees =
      this.#candidate !== undefined &&
      this.#agreeing > 0 &&
      isSameRemote(from, this.#candidate) &&
      ssrc === this.#candidateSsrc &&
      sequence === ((this.#candidateSequence + 1) & 0xffff);
    this.#agreeing = agrees ? this.#agreeing + 1 : 1;
    this.#candidate = from;
    this.#candidateSsrc = ssrc;
    this.#candidateSequence = sequence;
  }
}
