import type { Random } from '../../../base/random.js';
import { parseNameAddrList } from '../../message/name-addr.js';
import type { SipResponse } from '../../message/sip-message.js';
import { parseSipUri } from '../../message/sip-uri.js';

/** How a registration is kept alive. */
export interface RegistrationTimes {
  /** First wait after a failure, doubled with each further one, ms. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  /** Longest time a registrar may make us register for (Min-Expires), s. */
  readonly maxExpiresSeconds: number;
  /** How long the end of the process waits for the registrar, ms. */
  readonly farewellMs: number;
}

export const registrationTimes = {
  backOffMs: 5_000,
  maxBackOffMs: 600_000,
  maxExpiresSeconds: 86_400,
  farewellMs: 2_000,
} as const satisfies RegistrationTimes;

/** Timer F with the usual T1: a refresh that gets no answer must not find the binding gone. */
const REFRESH_MARGIN_SECONDS = 32;

/**
 * How long the registrar keeps our binding: the `expires` of our Contact in its 200, else Expires, else what we asked for
 * (RFC 3261 section 10.2.4). At least a second, whatever it says.
 */
export function grantedSeconds({ headers }: SipResponse, contactUri: string, askedSeconds: number): number {
  const contacts = headers.getAll('Contact').flatMap((value) => parseNameAddrList(value) ?? []);
  const alike = contacts.filter(({ uri }) => sameContact(uri, contactUri));
  // Of one that we had by another transport the binding may be there still: it is another (RFC 3261 section 19.1.4).
  const own = alike.find(({ uri }) => transportOf(uri) === transportOf(contactUri)) ?? alike[0];
  const granted = seconds(own?.params.get('expires')) ?? seconds(headers.get('Expires')) ?? askedSeconds;
  return Math.max(granted, 1);
}

/** When to register again, ms from now. */
export function refreshDelayMs(grantedForSeconds: number): number {
  const margin = Math.max(grantedForSeconds / 10, REFRESH_MARGIN_SECONDS);
  return (grantedForSeconds - Math.min(margin, grantedForSeconds / 2)) * 1000;
}

/** Wait after so many failures in a row: doubling, with half of it at random, so that a thousand extensions do not come at once. */
export function backOffDelayMs(failures: number, times: RegistrationTimes, random: Random): number {
  const fullMs = Math.min(times.backOffMs * 2 ** Math.min(failures - 1, 20), times.maxBackOffMs);
  return Math.round(fullMs / 2 + random.integer(Math.max(Math.ceil(fullMs / 2), 1)));
}

/** Delta seconds; `undefined` when absent or malformed. */
export function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined;
}

function transportOf(uri: string): string | undefined {
  return parseSipUri(uri)?.params.get('transport')?.toLowerCase();
}

/** Registrars change the parameters of a Contact, hardly ever user, host and port. */
function sameContact(one: string, other: string): boolean {
  const [left, right] = [parseSipUri(one), parseSipUri(other)];
  return (
    left !== undefined &&
    left.user === right?.user &&
    left.host.toLowerCase() === right?.host.toLowerCase() &&
    (left.port ?? 5060) === (right?.port ?? 5060)
  );
}
