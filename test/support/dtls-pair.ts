import { createDtlsIdentity, type DtlsIdentity } from '../../src/media/dtls/dtls-identity.js';
import { DtlsServer } from '../../src/media/dtls/dtls-server.js';
import type { DtlsServerOptions } from '../../src/media/dtls/server-handshake.js';
import type { SrtpParameters } from '../../src/media/engine.js';
import { DtlsClient, type DtlsClientOptions, type DtlsCredentials, p256Credentials } from './dtls-client.js';

let identity: DtlsIdentity | undefined;
let credentials: DtlsCredentials | undefined;

/** One for all tests of a file: keys take time. */
export function testIdentity(): DtlsIdentity {
  identity ??= createDtlsIdentity(Date.UTC(2026, 0, 1));
  return identity;
}

export function testCredentials(): DtlsCredentials {
  credentials ??= p256Credentials();
  return credentials;
}

/** A server and a client; what they send lies in `toServer` and `toClient` until somebody takes it there. */
export class DtlsPair {
  readonly server: DtlsServer;
  readonly client: DtlsClient;
  toServer: Buffer[] = [];
  toClient: Buffer[] = [];
  nowMs = 0;
  /** Of the server's listener. */
  readonly events: string[] = [];
  srtp: SrtpParameters | undefined;

  constructor(client: Partial<DtlsClientOptions> = {}, server: Partial<DtlsServerOptions> = {}) {
    const options = { credentials: testCredentials(), ...client };
    this.client = new DtlsClient(options, (datagram) => this.toServer.push(Buffer.from(datagram)));
    this.server = new DtlsServer(
      {
        identity: testIdentity(),
        fingerprints: [options.credentials.fingerprint],
        suites: ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'],
        ...server,
      },
      {
        send: (datagram) => this.toClient.push(Buffer.from(datagram)),
        listener: {
          onEstablished: (srtp) => {
            this.srtp = srtp;
            this.events.push('established');
          },
          onFailed: (message) => this.events.push(message),
          onClosed: () => this.events.push('closed'),
        },
      },
    );
  }

  /** Gives the server a datagram, which it must not keep. */
  receive(datagram: Uint8Array): void {
    const borrowed = Buffer.from(datagram);
    this.server.receive(borrowed, this.nowMs);
    borrowed.fill(0xff);
  }

  /** Brings everything over, until nobody says any more. */
  deliver(): void {
    while (this.toServer.length > 0 || this.toClient.length > 0) {
      for (const datagram of this.toServer.splice(0)) this.receive(datagram);
      for (const datagram of this.toClient.splice(0)) this.client.receive(datagram);
    }
  }

  /** A whole handshake without trouble. */
  shakeHands(): this {
    this.client.start();
    this.deliver();
    return this;
  }

  /** Moves time on in steps of 20 ms, with a tick at each. */
  pass(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 20;
      this.server.tick(this.nowMs);
    }
  }
}
