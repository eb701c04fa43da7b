import { type SessionDescription, write } from 'sdp-transform';
import type { AddressFamily } from './sdp-address.js';
import { type CryptoAttribute, cryptoFields } from './sdp-crypto.js';
import { type DtlsSection, fingerprintText, type IceCandidate } from './sdp-dtls.js';
import { COMFORT_NOISE_PAYLOAD_TYPE, type CodecMapping, codecFormats, type TelephoneEvent } from './sdp-formats.js';
import { OPUS_FORMAT_PARAMETERS } from './sdp-opus.js';
import type { SdpDirection } from './sdp-parse.js';

/** An m= line as far as both sides must agree on it (RFC 3264 section 6). */
export interface MediaLayout {
  readonly type: string;
  readonly protocol: string;
  readonly formats: readonly string[];
}

/** The one m= section that carries media. */
export interface AudioSection {
  readonly protocol: string;
  readonly port: number;
  readonly codecs: readonly CodecMapping[];
  /** One for each clock of the codecs. */
  readonly telephoneEvents: readonly TelephoneEvent[];
  /** RFC 3389. */
  readonly comfortNoise: boolean;
  readonly ptimeMs: number;
  readonly direction: SdpDirection;
  /** RTCP shares the port (RFC 5761); otherwise it has the one above, as peers assume. */
  readonly rtcpMux: boolean;
  readonly crypto: readonly CryptoAttribute[];
  readonly dtls: DtlsSection | undefined;
}

/** Everything a description of ours says. */
export interface DescriptionContent {
  readonly sessionId: string;
  readonly sessionVersion: number;
  readonly family: AddressFamily;
  readonly address: string;
  readonly timing: { readonly start: number; readonly stop: number };
  /** In order; everything but the audio section is written with port 0. */
  readonly media: readonly (MediaLayout | AudioSection)[];
}

/** Writes a session description, CRLF line ends. */
export function writeDescription(content: DescriptionContent): string {
  const transport = content.media.map((section) => ('codecs' in section ? section.dtls : undefined)).find(Boolean);
  const description: SessionDescription = {
    version: 0,
    origin: {
      username: '-',
      sessionId: content.sessionId,
      sessionVersion: content.sessionVersion,
      netType: 'IN',
      ipVer: content.family,
      address: content.address,
    },
    name: '-',
    connection: { version: content.family, ip: content.address },
    timing: content.timing,
    // RFC 8445 section 10: that is what tells its agents from those of RFC 5245.
    ...(transport?.ice && { icelite: 'ice-lite', iceOptions: 'ice2' }),
    ...(transport?.bundled && transport.mid && { groups: [{ type: 'BUNDLE', mids: transport.mid }] }),
    media: content.media.map((section) => ('codecs' in section ? audioSection(section) : refusedSection(section))),
  };
  return write(description);
}

function audioSection(section: AudioSection): SessionDescription['media'][number] {
  const { codecs, telephoneEvents } = section;
  const rtp: RtpLine[] = codecs.map(({ name, payloadType }) => codecLine(name, payloadType));
  if (section.comfortNoise) rtp.push({ payload: COMFORT_NOISE_PAYLOAD_TYPE, codec: 'CN', rate: 8000 });
  for (const { payloadType, clockHz } of telephoneEvents) {
    rtp.push({ payload: payloadType, codec: 'telephone-event', rate: clockHz });
  }
  const opus = codecs.filter(({ name }) => name === 'opus');
  const fmtp = [
    ...opus.map(({ payloadType }) => ({ payload: payloadType, config: OPUS_FORMAT_PARAMETERS })),
    ...telephoneEvents.map(({ payloadType, events }) => ({ payload: payloadType, config: events })),
  ];
  return {
    type: 'audio',
    port: section.port,
    protocol: section.protocol,
    payloads: rtp.map(({ payload }) => payload).join(' '),
    rtp,
    fmtp,
    ptime: section.ptimeMs,
    direction: section.direction,
    ...(section.crypto.length > 0 && { crypto: section.crypto.map(cryptoFields) }),
    ...(section.rtcpMux && { rtcpMux: 'rtcp-mux' }),
    ...(section.dtls && dtlsFields(section.dtls, section.port, section.rtcpMux)),
  };
}

function dtlsFields(section: DtlsSection, port: number, rtcpMux: boolean): Partial<MediaFields> {
  const { fingerprint, setup, ice, mid } = section;
  return {
    fingerprint: { type: fingerprint.hash, hash: fingerprintText(fingerprint) },
    setup,
    ...(mid !== undefined && { mid }),
    ...(ice && {
      iceUfrag: ice.fragment,
      icePwd: ice.password,
      candidates: (rtcpMux ? [1] : [1, 2]).flatMap((component) => candidateLines(ice.candidates, component, port)),
      endOfCandidates: 'end-of-candidates',
    }),
  };
}

/** RFC 8445 section 5.1.2.1: those of the second component, RTCP, are one port up, and one less urgent. */
function candidateLines(candidates: readonly IceCandidate[], component: number, port: number): CandidateLine[] {
  return candidates.map(({ address, priority }, index) => ({
    foundation: String(index + 1),
    ...{ component, transport: 'UDP', priority: priority + 1 - component },
    ...{ ip: address, port: port + component - 1, type: 'host' },
  }));
}

type CandidateLine = NonNullable<MediaFields['candidates']>[number];

type MediaFields = SessionDescription['media'][number];

type RtpLine = SessionDescription['media'][number]['rtp'][number];

function codecLine(name: CodecMapping['name'], payload: number): RtpLine {
  const { encoding, clockHz, channels } = codecFormats[name];
  return { payload, codec: encoding, rate: clockHz, ...(channels > 1 && { encoding: channels }) };
}

function refusedSection({ type, protocol, formats }: MediaLayout): SessionDescription['media'][number] {
  // RFC 3264 section 6: a refused stream keeps its place, with at least one format.
  return { type, port: 0, protocol, payloads: formats.join(' ') || '0', rtp: [], fmtp: [] };
}
