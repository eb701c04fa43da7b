import type { Clock } from '../base/clock.js';
import { errorMessage } from '../base/connector-error.js';
import { Deadline } from '../base/deadline.js';
import type { Config } from '../config/config.js';
import { openPaths } from '../ops/admin/health-routes.js';
import { ADMIN_TOKEN_FILE, readAdminToken } from '../ops/admin-token.js';

const ANSWER_MS = 5000;

/** Asks the admin interface of the connector that runs with a configuration, from its working directory. */
export class AdminClient {
  readonly #url: string;
  readonly #token: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  private constructor(url: string, token: string, clock: Clock, signal: AbortSignal) {
    this.#url = url;
    this.#token = token;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Throws an `Error` that says what to do where no token is configured and none can be read. */
  static async of(
    { listen, token }: Config['admin'],
    cwd: string,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<AdminClient> {
    const known = token ?? (await readAdminToken(cwd));
    if (known === undefined) {
      throw new Error(
        `admin.token is not set, and ${ADMIN_TOKEN_FILE} holds none that this user may read: ` +
          'run this in the working directory of the connector, as its user',
      );
    }
    return new AdminClient(`http://${reachable(listen.host)}:${listen.port}`, known, clock, signal);
  }

  /**
   * Whether calls are taken, which is asked without the token. Throws an `Error` that says what to do where nobody answers, or
   * another program: it may write down what it is sent.
   */
  async readiness(): Promise<unknown> {
    const text = await this.get('/readyz', [200, 503]).catch((error: unknown) => {
      if (error instanceof OtherStatus) return '';
      throw error;
    });
    const answer = parsed(text);
    if (typeof Object(answer).ready === 'boolean') return answer;
    throw new Error(
      `${this.#url} is not a connector’s admin interface: is the connector running, and is this its admin.listen?`,
    );
  }

  /**
   * The body of an answer, as text. Throws an `Error` that says what to do where nobody answers within 5 s, or with
   * anything but `statuses`.
   */
  async get(path: string, statuses: readonly number[] = [200]): Promise<string> {
    const late = (): Error => new Error(`no answer within ${ANSWER_MS / 1000} s`);
    using deadline = new Deadline(this.#clock, ANSWER_MS, late, this.#signal);
    let answer: { readonly status: number; readonly body: string };
    try {
      const headers = openPaths.has(path) ? {} : { authorization: `Bearer ${this.#token}` };
      const response = await fetch(`${this.#url}${path}`, { headers, redirect: 'error', signal: deadline.signal });
      answer = { status: response.status, body: await response.text() };
    } catch (error) {
      // One that no header field can carry stands in the message.
      const why = errorMessage((error as Error).cause ?? error).replaceAll(this.#token, '[token]');
      throw new Error(
        `${this.#url} does not answer (${why}): is the connector running, and is this its admin.listen?`,
        { cause: error },
      );
    }
    if (statuses.includes(answer.status)) return answer.body;
    const hint = answer.status === 401 ? ': it was started with another token' : '';
    throw new OtherStatus(`${this.#url}${path} answers ${answer.status}${hint}`);
  }
}

/** An answer that was not asked for. */
class OtherStatus extends Error {}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a server that listens on `host` is reached from its own machine; IPv6 in brackets. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
