import { parseSipUri } from '../signaling/message/sip-uri.js';
import type { SipProtocol } from '../signaling/port.js';

/** Whom a phone calls, and how. */
export interface PhoneTarget {
  readonly uri: string;
  /** Wildcard of the family that reaches it. */
  readonly bind: '0.0.0.0' | '::';
  readonly protocol: SipProtocol;
}

/** Protocols by `transport` parameter, `''` for none: of `sip:` and of `sips:` URIs. */
const plain: ReadonlyMap<string, SipProtocol> = new Map([
  ['', 'udp'],
  ['udp', 'udp'],
  ['tcp', 'tcp'],
  ['tls', 'tls'],
  ['ws', 'ws'],
  ['wss', 'wss'],
]);
const secure: ReadonlyMap<string, SipProtocol> = new Map([
  ['', 'tls'],
  ['tcp', 'tls'],
  ['tls', 'tls'],
  ['ws', 'wss'],
  ['wss', 'wss'],
]);

/** Reads what was given to a phone to call; `undefined` when it is no SIP URI, or asks for a transport we do not have. */
export function phoneTarget(uri: string): PhoneTarget | undefined {
  const parsed = parseSipUri(uri);
  if (parsed === undefined || parsed.host === '') return undefined;
  const protocols = parsed.scheme === 'sips' ? secure : plain;
  const protocol = protocols.get(parsed.params.get('transport')?.toLowerCase() ?? '');
  return protocol && { uri, bind: parsed.host.includes(':') ? '::' : '0.0.0.0', protocol };
}
