import type { HeaderField } from './message/sip-headers.js';

/** What this endpoint speaks: said in Allow, Accept and Supported, and nothing beyond what is built. */

/** Methods understood (RFC 3261, RFC 3262, RFC 3311, RFC 6086), as the value of Allow. NOTIFY: of our own REFERs only. */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY';

export const allowedMethods: ReadonlySet<string> = new Set(ALLOW.split(', '));

/** Methods in the IANA registry that are not built: 405, where an unheard-of one gets 501 (RFC 3261 section 8.2.1). */
export const refusedMethods: ReadonlySet<string> = new Set([
  ...['REGISTER', 'SUBSCRIBE', 'PUBLISH', 'MESSAGE', 'REFER'],
]);

/** Body of an INVITE and its 2xx. */
export const SDP_TYPE = 'application/sdp';

/** Bodies of an INFO that mean digits. */
export const DTMF_RELAY_TYPE = 'application/dtmf-relay';
export const DTMF_TYPE = 'application/dtmf';

/** Value of Accept where an INVITE is concerned. */
export const ACCEPT_INVITE = SDP_TYPE;

/** Value of Accept where an INFO is concerned. */
export const ACCEPT_INFO = `${DTMF_RELAY_TYPE}, ${DTMF_TYPE}`;

/** The event package of a REFER (RFC 3515), and the only one. */
export const REFER_EVENT = 'refer';
export const ALLOW_EVENTS = REFER_EVENT;

/** Body of the NOTIFYs that follow a REFER (RFC 3420). */
export const SIPFRAG_TYPE = 'message/sipfrag';

/** Option tag of reliable provisional responses (RFC 3262). */
export const RELIABLE_TAG = '100rel';

/** Option tag of session timers (RFC 4028). */
export const TIMER_TAG = 'timer';

/** Option tag of INVITEs that take over a call (RFC 3891). */
const REPLACES_TAG = 'replaces';

/** Option tags that a peer may require of a driver which writes its responses itself. */
export function ownTags(sessionTimers: boolean): ReadonlySet<string> {
  return new Set([RELIABLE_TAG, ...(sessionTimers ? [TIMER_TAG] : []), REPLACES_TAG]);
}

export function supportedField(tags: Iterable<string>): HeaderField {
  return ['Supported', [...tags].join(', ')];
}

/**
 * What each request of ours in a dialog says that has nothing else to say of session timers: RFC 4028 section 7.1 wants it of
 * whoever speaks the extension, whether it is used or not.
 */
export const TIMER_SUPPORTED: HeaderField = ['Supported', TIMER_TAG];

/** What a 200 to OPTIONS says (RFC 3261 section 11.2) where these option tags are supported. */
export function optionsHeaders(tags: Iterable<string>): readonly HeaderField[] {
  return [
    ['Allow', ALLOW],
    ['Accept', ACCEPT_INVITE],
    // What isEncoded lets through, and the language of our phrases.
    ['Accept-Encoding', 'identity'],
    ['Accept-Language', 'en'],
    supportedField(tags),
  ];
}
