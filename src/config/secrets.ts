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
    /secret|token(?!s)|passw|passphrase|pwd|credential|apikey|^(?:proxy-)?authorization$|^(?:set-)?cookie$|(?:^|[_-])key$/i.test(
      name,
    ) || /[a-z]Key$/.test(name)
  );
}

/** What the names in these maps sound like says nothing of what is in them: a flavor may be called "secretary". */
const MAPS_OF_NAMES: ReadonlySet<string | undefined> = new Set(['flavors', 'tools', 'trunks', 'targets']);

/**
 * Whether a value of the configuration is a secret, by its path: it, or what it lies in, is called like one; user names
 * of `auth` have passwords behind them.
 */
export function isSecretPath(path: readonly (string | number)[]): boolean {
  const names = path.filter((part) => typeof part === 'string');
  // The model is told what an argument called "password" is like; were that a secret, logs would lose the word "string".
  if (path[0] === 'tools' && path[2] === 'parameters') return soundsSecret(names.at(-1) ?? '');
  return names.some((name, index) => {
    const [above, before] = [names[index - 1], names[index - 2]];
    if (above === 'users' && before === 'auth') return true;
    if (above === 'headers' && /auth(?!or)|cookie|session/i.test(name)) return true;
    return soundsSecret(name) && (index === names.length - 1 || !MAPS_OF_NAMES.has(above));
  });
}

/** Whether a value is for a program of somebody else's, the server of an MCP tool: nobody here knows what is secret in it. */
export function isForProgram(path: readonly (string | number)[]): boolean {
  return path[0] === 'tools' && (path[2] === 'env' || path[2] === 'args');
}

/** Whether a text looks as keys and tokens do: long, of one piece, letters and digits. */
export function looksSecret(text: string): boolean {
  return /^[\w+/=.~-]{16,}$/.test(text) && /\d/.test(text) && /[a-z]/i.test(text) && !text.startsWith('/');
}

/** Passwords in the addresses of a text, as they are written there; where there is only one name, it may be a token. */
export function urlPasswords(text: string): string[] {
  return Array.from(text.matchAll(/:\/\/(?:[^\s/:@"']*:([^\s/@"']+)|([^\s/:@"']+))@/g), ([, password, user]) =>
    password !== undefined ? password : looksSecret(user ?? '') ? (user ?? '') : '',
  ).filter((found) => found !== '');
}

/**
 * The secrets of one configuration, known so that they can be taken out of whatever is printed. Grows while a
 * configuration is loaded, and by whoever learns of another secret (a flavor's `writeOnly` options).
 */
export class Secrets {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Values under six characters are ignored. Of the value of a header field, what stands behind its scheme counts as well. */
  add(value: string): void {
    const bare = /^(?:Bearer|Basic|Token|Digest|ApiKey)\s+(\S+)$/i.exec(value)?.[1];
    if (bare !== undefined) this.add(bare);
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
