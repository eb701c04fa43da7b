import type { SrtpParameters } from '../engine.js';
import { isRtcp } from '../rtcp/rtcp-packet.js';
import type { DatagramPair } from '../sockets/datagram-transport.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import { type SrtpDefect, SrtpInbound } from './srtp-inbound.js';
import { SrtpOutbound } from './srtp-outbound.js';

/** What a direction is protected with: nothing, keys, or keys that are still awaited. */
export type StreamKeys = SrtpParameters | 'awaited' | undefined;

/**
 * The border of a stream to its sockets: what passes is protected and checked where SRTP was agreed on, else as it is. While
 * keys are awaited nothing passes.
 */
export class SrtpSession {
  readonly #port: Pick<DatagramPair, 'send' | 'sendRtcp'>;
  /** Kept while nothing is protected: should protection come back with the same key, no index may come again. */
  #outbound: SrtpOutbound | undefined;
  #protects = false;
  /** The keys of what is sent are there, where it is protected. */
  #ready = true;
  #locked = false;
  #inbound: SrtpInbound | undefined;

  constructor(port: Pick<DatagramPair, 'send' | 'sendRtcp'>) {
    this.#port = port;
  }

  /** `awaited` holds for what is sent as well, from now on. */
  receiveWith(keys: StreamKeys): void {
    this.#locked = keys !== undefined;
    if (keys === 'awaited') this.sendWith('awaited', false);
    if (keys === undefined || keys === 'awaited') {
      this.#inbound = undefined;
      return;
    }
    const { suite, remoteKey, remoteLifetimePackets } = keys;
    const key = { suite, key: remoteKey, lifetimePackets: remoteLifetimePackets };
    if (this.#inbound === undefined) this.#inbound = new SrtpInbound(key);
    else this.#inbound.rekey(key);
  }

  /** @param newPeer the packets go to another address than those before, or to another association of DTLS */
  sendWith(keys: StreamKeys, newPeer: boolean): void {
    this.#protects = keys !== undefined;
    this.#ready = keys !== 'awaited';
    if (keys === undefined || keys === 'awaited') return;
    const key = { suite: keys.suite, key: keys.localKey };
    if (this.#outbound === undefined) this.#outbound = new SrtpOutbound(key);
    else this.#outbound.rekey(key, newPeer);
  }

  /** Our SSRC is another from now on. */
  startOver(): void {
    this.#outbound?.startOver();
  }

  /** Whether what is sent leaves. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Sends an RTP packet; it may be used again afterwards. Hot path. */
  send(packet: Uint8Array, to: RemoteAddress): void {
    const bytes = this.#protects ? this.#protected?.protectRtp(packet) : packet;
    if (bytes !== undefined) this.#port.send(bytes, to);
  }

  /** Sends a compound RTCP packet. @param mux from the RTP port */
  sendRtcp(packet: Uint8Array, to: RemoteAddress, mux: boolean): void {
    const bytes = this.#protects ? this.#protected?.protectRtcp(packet) : packet;
    if (bytes === undefined) return;
    if (mux) this.#port.send(bytes, to);
    else this.#port.sendRtcp(bytes, to);
  }

  /** Whether what comes has to go through {@link open}. */
  get unlocks(): boolean {
    return this.#locked;
  }

  /** What came to the RTP port, in the clear, or what is wrong with it. Changes `bytes`. Hot path. */
  open(bytes: Uint8Array): Uint8Array | SrtpDefect | 'no-keys' {
    if (!this.#locked) return bytes;
    if (this.#inbound === undefined) return 'no-keys';
    return isRtcp(bytes) ? this.#inbound.openRtcp(bytes) : this.#inbound.openRtp(bytes);
  }

  /** The same for the RTCP port. */
  openRtcp(bytes: Uint8Array): Uint8Array | SrtpDefect | 'no-keys' {
    if (!this.#locked) return bytes;
    return this.#inbound === undefined ? 'no-keys' : this.#inbound.openRtcp(bytes);
  }

  get #protected(): SrtpOutbound | undefined {
    return this.#ready ? this.#outbound : undefined;
  }
}
