import { isIP } from 'node:net';
import { isSecureProfile } from './sdp-crypto.js';
import type { ParsedMedia } from './sdp-parse.js';

/**
 * DTLS-SRTP (RFC 5763, RFC 5764) and ICE (RFC 8445, RFC 8839) in SDP, as browsers write them. We are the server of DTLS
 * (`a=setup:passive`) and lite in ICE: the peer does the connecting and the looking for a way.
 */

/** Of a certificate (RFC 8122). */
export interface DtlsFingerprint {
  readonly hash: 'sha-256' | 'sha-384' | 'sha-512';
  readonly value: Uint8Array;
}

/** What both sides agreed on. Assignable to `DtlsParameters` of the media border. */
export interface NegotiatedDtls {
  /** Of the peer's certificate: one of them has to be right. */
  readonly fingerprints: readonly DtlsFingerprint[];
  /** Absent: the peer is where its SDP says. */
  readonly ice?: {
    readonly localFragment: string;
    readonly localPassword: string;
    readonly remoteFragment: string;
  };
}

/** What we need to answer an offer with DTLS. */
export interface LocalDtls {
  /** Of our certificate. */
  readonly fingerprint: DtlsFingerprint;
  /** Unpredictable; asked for once for each offer of ICE that is not the last one again. */
  newCredentials(): IceCredentials;
  /** IP literals of ours that the stream's port is open at besides `LocalMedia.address`; those of its family are named. */
  candidates(): readonly string[];
}

/** A user fragment and its password (RFC 8839 section 5.4). */
export interface IceCredentials {
  readonly fragment: string;
  readonly password: string;
}

/** What a section of the peer's says of DTLS and ICE. */
export interface RemoteDtls {
  readonly fingerprints: readonly DtlsFingerprint[];
  /** Absent: no ICE, or the peer is lite as well, and then nobody looks for a way. */
  readonly ice: IceCredentials | undefined;
  /** The name of the section, which a group of the offer may refer to (RFC 5888). */
  readonly mid: string | undefined;
  /** All sections share one transport (RFC 9143): ours is the only one. */
  readonly bundled: boolean;
  /** RTCP shares the port. Otherwise it is a component of its own, with the same credentials (RFC 8839 section 5.4). */
  readonly rtcpMux: boolean;
}

/** The part of our section that speaks of it. */
export interface DtlsSection {
  readonly fingerprint: DtlsFingerprint;
  /** `actpass` in offers (RFC 8842 section 5.2). */
  readonly setup: 'passive' | 'actpass';
  readonly ice: (IceCredentials & { readonly candidates: readonly IceCandidate[] }) | undefined;
  readonly mid: string | undefined;
  readonly bundled: boolean;
}

export interface IceCandidate {
  readonly address: string;
  readonly priority: number;
}

/** A machine with more addresses, of containers for instance, names the first ones. */
const MAX_CANDIDATES = 8;

const HASH_BYTES: Readonly<Record<DtlsFingerprint['hash'], number>> = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 };

/** UDP/TLS/RTP/SAVP and SAVPF (RFC 5764 section 8). */
export function isDtlsProfile(protocol: string): boolean {
  return /^UDP\/TLS\/RTP\/SAVPF?$/i.test(protocol);
}

/**
 * Whether the section wants DTLS: by its profile, or as older browsers wrote it (JSEP, RFC 8829 section 5.1.2).
 * @param takesKeys `a=crypto` can be used: where an offer has both, as those of media proxies, it is what is taken
 */
export function wantsDtls({ protocol, transport, crypto }: ParsedMedia, takesKeys: boolean): boolean {
  if (isDtlsProfile(protocol)) return true;
  if (!isSecureProfile(protocol) || (takesKeys && crypto.length > 0)) return false;
  return transport.some((line) => line.startsWith('fingerprint:'));
}

