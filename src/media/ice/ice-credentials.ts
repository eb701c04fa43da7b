import type { Random } from '../../base/random.js';
import type { IceParameters } from '../engine.js';

/** RFC 8445 section 5.3 asks for 24 and 128 bits of randomness, and 4 and 22 characters at least. */
const FRAGMENT_BYTES = 4;
const PASSWORD_BYTES = 16;

/** Ours, for one stream, to be told in SDP. Characters are those of RFC 8839 section 5.4. */
export function createIceCredentials(random: Random): Pick<IceParameters, 'localFragment' | 'localPassword'> {
  return { localFragment: random.hex(FRAGMENT_BYTES), localPassword: random.hex(PASSWORD_BYTES) };
}
