import { type SessionDescription, write } from 'sdp-transform';
import type { AddressFamily } from './sdp-address.js';
import { type CodecMapping, encodingNames, type TelephoneEvent } from './sdp-formats.js';
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
  readonly telephoneEvent: TelephoneEvent | undefined;
  readonly ptimeMs: number;
  readonly direction: SdpDirection;
  /** RTCP shares the port (RFC 5761); otherwise it has the one above, as peers assume. */
  readonly rtcpMux: boolean;
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
    media: content.media.map((section) => ('codecs' in section ? audioSection(section) : refusedSection(section))),
  };
  return write(description);
}

function audioSection(section: AudioSection): SessionDescription['media'][number] {
  const { codecs, telephoneEvent } = section;
  const rtp = codecs.map(({ name, payloadType }) => rtpMap(payloadType, encodingNames[name]));
  if (telephoneEvent) rtp.push(rtpMap(telephoneEvent.payloadType, 'telephone-event'));
  return {
    type: 'audio',
    port: section.port,
    protocol: section.protocol,
    payloads: rtp.map(({ payload }) => payload).join(' '),
    rtp,
    fmtp: telephoneEvent ? [{ payload: telephoneEvent.payloadType, config: telephoneEvent.events }] : [],
    ptime: section.ptimeMs,
    direction: section.direction,
    ...(section.rtcpMux && { rtcpMux: 'rtcp-mux' }),
  };
}

function rtpMap(payload: number, codec: string): { payload: number; codec: string; rate: number } {
  return { payload, codec, rate: 8000 };
}

function refusedSection({ type, protocol, formats }: MediaLayout): SessionDescription['media'][number] {
  // RFC 3264 section 6: a refused stream keeps its place, with at least one format.
  return { type, port: 0, protocol, payloads: formats.join(' ') || '0', rtp: [], fmtp: [] };
}
