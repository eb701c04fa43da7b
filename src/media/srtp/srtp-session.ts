import type { DatagramPair } from '../datagram-transport.js';
import type { SrtpParameters } from '../engine.js';
import type { RemoteAddress } from '../remote-address.js';
import { isRtcp } from '../rtcp/rtcp-packet.js';
import { type SrtpDefect, SrtpInbound } from './srtp-inbound.js';
import { SrtpOutbound } from './srtp-outbound.js';

/** The border of a stream to its sockets: what passes is protected and checked where SRTP was agreed on, else as it is. */
export class SrtpSession {
  readonly #port: Pick<DatagramPair, 'send' | 'sendRtcp'>;
  /** Kept while nothing is protected: should protection come back with the same key, no index may come again. */
  #outbound: SrtpOutbound | undefined;
  #protects = false;
  #inbound: SrtpInbound | undefined;

  constructor(port: Pick<DatagramPair, 'send' | 'sendRtcp'>) {
    this.#port = port;
  }

  receiveWith(parameters: SrtpParameters | undefined): void {
    if (parameters === undefined) {
      this.#inbound = undefined;
      return;
    }
    const { suite, remoteKey, remoteLifetimePackets } = parameters;
    const key = { suite, key: remoteKey, lifetimePackets: remoteLifetimePackets };
    if (this.#inbound === undefined) this.#inbound = new SrtpInbound(key);
    else this.#inbound.rekey(key);
  }

  /** @param newPeer the packets go to another address than those before */
  sendWith(parameters: SrtpParameters | undefined, newPeer: boolean): void {
    this.#protects = parameters !== undefined;
    if (parameters === undefined) return;
    const key = { suite: parameters.suite, key: parameters.localKey };
    if (this.#outbound === undefined) this.#outbound = new SrtpOutbound(key);
    else this.#outbound.rekey(key, newPeer);
  }

  /** Our SSRC is another from now on. */
  startOver(): void {
    this.#outbound?.startOver();
  }

  /** Sends an RTP packet; it may be used again afterwards. Hot path. */
  send(packet: Uint8Array, to: RemoteAddress): void {
    const bytes = this.#protects ? this.#outbound?.protectRtp(packet) : packet;
    if (bytes !== undefined) this.#port.send(bytes, to);
  }

  /** Sends a compound RTCP packet. @param mux from the RTP port */
  sendRtcp(packet: Uint8Array, to: RemoteAddress, mux: boolean): void {
    const bytes = this.#protects ? this.#outbound?.protectRtcp(packet) : packet;
    if (bytes === undefined) return;
    if (mux) this.#port.send(bytes, to);
    else this.#port.sendRtcp(bytes, to);
  }

  /** Whether what comes has to go through {@link open}. */
  get unlocks(): boolean {
    return this.#inbound !== undefined;
  }

  /** What came to the RTP port, in the clear, or what is wrong with it. Changes `bytes`. Hot path. */
  open(bytes: Uint8Array): Uint8Array | SrtpDefect {
    if (this.#inbound === undefined) return bytes;
    return isRtcp(bytes) ? this.#inbound.openRtcp(bytes) : this.#inbound.openRtp(bytes);
  }

  /** The same for the RTCP port. */
  openRtcp(bytes: Uint8Array): Uint8Array | SrtpDefect {
    return this.#inbound === undefined ? bytes : this.#inbound.openRtcp(bytes);
  }
}