/** What an offer or answer says, or why it cannot be used. @param expected values of `a=setup` that leave us the server */
export function readDtls(media: ParsedMedia, expected: 'offer' | 'answer'): RemoteDtls | string {
  const { transport } = media;
  const fingerprints = valuesOf(transport, 'fingerprint').map(readFingerprint).filter(isDefined);
  if (fingerprints.length === 0) return 'no a=fingerprint that can be used: sha-256, sha-384 or sha-512';
  // RFC 5763 section 5: an offer without one is `active`, as RFC 4145 has it.
  const setup = firstValue(transport, 'setup') ?? 'active';
  const usable = expected === 'offer' ? ['actpass', 'active'] : ['active'];
  if (!usable.includes(setup)) return `a=setup:${setup} makes us the client of DTLS, which we are not`;
  const fragment = firstValue(transport, 'ice-ufrag');
  const password = firstValue(transport, 'ice-pwd');
  if ((fragment === undefined) !== (password === undefined)) return 'one of a=ice-ufrag and a=ice-pwd is missing';
  const ice = fragment !== undefined && password !== undefined && !transport.includes('ice-lite');
  const mid = firstValue(transport, 'mid');
  const { rtcpMux } = media;
  return {
    fingerprints,
    ice: ice ? { fragment, password } : undefined,
    mid,
    // A group shares its ports with RTCP (RFC 9143 section 9.3).
    bundled: rtcpMux && mid !== undefined && (firstValue(transport, 'group') ?? '').split(' ').slice(1).includes(mid),
    rtcpMux,
  };
}

/** Our section for a peer that said `theirs`; the same credentials as long as its own stay the same (RFC 8839 section 4.4). */
export function answerDtls(
  theirs: RemoteDtls,
  local: LocalDtls & { readonly address: string },
  previous: { readonly section: DtlsSection; readonly theirs: RemoteDtls } | undefined,
): DtlsSection {
  const { fingerprint, address } = local;
  const { mid, bundled } = theirs;
  return { fingerprint, setup: 'passive', ice: iceFor(theirs.ice, local, address, previous), mid, bundled };
}

function iceFor(
  theirs: IceCredentials | undefined,
  local: LocalDtls,
  address: string,
  previous: { readonly section: DtlsSection; readonly theirs: RemoteDtls } | undefined,
): DtlsSection['ice'] {
  if (theirs === undefined) return undefined;
  const before = previous?.theirs.ice;
  const same = before?.fragment === theirs.fragment && before.password === theirs.password;
  const kept = same ? previous?.section.ice : undefined;
  if (kept !== undefined) return kept;
  const others = local.candidates().filter((other) => isIP(other) === isIP(address));
  const addresses = [...new Set([address, ...others])].slice(0, MAX_CANDIDATES);
  return { ...local.newCredentials(), candidates: addresses.map(candidate) };
}

/** RFC 8445 section 5.1.2: of host candidates, the first one first. */
function candidate(address: string, index: number): IceCandidate {
  return { address, priority: 2 ** 24 * 126 + 2 ** 8 * (65_535 - index) + 255 };
}

/** What both agreed on, for the media border. */
export function agreedDtls(ours: DtlsSection, theirs: RemoteDtls): NegotiatedDtls {
  const { fingerprints } = theirs;
  const ice = ours.ice &&
    theirs.ice && {
      localFragment: ours.ice.fragment,
      localPassword: ours.ice.password,
      remoteFragment: theirs.ice.fragment,
    };
  return { fingerprints, ...(ice && { ice }) };
}

/** As `a=fingerprint` has it. */
export function fingerprintText({ value }: DtlsFingerprint): string {
  return Buffer.from(value).toString('hex').toUpperCase().match(/../g)?.join(':') ?? '';
}

function readFingerprint(value: string): DtlsFingerprint | undefined {
  const [name = '', hex = ''] = value.split(' ');
  const hash = name.toLowerCase();
  if (!isKnownHash(hash) || !/^[0-9a-f]{2}(?::[0-9a-f]{2})*$/i.test(hex)) return undefined;
  const bytes = new Uint8Array(Buffer.from(hex.replaceAll(':', ''), 'hex'));
  return bytes.length === HASH_BYTES[hash] ? { hash, value: bytes } : undefined;
}

function isKnownHash(name: string): name is DtlsFingerprint['hash'] {
  return Object.hasOwn(HASH_BYTES, name);
}

/** The section's own come first: they win over the session's. */
function firstValue(lines: readonly string[], name: string): string | undefined {
  return valuesOf(lines, name)[0];
}

function valuesOf(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1));
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
