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
    /secret|token(?!s)|passw|passphrase|pwd|credential|apikey|^(?:proxy-)?authorization$|^(?:set-)?cookie$|(?:^|[_-])(?:key|pass)$/i.test(
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

/** Whether a text looks as keys and tokens do: long, of one piece, letters and digits, and no words that can be read. */
export function looksSecret(text: string): boolean {
  const isLong = /^[\w+/=.~-]{16,}$/.test(text) && /\d/.test(text) && /[a-z]/i.test(text) && !text.startsWith('/');
  return isLong && !isHostName(text) && !readsAsWords(text);
}

/** `db-1.eu-central-1.internal`. What is random is as a rule in capitals too, or longer than a label of a host. */
function isHostName(text: string): boolean {
  return /^(?:[a-z\d-]{1,63}\.)+[a-z]{2,18}$/.test(text) && !/[a-z\d]{20}/.test(text);
}

const DATE = /(?<!\d)(?:19|20)\d\d-?(?:0\d|1[0-2])-?[0-3]\d(?!\d)/g;
/** It can be pronounced. */
const WORD = /^(?=.*[aeiouy]|.{1,3}$)(?!.*[^aeiouy]{6})[A-Z]?[a-z]{1,20}$/;
/** `3`, `v2`, `4o`, `fp16`. */
const NUMBER = /^(?:[a-z]{0,6}\d{1,4}|\d{1,3}[a-z]{1,2})$/;
const MAX_DIGITS = 4;

/**
 * `text-embedding-3-large`, `--model=gpt-4o-2024-08-06`: words in pieces that say so, and among them one number, or several in
 * a row, as versions have them. With more of them it may be what people make up for a password.
 */
function readsAsWords(text: string): boolean {
  if (!/[-_./=]/.test(text)) return false;
  const undated = text.replace(DATE, '');
  const parts = undated.split(/[-_./=]/).filter((part) => part !== '');
  const isNumber = parts.map((part) => !WORD.test(part));
  return (
    parts.some((part, index) => part.length > 2 && !isNumber[index]) &&
    parts.every((part, index) => !isNumber[index] || NUMBER.test(part)) &&
    isNumber.filter((is, index) => is && !isNumber[index - 1]).length <= 1 &&
    undated.replace(/\D/g, '').length <= MAX_DIGITS
  );
}

/**
 * What is secret in the addresses of a text, as it is written there: passwords (where there is only one name, it may be a
 * token), and parameters of a query that are called like secrets. `key` is many a harmless word's name, too.
 */
export function urlSecrets(text: string): string[] {
  if (!text.includes('://')) return [];
  const passwords = Array.from(
    text.matchAll(/:\/\/(?:[^\s/:@"']*:([^\s/@"']+)|([^\s/:@"']+))@/g),
    ([, password, user = '']) => password ?? (looksSecret(user) ? user : ''),
  );
  const parameters = Array.from(
    text.matchAll(/(?<=[?&])([\w-]{1,64})=([^\s#"'&{}]+)(?![^\s#"'&])/g),
    ([, name = '', value = '']) =>
      soundsSecret(name) && (name.toLowerCase() !== 'key' || looksSecret(value)) ? value : '',
  );
  return [...passwords, ...parameters].filter((found) => found !== '');
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
