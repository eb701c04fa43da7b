import { parseDecimal, TextCursor, takeParams } from './lexical.js';

/** Larger intervals mean this one: a session that outlives it outlives the process too. */
const MAX_SESSION_SECONDS = 2 ** 32 - 1;

/** Who refreshes: the side that sent the request the field stands in, or answers (RFC 4028 section 4). */
export type Refresher = 'uac' | 'uas';

export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: Refresher | undefined;
}

/** Reads Session-Expires (RFC 4028 section 4); `undefined` when malformed. An unknown refresher counts as none. */
export function parseSessionExpires(text: string): SessionExpires | undefined {
  const interval = readInterval(text);
  if (interval === undefined) return undefined;
  const refresher = interval.params.get('refresher')?.toLowerCase();
  return {
    seconds: interval.seconds,
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined,
  };
}

export function serializeSessionExpires({ seconds, refresher }: SessionExpires): string {
  return refresher === undefined ? String(seconds) : `${seconds};refresher=${refresher}`;
}

/** Reads Min-SE (RFC 4028 section 5), s; `undefined` when malformed. */
export function parseMinSe(text: string): number | undefined {
  return readInterval(text)?.seconds;
}

function readInterval(
  text: string,
): { readonly seconds: number; readonly params: ReadonlyMap<string, string> } | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  const digits = cursor.takeToken();
  const seconds = /^[0-9]{1,64}$/.test(digits)
    ? (parseDecimal(digits, MAX_SESSION_SECONDS) ?? MAX_SESSION_SECONDS)
    : undefined;
  const params = takeParams(cursor);
  return seconds === undefined || params === undefined ? undefined : { seconds, params };
}
