/** Stands where a secret was. */
export const REDACTED = '[redacted]';

/** Shorter values are not searched for in text: they would take half of every log line with them. */
const MIN_SEARCHED_LENGTH = 6;

/**
 * Whether a key of the configuration, or an environment variable, has the name of a secret. `maxTokens` has not,
 * `adminToken` has.
 */
export function soundsSecret(name: string): boolean {
  return (
    /secret|token(?!s)|passw|passphrase|pwd|credential|apikey|^authorization$|(?:^|[_-])key$/i.test(name) ||
    /[a-z]Key$/.test(name)
  );
}

/** Whether a value of the configuration is a secret, by its path: user names of `auth` have passwords behind them. */
export function isSecretPath(path: readonly (string | number)[]): boolean {
  const names = path.filter((part) => typeof part === 'string');
  return soundsSecret(names.at(-1) ?? '') || (names.at(-2) === 'users' && names.at(-3) === 'auth');
}

/**
 * The secrets of one configuration, known so that they can be taken out of whatever is printed. Grows while a
 * configuration is loaded, and by whoever learns of another secret (a flavor's `writeOnly` options).
 */
export class Secrets {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Values under six characters are ignored. */
  add(value: string): void {
    if (value.length < MIN_SEARCHED_LENGTH || this.#values.has(value)) return;
    // The ways in which a secret usually turns up: as it is, inside JSON, inside a URL.
    this.#values.add(value).add(JSON.stringify(value).slice(1, -1));
    if (!/\p{Surrogate}/u.test(value)) this.#values.add(encodeURIComponent(value));
    this.#pattern = undefined;
  }

  /** Takes those of another configuration, such as one that was read again. */
  include(others: Secrets): void {
    for (const value of others.#values) this.#values.add(value);
    this.#pattern = undefined;
  }

  /** `text` with every known secret replaced. */
  redact(text: string): string {
    if (this.#values.size === 0) return text;
    if (!this.#pattern) {
      const longestFirst = [...this.#values].sort((one, other) => other.length - one.length);
      this.#pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
    }
    return text.replace(this.#pattern, REDACTED);
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
