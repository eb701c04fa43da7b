import { isIP, type LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { ConnectorError } from '../base/connector-error.js';
import { hasFamily } from '../base/ip-text.js';
import type { AddressGuard } from './address-guard.js';

/** One address of a host name. */
interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Asks the resolver for all addresses of a name, in the order in which they are to be tried. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** Longest time for TCP and TLS, ms; a request's own time-out is usually shorter. */
const CONNECT_MS = 10_000;

/**
 * Opens connections for undici, to permitted addresses only. A name is resolved once for each connection, and the
 * connection goes to an address that was looked at: a second answer of the resolver (DNS rebinding) never counts.
 */
export class GuardedConnector {
  readonly #guard: AddressGuard;
  readonly #open: buildConnector.connector;
  /** Not connected yet: undici waits for these when it closes. */
  readonly #connecting = new Set<Socket>();

  constructor(guard: AddressGuard, resolve: ResolveHost) {
    this.#guard = guard;
    this.#open = buildConnector({ lookup: guardedLookup(guard, resolve), timeout: CONNECT_MS, allowH2: false });
  }

  /** For the `connect` of an undici agent. */
  readonly connect: buildConnector.connector = (options, callback) => {
    // Node asks no resolver about an IP literal.
    if (isIP(options.hostname) !== 0 && !this.#guard.permits(options.hostname)) {
      queueMicrotask(() => callback(blocked(options.hostname), null));
      return;
    }
    const socket: unknown = this.#open(options, (...outcome) => {
      if (socket instanceof Socket) this.#connecting.delete(socket);
      callback(...outcome);
    });
    if (socket instanceof Socket) this.#connecting.add(socket);
  };

  /** Gives up connections that are not there yet. */
  close(): void {
    for (const socket of this.#connecting) socket.destroy(new Error('closed while connecting'));
  }
}

function guardedLookup(guard: AddressGuard, resolve: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    const refuse = (error: unknown): void => callback(asError(error), options.all ? [] : '');
    const accept = (found: readonly ResolvedAddress[]): void => {
      const usable = found.filter(({ address, family }) => guard.permits(address) && hasFamily(family, options.family));
      const [first] = usable;
      if (!first) refuse(blocked(hostname));
      else if (options.all) callback(null, [...usable]);
      else callback(null, first.address, first.family);
    };
    resolve(hostname).then(accept, refuse);
  };
}

function blocked(hostname: string): ConnectorError {
  return new ConnectorError('ERR_HTTP_BLOCKED', `${hostname} has no address that requests may go to`);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
