import { SLASH, TextCursor, takeParams } from './lexical.js';

/** A media type of RFC 3261 section 20.15. */
export interface ContentType {
  /** `type/subtype` in lower case. */
  readonly mediaType: string;
  /** Names in lower case, values as on the wire. */
  readonly params: ReadonlyMap<string, string>;
}

/** Reads `type/subtype;parameters`; `undefined` when malformed. */
export function parseContentType(text: string): ContentType | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  const type = cursor.takeToken();
  cursor.skipBlanks();
  const slash = cursor.take(SLASH);
  cursor.skipBlanks();
  const subtype = cursor.takeToken();
  const params = takeParams(cursor);
  if (type === '' || !slash || subtype === '' || params === undefined) return undefined;
  return { mediaType: `${type}/${subtype}`.toLowerCase(), params };
}
