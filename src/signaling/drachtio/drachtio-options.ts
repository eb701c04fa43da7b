import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { Logger } from '../../flavor-api/index.js';
import { type LegLimits, legLimitDefaults } from '../leg-limits.js';
import { type SessionTimerOptions, sessionTimerDefaults } from '../session/session-agreement.js';
import type { SrfConstructor } from './server/srf-module.js';
import type { SessionLimits } from './server/srf-session.js';

/** TLS towards a server, or for servers that connect to us. PEM texts. */
export interface DrachtioTls {
  /** Whom to trust; the system's authorities when absent. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name in the server's certificate, where it is not the host. */
  readonly serverName?: string | undefined;
}

/** A drachtio server that we connect to. */
export interface DrachtioServer {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly tls?: DrachtioTls | undefined;
  readonly sessionTimers?: SessionTimerOptions | undefined;
}

/** Where drachtio servers connect to us, one connection for each request ("outbound mode"). */
export interface DrachtioListen {
  readonly host: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly secret: string;
  readonly tls?: DrachtioTls | undefined;
  /** CIDR blocks of the servers that may connect: the first thing each of them hears is the secret. */
  readonly from: readonly string[];
  readonly sessionTimers?: SessionTimerOptions | undefined;
}

/** What the operator decides, `signaling.drachtio` of the configuration. */
export interface DrachtioOptions {
  readonly servers: readonly DrachtioServer[];
  readonly listen?: DrachtioListen | undefined;
  /** CIDR blocks of the SIP peers that may call in: a server tells us where a request came from. */
  readonly allow: readonly string[];
  readonly limits?: DrachtioLimits;
}

/** What keeps memory bounded and waiting finite. */
export interface DrachtioLimits extends LegLimits, SessionLimits {
  /** From dialling a server to being let in, ms. */
  readonly connectMs: number;
  /** Wait before the second attempt, ms; each further one waits twice as long, up to `reconnectMaxMs`. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** Wait after the server refused our secret, ms: somebody has to do something first. */
  readonly refusedRetryMs: number;
  /** Connections of outbound mode at once. */
  readonly maxConnections: number;
  /** Legs alive at one server. */
  readonly maxLegs: number;
  /** RFC 3261 T1, ms: what we wait for is told in multiples of it. */
  readonly t1Ms: number;
}

export const drachtioDefaults = {
  sessionTimers: sessionTimerDefaults,
  limits: {
    ...legLimitDefaults,
    pingMs: 10_000,
    silenceMs: 25_000,
    responseMs: 34_000,
    closeMs: 1_000,
    maxUnsentBytes: 8 << 20,
    connectMs: 5_000,
    reconnectMinMs: 250,
    reconnectMaxMs: 2_000,
    refusedRetryMs: 60_000,
    maxConnections: 10_000,
    t1Ms: 500,
  },
} as const satisfies Pick<DrachtioOptions, 'limits'> & Pick<DrachtioServer, 'sessionTimers'>;

export interface DrachtioDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** No message carries a secret, a number, a name, a digit or a body. */
  readonly log?: Logger;
  /** Loads drachtio-srf; the package itself when absent. */
  readonly loadSrf?: () => Promise<SrfConstructor>;
  /** Dials a server; real sockets when absent. */
  readonly dial?: (server: DrachtioServer) => Socket;
}
