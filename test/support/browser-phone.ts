import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IceParameters, SrtpSuite } from '../../src/media/engine.js';
import { parseRtp, RtpPacket } from '../../src/media/rtp/rtp-packet.js';
import { SrtpInbound } from '../../src/media/srtp/srtp-inbound.js';
import { SrtpOutbound } from '../../src/media/srtp/srtp-outbound.js';
import { DtlsClient, type DtlsCredentials, p256Credentials } from './dtls-client.js';
import { rtpBytes } from './rtp-bytes.js';
import { CONTROLLING, isSealedWith, mappedAddressOf, PRIORITY, stunCheck, USE_CANDIDATE } from './stun-client.js';

type Address = { readonly address: string; readonly port: number };

/** SRTP protection profiles (RFC 5764 section 4.1.2, RFC 7714 section 14.2), and what key and salt take, bytes. */
const profiles: Readonly<Record<number, readonly [suite: SrtpSuite, key: number, salt: number]>> = {
  1: ['AES_CM_128_HMAC_SHA1_80', 16, 14],
  7: ['AEAD_AES_128_GCM', 16, 12],
};
const LIFETIME_PACKETS = 2 ** 48;

/** A browser's audio, as far as the network sees it: checks of ICE, DTLS as the client, SRTP. PCMU. */
export class BrowserPhone implements AsyncDisposable {
  readonly credentials: DtlsCredentials = p256Credentials();
  /** Payloads of what was authentic. */
  readonly heard: Buffer[] = [];
  /** RTP or RTCP that was not, or came before there were keys. */
  unauthentic = 0;
  /** Answers to checks, each sealed with the password. */
  answers = 0;
  /** Where the other side sees us. */
  mapped: Address | undefined;
  readonly #socket: Socket;
  /** Known with the answer, at the latest. */
  ice: IceParameters;
  readonly #client: DtlsClient;
  #to: Address = { address: '', port: 0 };
  #inbound: SrtpInbound | undefined;
  #outbound: SrtpOutbound | undefined;
  #sequence = 1_000;

  private constructor(socket: Socket, ice: IceParameters, profile: number) {
    this.#socket = socket;
    this.ice = ice;
    this.#client = new DtlsClient({ credentials: this.credentials, profiles: [profile] }, (datagram) =>
      this.#socket.send(datagram, this.#to.port, this.#to.address),
    );
    socket.on('message', (bytes) => this.#receive(bytes, profile));
  }

  static async open(ice: IceParameters, profile: 1 | 7 = 1, address = '127.0.0.1'): Promise<BrowserPhone> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new BrowserPhone(socket, ice, profile);
  }

  get remote(): Address {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** SHA-256 of the certificate that the other side has shown. */
  get shown(): Buffer {
    // Lengths of the list and of its first certificate come before it, three bytes each.
    const message = this.#client.heard.get(11) ?? new Uint8Array();
    return createHash('sha256').update(message.subarray(6)).digest();
  }

  /** The other side has said close_notify. */
  get ended(): boolean {
    return this.#client.alerts.some(([, description]) => description === 0);
  }

  sendBytes(bytes: Uint8Array, to = this.#to): void {
    this.#socket.send(bytes, to.port, to.address);
  }

  check(): void {
    const { localFragment, localPassword, remoteFragment } = this.ice;
    const username = `${localFragment}:${remoteFragment}`;
    const attributes = [PRIORITY, CONTROLLING, USE_CANDIDATE];
    this.sendBytes(stunCheck({ username, password: localPassword, attributes }));
  }

  /** Checks until it is answered, then agrees on keys; throws after `limitMs`. */
  async connect(to: Address, limitMs = 30_000): Promise<void> {
    this.#to = to;
    await this.#repeat(
      () => this.answers > 0,
      limitMs,
      () => this.check(),
    );
    this.#client.start();
    await this.#repeat(
      () => this.#outbound !== undefined,
      limitMs,
      (time) => {
        if (time > 0) this.#client.repeat();
      },
    );
  }

  /** Sends packets of 20 ms, one every 20 ms. */
  async talk(payloads: readonly Uint8Array[]): Promise<void> {
    const startMs = performance.now();
    for (const [index, payload] of payloads.entries()) {
      this.#sequence += 1;
      const packet = rtpBytes({ sequence: this.#sequence, timestamp: this.#sequence * 160, ssrc: 9, payload });
      // A copy: the bytes leave in a later turn.
      this.sendBytes(Buffer.from(this.#outbound?.protectRtp(packet) ?? []));
      const waitMs = startMs + 20 * (index + 1) - performance.now();
      if (waitMs > 0) await sleep(waitMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  async #repeat(isDone: () => boolean, limitMs: number, step: (time: number) => void): Promise<void> {
    for (let time = 0; !isDone(); time += 1) {
      if (time * 5 > limitMs) throw new Error('the other side does not answer');
      if (time % 40 === 0) step(time);
      await sleep(5);
    }
  }

  #receive(bytes: Buffer, profile: number): void {
    const first = bytes[0] as number;
    if (first < 4) {
      if (!isSealedWith(bytes, this.ice.localPassword)) return;
      this.answers += 1;
      this.mapped = mappedAddressOf(bytes);
    } else if (first < 64) {
      this.#client.receive(bytes);
      if (this.#client.established && this.#outbound === undefined) this.#useKeys(profile);
    } else this.#hear(bytes);
  }

  /** RFC 5764 section 4.2: keys of client and server, then their salts. */
  #useKeys(profile: number): void {
    const [suite, key, salt] = profiles[profile] as readonly [SrtpSuite, number, number];
    const material = this.#client.keyingMaterial(2 * (key + salt));
    const side = (index: number): Uint8Array =>
      Buffer.concat([
        material.subarray(index * key, (index + 1) * key),
        material.subarray(2 * key + index * salt, 2 * key + (index + 1) * salt),
      ]);
    this.#outbound = new SrtpOutbound({ suite, key: side(0) });
    this.#inbound = new SrtpInbound({ suite, key: side(1), lifetimePackets: LIFETIME_PACKETS });
  }

  #hear(bytes: Buffer): void {
    const isRtcp = (bytes[1] as number) >= 192 && (bytes[1] as number) < 224;
    const packet = isRtcp ? this.#inbound?.openRtcp(bytes) : this.#inbound?.openRtp(bytes);
    if (typeof packet !== 'object') {
      this.unauthentic += 1;
      return;
    }
    const header = new RtpPacket();
    if (!isRtcp && parseRtp(packet, header) === undefined) this.heard.push(Buffer.from(packet.subarray(12)));
  }
}
