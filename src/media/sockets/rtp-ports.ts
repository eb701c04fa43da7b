import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { ConnectorError, errorCode } from '../../base/connector-error.js';
import { fileProblem } from '../../base/file-problem.js';
import type { Random } from '../../base/random.js';
import type { MediaEngine } from '../engine.js';
import { PortPool } from './port-pool.js';

export interface RtpPortsOptions {
  /** Address to bind, an IP literal; a wildcard is bound in the family of each stream. */
  readonly bind: string;
  /** Bounds of the RTP port range, both included. */
  readonly ports: { readonly min: number; readonly max: number };
  readonly portRestSeconds: number;
}

/** Where a stream is to be bound: `port`, even, and the one above. */
export interface RtpPlace {
  readonly port: number;
  readonly address: string;
  readonly family: 4 | 6;
}

/** Errors of `bind` that another port may not have. */
const portErrors: readonly (string | undefined)[] = ['EADDRINUSE', 'EACCES'];

/** The ports of an engine: who opens a stream gets a pair that nobody holds. */
export class RtpPorts {
  readonly #options: RtpPortsOptions;
  readonly #pool: PortPool;

  constructor(options: RtpPortsOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options;
    this.#pool = new PortPool({ ...options.ports, restSeconds: options.portRestSeconds }, deps);
  }

  usage(): ReturnType<MediaEngine['usage']> {
    const { inUse, resting, free } = this.#pool.usage();
    return { open: inUse, resting, free };
  }

  /**
   * Opens something on a free pair. `openOn` rejects with the system's error where the pair cannot be bound; then another
   * is tried, if that may help. Throws `ERR_NO_MEDIA_PORT`.
   */
  async open<T>(family: 4 | 6, openOn: (place: RtpPlace) => Promise<T>): Promise<T> {
    const bound = this.#bindAddress(family);
    // A pair that is bound by somebody else rests like one of ours: it is not tried again at once.
    for (let attempts = this.#pool.usage().free; attempts > 0; attempts -= 1) {
      const port = this.#pool.acquire();
      if (port === undefined) break;
      try {
        return await openOn({ port, ...bound });
      } catch (error) {
        this.#pool.release(port);
        if (error instanceof ConnectorError) throw error;
        if (portErrors.includes(errorCode(error))) continue;
        const message = `cannot bind RTP to ${bound.address}: ${fileProblem(error)}`;
        throw new ConnectorError('ERR_NO_MEDIA_PORT', message, { cause: error });
      }
    }
    throw new ConnectorError('ERR_NO_MEDIA_PORT', `no free RTP port in ${this.#rangeText()}`);
  }

  /** What was opened on `port` is closed: the pair rests, then is free. */
  release(port: number): void {
    this.#pool.release(port);
  }

  #bindAddress(family: 4 | 6): { readonly address: string; readonly family: 4 | 6 } {
    const { bind } = this.#options;
    if (bind === '0.0.0.0' || bind === '::') return { address: family === 4 ? '0.0.0.0' : '::', family };
    return { address: bind, family: isIP(bind) === 6 ? 6 : 4 };
  }

  #rangeText(): string {
    const { min, max } = this.#options.ports;
    const { inUse, resting } = this.#pool.usage();
    return `${min}-${max}: ${inUse} in use, ${resting} resting or bound by others`;
  }
}
