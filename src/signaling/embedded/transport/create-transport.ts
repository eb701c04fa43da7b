import { assertUnreachable } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import type { SipProtocol } from '../../port.js';
import type { SipTransport } from './sip-transport.js';
import { createTcpTransport } from './tcp-transport.js';
import type { TlsSettings } from './tls-policy.js';
import { createUdpTransport } from './udp-transport.js';
import { createWsTransport } from './ws-transport.js';

export interface SocketTransportOptions {
  /** IP literal to bind. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Peers to listen to, by IP literal. */
  readonly accept: (address: string) => boolean;
  readonly tls: TlsSettings;
  /** See {@link WsTransportOptions}. */
  readonly origins: readonly string[];
  /** For the streams that we open; 0 for none, ms. */
  readonly keepAliveMs: number;
  readonly random: Random;
}

/** The transport of one listening address, on real sockets. */
export function createSocketTransport(protocol: SipProtocol, options: SocketTransportOptions): SipTransport {
  const { tls, origins, keepAliveMs, random, ...plain } = options;
  const stream = { ...plain, ...(keepAliveMs > 0 && { keepAlive: { random, intervalMs: keepAliveMs } }) };
  switch (protocol) {
    case 'udp':
      return createUdpTransport(plain);
    case 'tcp':
      return createTcpTransport(stream);
    case 'tls':
      return createTcpTransport({ ...stream, tls });
    case 'ws':
      return createWsTransport({ ...plain, origins });
    case 'wss':
      return createWsTransport({ ...plain, origins, tls });
    default:
      return assertUnreachable(protocol);
  }
}
