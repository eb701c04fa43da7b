import type { IceParameters } from '../engine.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import { SeenChecks } from './seen-checks.js';
import { attributeType, isAuthentic, messageType, parseStun } from './stun-message.js';
import { bindingError, bindingSuccess, stunErrors } from './stun-response.js';

/** What became of a datagram. */
export interface IceVerdict {
  /** Goes back to where the datagram came from. */
  readonly reply?: Buffer;
  /** Somebody who knows our password is there, and can be reached from here. */
  readonly valid: boolean;
  /** The peer chooses this address (RFC 8445 section 7.3.1.5). */
  readonly nominated: boolean;
  /** It keeps the peer's way open (RFC 8445 section 11), and asks for nothing. */
  readonly isKeepalive?: true;
}

const KEEPALIVE: IceVerdict = { valid: false, nominated: false, isKeepalive: true };
const NOTHING: IceVerdict = { valid: false, nominated: false };

/**
 * Answers connectivity checks as a lite agent (RFC 8445 sections 2.5 and 7.3): it has one candidate, sends no checks, and is
 * always the controlled one. RFC 8489 section 9.1.3 would have requests without the right credentials answered 400 and 401;
 * here they are answered by nothing, and cost no HMAC while USERNAME is not ours: nobody learns from us that there is a call,
 * and nobody is sent packets by us for somebody else. A check that was seen before counts from where the peer is known to be alone:
 * whoever overhears one could have the call come to himself with it. No sockets, no timers.
 */
export class IceLite {
  readonly #password: string;
  readonly #username: Buffer;
  readonly #seen = new SeenChecks();

  constructor({ localFragment, localPassword, remoteFragment }: IceParameters) {
    this.#password = localPassword;
    this.#username = Buffer.from(`${localFragment}:${remoteFragment}`);
  }

  /**
   * Takes one datagram that looks like STUN: bytes of a stranger, borrowed. Never throws.
   * @param isProven the peer has been found at this address before
   */
  receive(bytes: Uint8Array, from: RemoteAddress, isProven: boolean): IceVerdict {
    const message = parseStun(bytes);
    if (message?.type === messageType.bindingIndication && isProven) return KEEPALIVE;
    if (message?.type !== messageType.bindingRequest) return NOTHING;
    const username = message.attributes.get(attributeType.username);
    if (username === undefined || !this.#username.equals(username)) return NOTHING;
    const key = this.#password;
    if (!isAuthentic(bytes, message, key)) return NOTHING;
    const { attributes, transactionId, unknown } = message;
    if (this.#seen.note(transactionId) && !isProven) return NOTHING;
    if (unknown.length > 0) {
      return { ...NOTHING, reply: bindingError(transactionId, stunErrors.unknownAttribute, key, unknown) };
    }
    // Both cannot be controlled, and a lite agent is never anything else (RFC 8445 section 7.3.1.1).
    if (attributes.has(attributeType.iceControlled)) {
      return { ...NOTHING, reply: bindingError(transactionId, stunErrors.roleConflict, key) };
    }
    const nominated = attributes.has(attributeType.useCandidate);
    return { reply: bindingSuccess(transactionId, from, key), valid: true, nominated };
  }
}
