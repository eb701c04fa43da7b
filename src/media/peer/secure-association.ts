import type { DtlsFingerprint, DtlsParameters, IceParameters, SrtpParameters } from '../engine.js';
import { IceLite, type IceVerdict } from '../ice/ice-lite.js';
import { isSameRemote, type RemoteAddress, usableRemote } from '../sockets/remote-address.js';
import type { DropReason } from './drop-counter.js';
import type { BeginKeyExchange, KeyExchange } from './key-exchange.js';
import type { AdmitsAddress } from './latch.js';
import { RenewableExchange } from './renewable-exchange.js';

/** So long a peer may take until there are keys, ms. */
const KEYS_WITHIN_MS = 15_000;
/** Addresses of a peer that checks have proven, at most: a browser has one for each network and each protocol. */
const MAX_ADDRESSES = 8;
/** What becomes of a check where there is no ICE. */
const NO_ICE: IceVerdict = { valid: false, nominated: false };

export interface SecureAssociationListener {
  /** ICE has found the peer, or it has moved. */
  onRemote(remote: RemoteAddress, atMs: number): void;
  /** Also later, where the peer has begun anew. */
  onKeys(keys: SrtpParameters): void;
  /** There will be no keys. */
  onFailed(message: string): void;
  /** What came was of no use. */
  onRefused(reason: DropReason): void;
}

export interface SecureAssociationDeps {
  readonly family: 4 | 6;
  /** Whom packets are taken from and sent to. Absent: everybody. */
  readonly admits: AdmitsAddress | undefined;
  readonly begin: BeginKeyExchange;
  /** From the stream's own port. */
  send(datagram: Uint8Array, to: RemoteAddress): void;
  readonly listener: SecureAssociationListener;
}

/**
 * What stands before the media of a stream whose keys come by DTLS (RFC 5764): tells apart what comes to the port (RFC 7983),
 * answers the checks of ICE where the peer does it, and takes DTLS from where the peer has been proven to be. That proof, or the
 * SDP's address where there is no ICE, stands in for the cookies of DTLS (RFC 6347 section 4.2.1). A peer's close_notify changes
 * nothing: SIP ends calls. No sockets, no timers.
 */
export class SecureAssociation {
  readonly #deps: SecureAssociationDeps;
  readonly #fingerprints: readonly DtlsFingerprint[];
  readonly #exchange: KeyExchange;
  readonly #deadlineMs: number;
  #iceParameters: IceParameters | undefined;
  #ice: IceLite | undefined;
  #keys: SrtpParameters | undefined;
  /** Keys are there, or there will be none. */
  #settled = false;
  #remote: RemoteAddress | undefined;
  /** Where the peer is, and may send from; the newest last. */
  #addresses: RemoteAddress[] = [];
  /** One of them: as a rule the next packet comes from there, too. */
  #known: RemoteAddress | undefined;
  /** Where the peer's DTLS comes from. */
  #replyTo: RemoteAddress | undefined;

