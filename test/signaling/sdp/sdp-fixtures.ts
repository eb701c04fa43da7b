import type { DtlsFingerprint } from '../../../src/media/engine.js';
import type { LocalDtls, LocalMedia } from '../../../src/signaling/sdp/sdp.js';

/** Our side in the SDP tests. */
export const local: LocalMedia = {
  address: '192.0.2.10',
  port: 35_000,
  codecs: ['pcmu', 'pcma'],
  direction: 'sendrecv',
  ptimeMs: 20,
  sessionId: '4711',
  sessionVersion: 1,
};

/** A fingerprint of one byte, again and again. */
export const hex = (byte: string): string => new Array(32).fill(byte).join(':');

const ours: DtlsFingerprint = { hash: 'sha-256', value: new Uint8Array(32).fill(0xa5) };

/** Our side with DTLS; credentials are numbered as they are made. */
export function withDtls(candidates: readonly string[] = []): LocalMedia & { readonly dtls: LocalDtls } {
  let made = 0;
  const newCredentials = () => ({ fragment: `frag${++made}`, password: `password-of-twenty-two-${made}` });
  return {
    ...local,
    codecs: ['pcmu', 'opus'],
    dtls: { fingerprint: ours, newCredentials, candidates: () => candidates },
  };
}

/** A session description with CRLF ends, from its lines after `t=`. */
export function sdp(lines: readonly string[], session: readonly string[] = ['c=IN IP4 198.51.100.7']): string {
  return ['v=0', 'o=- 20518 7 IN IP4 198.51.100.7', 's=-', ...session, 't=0 0', ...lines, ''].join('\r\n');
}

/** What a desk phone offers. */
export const phoneOffer = sdp([
  'm=audio 4000 RTP/AVP 8 0 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=ptime:20',
  'a=sendrecv',
]);

/** The m= sections of a description: each m= line with what follows it. */
export function sections(text: string): string[][] {
  const found: string[][] = [];
  for (const line of text.trimEnd().split('\r\n')) {
    if (line.startsWith('m=')) found.push([line]);
    else found.at(-1)?.push(line);
  }
  return found;
}
