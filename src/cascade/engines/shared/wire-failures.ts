import { FlavorError } from '../../../flavor-api/index.js';

/** What goes wrong on the WebSocket to any provider alike, worded with its name. */
export interface WireFailures {
  /** A failure below the protocol: name look-up, TCP, TLS, upgrade, framing. */
  socketFailure(cause: Error): FlavorError;
  /** `what` completes "Azure took too long ...". */
  timeout(what: string): FlavorError;
  /** `what` completes "Azure sent ...". The connection goes on. */
  protocolFault(what: string): FlavorError;
  /** A connection was away for longer than caller audio is kept. */
  audioLost(): FlavorError;
  /** What was thrown, as an error that the host can act upon. */
  asFlavorError(error: unknown): FlavorError;
}

/** @param provider as messages name it */
export function wireFailures(provider: string): WireFailures {
  const fail = (code: FlavorError['code'], message: string): FlavorError => new FlavorError(code, message, true);
  const timeout = (what: string): FlavorError => fail('ERR_FLAVOR_TIMEOUT', `${provider} took too long ${what}`);
  return {
    timeout,
    socketFailure(cause) {
      const code = 'code' in cause && typeof cause.code === 'string' ? plain(cause.code) : '';
      if (code === 'ETIMEDOUT') return timeout('to connect');
      if (code.startsWith('WS_ERR_')) {
        return fail('ERR_FLAVOR_PROTOCOL', `${provider} broke the WebSocket protocol (${code})`);
      }
      const why = code === '' ? '' : ` (${code})`;
      return fail('ERR_FLAVOR_NETWORK', `the connection to ${provider} failed${why}`);
    },
    protocolFault: (what) => fail('ERR_FLAVOR_PROTOCOL', `${provider} sent ${what}`),
    audioLost: () => fail('ERR_FLAVOR_NETWORK', `the beginning of a turn was lost: ${provider} was away too long`),
    asFlavorError(error) {
      if (error instanceof FlavorError) return error;
      const message = `the connection to ${provider} failed`;
      return new FlavorError('ERR_FLAVOR_NETWORK', message, true, { cause: error });
    },
  };
}

/** The configuration cannot work. */
export function configFailure(message: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

/** A name out of the network, fit for a log line: short, and of harmless characters. */
export function plain(name: string): string {
  return name.replace(/[^\w.-]/g, '').slice(0, 64);
}
