import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { TlsFiles } from '../../base/tls-material.js';
import type { Logger } from '../../flavor-api/index.js';
import type { DnsClient } from '../dns/dns-client.js';
import type { HepOptions } from '../hep/hep-sender.js';
import { type LegLimits, legLimitDefaults } from '../leg-limits.js';
import type { SipProtocol } from '../port.js';
import { type SessionTimerOptions, sessionTimerDefaults } from '../session/session-agreement.js';
import type { Lookup } from './dialog/name-resolver.js';
import type { PeerAuthenticationOptions } from './peer-authentication.js';
import type { RegistrationOptions } from './registration/registration-options.js';
import { type TimerOptions, timerDefaults } from './transaction/timer-values.js';
import { type TransactionLayerOptions, transactionLayerDefaults } from './transaction/transaction-layer.js';
import type { SipTransport } from './transport/sip-transport.js';
import type { TlsPolicy } from './transport/tls-policy.js';

/** One address to listen on. */
export interface EmbeddedListen {
  readonly protocol: SipProtocol;
  /** IP literal; a wildcard takes its own family only. */
  readonly host: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
}

/** What the operator decides, `signaling.embedded` of the configuration. */
export interface EmbeddedOptions {
  readonly listen: readonly EmbeddedListen[];
  /** Host written into Via and Contact instead of the local address: behind a NAT. */
  readonly advertise?: string | undefined;
  /** CIDR blocks of the peers that may begin calls; see `Peers` for who else is heard. */
  readonly allow: readonly string[];
  /** For the `tls:` and `wss:` addresses. Without files they connect, trusting the system's authorities, and take no connection. */
  readonly tls?: (TlsPolicy & Partial<TlsFiles>) | undefined;
  readonly webSocket?: { readonly origins: readonly string[] };
  /** Gap between keep-alives on the streams we open and the UDP flows that are held, s; 0 for none. */
  readonly keepAliveSeconds?: number;
  /** Peers say who they are; absent: their address is enough. */
  readonly auth?: PeerAuthenticationOptions | undefined;
  /** Extensions of PBXs to be. */
  readonly register?: readonly RegistrationOptions[];
  readonly sessionTimers?: SessionTimerOptions;
  /** Each SIP message is copied to a capture server; absent: none is. */
  readonly hep?: HepOptions | undefined;
  readonly timers?: TimerOptions;
  readonly limits?: EmbeddedLimits;
}

/** What keeps the endpoint's memory bounded, whatever comes. */
export interface EmbeddedLimits
  extends LegLimits,
    Pick<TransactionLayerOptions, 'maxServerTransactions' | 'maxServerBytes'> {
  /** Dialogs one outbound INVITE may create by forking; further early ones are ignored, for an answer the oldest goes. */
  readonly maxForks: number;
  /** Time for the end of the INVITEs that a stop has cancelled, ms. */
  readonly closeMs: number;
}

export const embeddedDefaults = {
  /** NAT devices forget a UDP flow after 30 s, the shortest-lived of them. */
  keepAliveSeconds: 25,
  sessionTimers: sessionTimerDefaults,
  timers: timerDefaults,
  limits: {
    ...legLimitDefaults,
    maxServerTransactions: transactionLayerDefaults.maxServerTransactions,
    maxServerBytes: transactionLayerDefaults.maxServerBytes,
    maxForks: 16,
    closeMs: 1_000,
  },
} as const satisfies Pick<EmbeddedOptions, 'sessionTimers' | 'timers' | 'limits' | 'keepAliveSeconds'>;

/** The driver's log: a pino logger fits. No message carries a number, a name, a digit or a body. */
export type EmbeddedLog = Pick<Logger, 'debug' | 'warn'> & Partial<Pick<Logger, 'info'>>;

export interface EmbeddedDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: EmbeddedLog;
  /** Resolves names of next hops; the system's resolver when absent. */
  readonly lookup?: Lookup;
  /** Answers for names of the configuration (RFC 3263); the system's name servers when absent. */
  readonly dns?: DnsClient;
  /** Makes the transport of one listening address; real sockets when absent. `accept` is the allow-list. */
  readonly createTransport?: (listen: EmbeddedListen, accept: (address: string) => boolean) => SipTransport;
}
