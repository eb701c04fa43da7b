/** Whether SRTP is spoken: never; where the peer does too; or always, and no call without it. */
export type SrtpMode = 'off' | 'optional' | 'required';

/** Crypto suites (RFC 4568 section 6.2, RFC 7714 section 14.2), and what a key with its salt takes, bytes. */
const keyBytes = {
  AEAD_AES_128_GCM: 28,
  AES_CM_128_HMAC_SHA1_80: 30,
  AES_CM_128_HMAC_SHA1_32: 30,
} as const;

export type SrtpSuite = keyof typeof keyBytes;

/** Those that we have, the best one first. */
const SUITES: readonly SrtpSuite[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

/** Our side of SRTP in one dialog. */
export interface LocalSrtp {
  readonly mode: SrtpMode;
  /** Unpredictable bytes: master keys. */
  newKey(bytes: number): Uint8Array;
}

/** One `a=crypto` line (RFC 4568 section 4). */
export interface CryptoAttribute {
  readonly tag: number;
  readonly suite: SrtpSuite;
  /** Master key and salt of whoever wrote the line. */
  readonly key: Uint8Array;
  /** Packets that the key may protect. */
  readonly lifetimePackets: number;
}

/** What both sides protect their packets with. Assignable to `SrtpParameters` of the media border. */
export interface NegotiatedSrtp {
  readonly suite: SrtpSuite;
  readonly localKey: Uint8Array;
  readonly remoteKey: Uint8Array;
  readonly remoteLifetimePackets: number;
}

/** RFC 3711 section 9.2: no key lasts longer. */
const MAX_LIFETIME = 2 ** 48;
const SHAPE = /^([1-9]\d{0,8}|0) (\w{1,64}) (\S{1,512})(?: (.*))?$/;
const KEY = /^inline:([A-Za-z0-9+/]{37,40}={0,2})(?:\|(2\^\d{1,2}|\d{1,15}))?$/i;
/** RFC 4568 section 6.3.6: 64 at least. It is the sender's hint, and our window is wide enough. */
const WINDOW_HINT = /^WSH=\d{2,9}$/i;

/**
 * Reads the value of an `a=crypto` line. `undefined` for one that cannot be used as a whole, as RFC 4568 section 6.3.7
 * asks: an unknown suite, a session parameter that is unknown or that we do not do (unencrypted or unauthenticated SRTP,
 * key derivation rates, FEC), a key of another length, several keys, or one with an MKI.
 */
export function parseCrypto(value: string): CryptoAttribute | undefined {
  const [, tag = '', name = '', keyText = '', sessionText = ''] = SHAPE.exec(value) ?? [];
  const suite = SUITES.find((known) => known === name.toUpperCase());
  const [, base64 = '', lifetime] = KEY.exec(keyText) ?? [];
  if (suite === undefined || base64 === '') return undefined;
  const key = new Uint8Array(Buffer.from(base64, 'base64'));
  const lifetimePackets = lifetimeOf(lifetime);
  if (key.length !== keyBytes[suite] || lifetimePackets === undefined) return undefined;
  const parameters = sessionText.split(' ').filter((parameter) => parameter !== '');
  // A parameter with "-" before it may be ignored.
  if (!parameters.every((parameter) => WINDOW_HINT.test(parameter) || parameter.startsWith('-'))) return undefined;
  return { tag: Number(tag), suite, key, lifetimePackets };
}

/** The value of an `a=crypto` line of ours. */
export function cryptoFields({ tag, suite, key }: CryptoAttribute): { id: number; suite: string; config: string } {
  return { id: tag, suite, config: `inline:${Buffer.from(key).toString('base64')}` };
}

function lifetimeOf(text: string | undefined): number | undefined {
  if (text === undefined) return MAX_LIFETIME;
  const packets = text.startsWith('2^') ? 2 ** Number(text.slice(2)) : Number(text);
  return packets >= 1 && packets <= MAX_LIFETIME ? packets : undefined;
}

/** All lines of an offer of ours. Suites of which a key is known already keep it: nothing changes by being said again. */
export function offerCrypto(
  srtp: LocalSrtp | undefined,
  known: readonly CryptoAttribute[],
): readonly CryptoAttribute[] {
  if (srtp === undefined || srtp.mode === 'off') return [];
  return SUITES.map((suite, index) => ({
    tag: index + 1,
    suite,
    key: known.find((line) => line.suite === suite)?.key ?? srtp.newKey(keyBytes[suite]),
    lifetimePackets: MAX_LIFETIME,
  }));
}

/** Of the lines of an offer, the one with the suite that we like best. */
export function chooseCrypto(lines: readonly string[]): CryptoAttribute | undefined {
  const usable = lines.map(parseCrypto).filter((line) => line !== undefined);
  return SUITES.map((suite) => usable.find((line) => line.suite === suite)).find((line) => line !== undefined);
}

/** Our line in an answer to `theirs` (RFC 4568 section 5.1.2): its tag and suite, and a key of our own. */
export function answerCrypto(theirs: CryptoAttribute, srtp: LocalSrtp, key: Uint8Array | undefined): CryptoAttribute {
  const { tag, suite } = theirs;
  return { tag, suite, key: key ?? srtp.newKey(keyBytes[suite]), lifetimePackets: MAX_LIFETIME };
}

/**
 * What an answer took of our offer (RFC 4568 section 5.1.3): `undefined` for nothing, or why it cannot be used.
 */
export function readCryptoAnswer(
  offered: readonly CryptoAttribute[],
  lines: readonly string[],
): NegotiatedSrtp | undefined | string {
  if (lines.length === 0) return undefined;
  if (lines.length > 1) return 'the answer has more than one a=crypto';
  const theirs = parseCrypto(lines[0] ?? '');
  const ours = offered.find(({ tag, suite }) => tag === theirs?.tag && suite === theirs.suite);
  if (theirs === undefined || ours === undefined) return 'its a=crypto is none that was offered';
  return agreedSrtp(ours, theirs);
}

export function agreedSrtp(ours: CryptoAttribute, theirs: CryptoAttribute): NegotiatedSrtp {
  return {
    suite: theirs.suite,
    localKey: ours.key,
    remoteKey: theirs.key,
    remoteLifetimePackets: theirs.lifetimePackets,
  };
}

/** RTP/SAVP and RTP/SAVPF (RFC 3711 section 13, RFC 5124). */
export function isSecureProfile(protocol: string): boolean {
  return /^RTP\/SAVPF?$/i.test(protocol);
}
