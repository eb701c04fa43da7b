import { hasOptionTag, parseDecimal } from '../message/lexical.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import type { HeaderList } from './header-list.js';

/** RFC 4028 section 5: no interval may be shorter, s. The server does not agree to less either. */
const SHORTEST_SECONDS = 90;

/** What does not fit into 32 bits is no interval. */
const MAX_SECONDS = 2 ** 32 - 1;

interface Asked {
  readonly seconds: number;
  readonly refresher: string | undefined;
  /** The peer itself knows the extension; without, a proxy asks. */
  readonly supported: boolean;
}

/** Refuses an INVITE whose session timer is too short, where its sender knows what 422 means (RFC 4028 section 9). */
export function refuseShortTimer(invite: SipRequest): Refusal | undefined {
  const asked = askedBy(invite);
  if (asked === undefined || asked.seconds >= SHORTEST_SECONDS || !asked.supported) return undefined;
  return { status: 422, headers: [['Min-SE', String(SHORTEST_SECONDS)]] };
}

/**
 * What a 2xx says of the session timer its INVITE or UPDATE asks for. The server reads this on the way out: it sends the
 * re-INVITEs where we are to refresh, and the BYE where the peer should have.
 */
export function sessionTimerHeaders(request: SipRequest): HeaderList {
  const asked = askedBy(request);
  if (asked === undefined || asked.seconds < SHORTEST_SECONDS) return [];
  const refresher = asked.supported ? (asked.refresher ?? 'uas') : 'uas';
  const expires = ['Session-Expires', `${asked.seconds};refresher=${refresher}`] as const;
  return refresher === 'uac' ? [expires, ['Require', 'timer']] : [expires];
}

function askedBy({ headers }: SipRequest): Asked | undefined {
  const [number = '', ...params] = (headers.get('Session-Expires') ?? '').split(';').map((part) => part.trim());
  const seconds = parseDecimal(number, MAX_SECONDS);
  if (seconds === undefined) return undefined;
  const refresher = params.map((param) => /^refresher\s*=\s*(uac|uas)$/i.exec(param)?.[1]?.toLowerCase()).find(Boolean);
  return { seconds, refresher, supported: hasOptionTag(headers.getAll('Supported'), 'timer') };
}
