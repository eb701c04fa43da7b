import type { HeaderList } from '../../message/sip-headers.js';
import type { SrfHeaders } from './srf-module.js';

/** What goes out with a request or a response beside its first line. */
export interface Content {
  readonly headers?: HeaderList;
  readonly body?: string;
  /** Goes with a body. */
  readonly contentType?: string;
}

/** The longest message the server reads is 99,999 bytes: beyond it, it hangs up, and with it every call. */
const MAX_CONTENT_CHARACTERS = 24_000;

/** Fields that are full of commas themselves, and are not joined by them (RFC 3261 section 7.3.1). */
const NO_LIST = new Set(['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate']);

/**
 * Header fields as drachtio-srf wants them. Fields of one name become one, joined by commas (RFC 3261 section 7.3.1), or, where they
 * may not be, one text of several lines, which it writes as it is; what could end a line early is a blank. `undefined` where the
 * server would not take the size.
 */
export function toSrfHeaders({ headers = [], body, contentType }: Content): SrfHeaders | undefined {
  const fields = new Map<string, { readonly name: string; value: string }>();
  let characters = body?.length ?? 0;
  const add = (name: string, text: string) => {
    const value = text.replace(/[\r\n\0]+/g, ' ');
    const known = fields.get(name.toLowerCase());
    if (known === undefined) fields.set(name.toLowerCase(), { name, value });
    else if (NO_LIST.has(name.toLowerCase())) known.value += `\r\n${name}: ${value}`;
    else known.value += `, ${value}`;
    characters += name.length + value.length + 4;
  };
  for (const [name, value] of headers) add(name, value);
  if (body !== undefined && contentType !== undefined) add('Content-Type', contentType);
  if (characters > MAX_CONTENT_CHARACTERS) return undefined;
  // Without a prototype, `__proto__` is a name like any other.
  const result: SrfHeaders = Object.create(null);
  for (const { name, value } of fields.values()) result[name] = value;
  return result;
}