  constructor(parameters: DtlsParameters, nowMs: number, deps: SecureAssociationDeps) {
    this.#deps = deps;
    this.#fingerprints = parameters.fingerprints;
    this.#deadlineMs = nowMs + KEYS_WITHIN_MS;
    this.#useIce(parameters.ice);
    const { listener } = deps;
    this.#exchange = new RenewableExchange(deps.begin, parameters.fingerprints, {
      send: (datagram) => {
        if (this.#replyTo !== undefined) deps.send(datagram, this.#replyTo);
      },
      listener: {
        onEstablished: (keys) => {
          this.#keys = keys;
          this.#settled = true;
          listener.onKeys(keys);
        },
        onFailed: (message) => this.#fail(message),
        onClosed: () => {},
      },
    });
  }

  /** Those of the media; `undefined` before they have been agreed on. */
  get keys(): SrtpParameters | undefined {
    return this.#keys;
  }

  /** Where the peer is, by ICE; `undefined` before that is known, and without ICE. */
  get remote(): RemoteAddress | undefined {
    return this.#remote;
  }

  /**
   * An exchange of offer and answer has agreed on this. Other credentials of ICE (a restart) hold for the checks to come; what
   * was found before stays until the peer chooses anew (RFC 8445 section 9).
   * @returns false: that is another peer, and needs an association of its own
   */
  goesOnWith({ fingerprints, ice }: DtlsParameters): boolean {
    const known = this.#fingerprints;
    if (fingerprints.length !== known.length || !fingerprints.every((one, at) => isSame(one, known[at]))) return false;
    this.#useIce(ice);
    return true;
  }

  /** Without ICE the peer is where its SDP says. */
  expect(remote: RemoteAddress | undefined): void {
    if (this.#ice !== undefined) return;
    this.#addresses = remote !== undefined && this.#isAdmitted(remote) ? [remote] : [];
    this.#known = undefined;
  }

  /**
   * Something came to the stream's port: `length` of the `bytes` from `offset` on, borrowed; `from` is kept. Never throws. Hot path.
   * @returns whether it is media, for the keys to open; whatever else it was has been dealt with
   */
  isMedia(bytes: Uint8Array, from: RemoteAddress, nowMs: number, offset: number, length: number): boolean {
    const first = length > 0 ? (bytes[offset] as number) : 0xff;
    if (first >= 128 && first < 192) {
      if (this.#keys === undefined || this.#ice === undefined || this.isPeer(from)) return true;
      this.#deps.listener.onRefused('source');
      return false;
    }
    if (first < 4) this.#takeCheck(bytes.subarray(offset, offset + length), from, nowMs);
    else if (first >= 20 && first < 64) this.#takeDtls(bytes.subarray(offset, offset + length), from, nowMs);
    else this.#deps.listener.onRefused('not-rtp');
    return false;
  }

  /** Whether the peer has been proven to be there, or the SDP says so. */
  isPeer(from: RemoteAddress): boolean {
    if (from === this.#known) return true;
    if (!this.#addresses.some((one) => isSameRemote(from, one))) return false;
    this.#known = from;
    return true;
  }

  /** To be called every few 10 ms. */
  tick(nowMs: number): void {
    if (this.#settled || nowMs < this.#deadlineMs) this.#exchange.tick(nowMs);
    else this.#fail(`no keys by DTLS within ${KEYS_WITHIN_MS / 1000} s: ${this.#whatIsMissing}`);
  }

  /** Tells the peer that nothing more will come. */
  close(): void {
    this.#exchange.close();
  }

  get #whatIsMissing(): string {
    if (this.#replyTo !== undefined) return 'the handshake did not come to its end';
    if (this.#ice !== undefined && this.#remote === undefined) return 'no ICE check has reached the media port';
    return 'the peer has not begun a handshake';
  }

  #fail(message: string): void {
    if (this.#settled && this.#keys === undefined) return;
    this.#settled = true;
    this.#deps.listener.onFailed(message);
  }

  #useIce(ice: IceParameters | undefined): void {
    const before = this.#iceParameters;
    this.#iceParameters = ice;
    if (ice === undefined) {
      this.#ice = undefined;
      this.#remote = undefined;
    } else if (this.#ice === undefined || before === undefined || !isSameIce(ice, before)) {
      this.#ice = new IceLite(ice);
    }
  }

  #takeCheck(bytes: Uint8Array, from: RemoteAddress, nowMs: number): void {
    const { listener, family } = this.#deps;
    // Whoever repeats a check of the peer's may give it any source, one that nothing can be sent to, too.
    if (usableRemote(from, family) === undefined) {
      listener.onRefused('net');
      return;
    }
    const { reply, valid, nominated, isKeepalive } = this.#ice?.receive(bytes, from, this.isPeer(from)) ?? NO_ICE;
    if (isKeepalive) return;
    if (reply === undefined || !this.#isAdmitted(from)) {
      listener.onRefused(reply === undefined ? 'stun' : 'net');
      return;
    }
    this.#deps.send(reply, from);
    if (valid) this.#takeAddress(from, nominated, nowMs);
  }

  /** What the peer chooses counts; before it has, the first that it was found at. */
  #takeAddress(from: RemoteAddress, nominated: boolean, nowMs: number): void {
    const remote = this.#remote;
    if (!this.isPeer(from)) {
      // The one that is in use stays, however many others there are.
      const others = this.#addresses.filter((one) => !isSameRemote(one, remote)).slice(2 - MAX_ADDRESSES);
      this.#addresses = [...(remote === undefined ? [] : [remote]), ...others, from];
      this.#known = from;
    }
    if (remote !== undefined && (!nominated || isSameRemote(from, remote))) return;
    this.#remote = from;
    if (this.#replyTo !== undefined) this.#replyTo = from;
    this.#deps.listener.onRemote(from, nowMs);
  }

  #takeDtls(datagram: Uint8Array, from: RemoteAddress, nowMs: number): void {
    if (!this.isPeer(from)) {
      this.#deps.listener.onRefused('dtls');
      return;
    }
    this.#replyTo = from;
    this.#exchange.receive(datagram, nowMs);
  }

  #isAdmitted({ address }: RemoteAddress): boolean {
    return this.#deps.admits === undefined || this.#deps.admits(address);
  }
}

function isSame(one: DtlsFingerprint, other: DtlsFingerprint | undefined): boolean {
  return one.hash === other?.hash && Buffer.compare(one.value, other.value) === 0;
}

function isSameIce(one: IceParameters, other: IceParameters): boolean {
  return (
    one.localFragment === other.localFragment &&
    one.localPassword === other.localPassword &&
    one.remoteFragment === other.remoteFragment
  );
}
