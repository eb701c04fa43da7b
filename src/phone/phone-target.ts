import { parseSipUri } from '../signaling/message/sip-uri.js';

/** Whom a phone calls, and how. */
export interface PhoneTarget {
  readonly uri: string;
  /** Wildcard of the family that reaches it. */
  readonly bind: '0.0.0.0' | '::';
  readonly protocol: 'udp' | 'tcp';
}

/** Reads what was given to a phone to call; `undefined` when it is no SIP URI, or asks for a transport we do not have. */
export function phoneTarget(uri: string): PhoneTarget | undefined {
  const parsed = parseSipUri(uri);
  if (parsed?.scheme !== 'sip' || parsed.host === '') return undefined;
  const transport = parsed.params.get('transport')?.toLowerCase() ?? 'udp';
  if (transport !== 'udp' && transport !== 'tcp') return undefined;
  return { uri, bind: parsed.host.includes(':') ? '::' : '0.0.0.0', protocol: transport };
}
