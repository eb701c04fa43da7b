import { parseNameAddr } from '../message/name-addr.js';
import type { HeaderField } from '../message/sip-headers.js';
import { encodeUser } from '../rejection.js';
import type { ServerRequest } from './server/server-request.js';

/** Characters of the user part in Contact: the server's own buffer for that field has 255. */
const MAX_CONTACT_USER = 128;

/**
 * Contact of a response, where the peer reaches us in its dialog (RFC 3261 section 12.1.1, RFC 3311 section 5.1). To a 2xx to an
 * INVITE alone the server adds one by itself; here it puts its own address in the place of `localhost`.
 *
 * @param user percent-decoded, `''` for none
 */
export function ownContact(user: string, { request: { uri, headers }, source }: ServerRequest): HeaderField {
  const encoded = encodeUser(user);
  const name = encoded === '' || encoded.length > MAX_CONTACT_USER ? 'connector' : encoded;
  // RFC 7118 section 5.2: `ws` with and without TLS.
  const protocol = source.protocol === 'wss' ? 'ws' : source.protocol;
  const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
  // A peer with a `sips:` URI, or who has asked for one, is to find nothing less (section 12.1.1).
  const theirs = parseNameAddr(headers.get('Contact') ?? '')?.uri ?? '';
  const scheme = [uri, theirs].some((one) => /^sips:/i.test(one)) ? 'sips' : 'sip';
  return ['Contact', `<${scheme}:${name}@localhost${transport}>`];
}
