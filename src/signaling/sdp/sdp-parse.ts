import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import { ConnectorError } from '../../base/connector-error.js';
import { type ConnectionAddress, classifyConnection } from './sdp-address.js';
import { invalidSdp, quoteSdp, readSdpLines, type SdpLine, sdpLimits } from './sdp-lines.js';

/** Direction attribute (RFC 8866 section 6.7), seen from whoever wrote the description. */
export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What an `a=rtpmap` line says. */
export interface RtpMap {
  /** Lower case: encoding names are case-insensitive (RFC 4855 section 3). */
  readonly encoding: string;
  /** `undefined` when the line gives none, which only a static payload type may get away with. */
  readonly clockHz: number | undefined;
  readonly channels: number;
}

/** One m= section with everything that applies to it, session level included. */
export interface ParsedMedia {
  /** Line of the m=, from 1. */
  readonly line: number;
  readonly type: string;
  readonly port: number;
  /** Number of ports, 1 unless the line says `port/count`. */
  readonly portCount: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** The section's own c=, else the session's; `undefined` when neither is there. */
  readonly connection: ConnectionAddress | undefined;
  /** `sendrecv` when neither the section nor the session says otherwise. */
  readonly direction: SdpDirection;
  /** By payload type; the first line for a number counts. */
  readonly rtpMaps: ReadonlyMap<number, RtpMap>;
  readonly formatParameters: ReadonlyMap<number, string>;
  /** `a=rtcp-mux` (RFC 5761). */
  readonly rtcpMux: boolean;
  /** What `a=rtcp` says (RFC 3605); the address absent where it names none. */
  readonly rtcp: { readonly port: number; readonly connection: ConnectionAddress | undefined } | undefined;
  /** Values of its `a=crypto` lines (RFC 4568), in order. Never to be shown. */
  readonly crypto: readonly string[];
  /** Its attributes of DTLS and ICE, then the session's, `name:value`. */
  readonly transport: readonly string[];
  /** Milliseconds, above 0. */
  readonly ptimeMs: number | undefined;
  readonly maxPtimeMs: number | undefined;
}

/** A session description as far as an audio endpoint cares. */
export interface ParsedSdp {
  readonly media: readonly ParsedMedia[];
  /** The t= line; an answer repeats it (RFC 3264 section 6). */
  readonly timing: { readonly start: number; readonly stop: number };
}

interface MediaLine extends Pick<ParsedMedia, 'line' | 'type' | 'port' | 'portCount' | 'protocol' | 'formats'> {
  readonly crypto: string[];
  readonly transport: string[];
}

const DIRECTIONS: ReadonlySet<string> = new Set<SdpDirection>(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
const MEDIA_TYPE = /^[\w.+-]{1,64}$/;
const MEDIA_PORT = /^(\d{1,5})(?:\/(\d{1,5}))?$/;
const PROTOCOL = /^[\w.+-]{1,32}(?:\/[\w.+-]{1,32}){0,5}$/;
const FORMAT = /^[\x21-\x7e]{1,64}$/;
const CONNECTION = /^IN IP[46] \S{1,255}$/;
/** A sender names each of its suites once. */
const MAX_CRYPTO_LINES = 16;
/** Of DTLS and ICE: a fingerprint for each hash, and one each of the rest. */
const MAX_TRANSPORT_LINES = 16;
/** Ten digits: the seconds since 1900 of any call to come, and exact as a number. */
const TIMING = /^\d{1,10} \d{1,10}$/;
/**
 * The attributes handed to the grammar. Everything else a peer may write (simulcast ...) is dropped here:
 * it is never used, never echoed, and never meets the grammar's harder regular expressions.
 */
const ATTRIBUTE = /^(?:rtpmap:\d{1,3} [\w.-]{1,64}(?:\/\d{1,9}(?:\/\d{1,3})?)?|fmtp:\d{1,3} [\x20-\x7e]{1,1024})$/;
const RTCP = /^(?:rtcp-mux|rtcp:\d{1,5}(?: IN IP[46] \S{1,255})?)$/;
const CRYPTO = 'crypto:';
/** Of DTLS and ICE (RFC 8122, RFC 4145, RFC 8839), and what names a section for bundles (RFC 5888, RFC 9143). */
const TRANSPORT_ATTRIBUTE =
  /^(?:fingerprint:[\w-]{1,16} [0-9A-Fa-f:]{2,300}|setup:\w{1,16}|ice-ufrag:[A-Za-z0-9+/]{4,256}|ice-pwd:[A-Za-z0-9+/]{22,256}|ice-lite|mid:[\w.+-]{1,32}|group:BUNDLE(?: [\w.+-]{1,32}){1,32})$/;
const PACKET_TIME = /^(?:max)?ptime:\d{1,5}(?:\.\d{1,5})?$/;

/**
 * Reads a session description (RFC 8866, and what its RFC 4566 and RFC 2327 ancestors wrote). Strict where a mistake
 * would change the meaning (lines, m=, c=), lenient where the field is (no s= or t=, unknown lines, malformed
 * attributes of codecs that are not ours).
 *
 * @param text The body, at most {@link sdpLimits}.textBytes.
 * @throws ConnectorError `ERR_SDP_INVALID`, naming the line.
 */
export function parseSessionDescription(text: string): ParsedSdp {
  const lines = readSdpLines(text);
  const first = lines[0];
  if (first?.type !== 'v' || first.value !== '0') throw invalidSdp(first?.number ?? 1, 'expected "v=0"');
  if (!lines.some((line) => line.type === 'o')) throw new ConnectorError('ERR_SDP_INVALID', 'SDP has no o= line');

  const mediaLines: MediaLine[] = [];
  const kept: string[] = [];
  const sessionTransport: string[] = [];
  for (const line of lines) {
    if (line.type === 'm') {
      if (mediaLines.length === sdpLimits.mediaLines) {
        throw invalidSdp(line.number, `more than ${sdpLimits.mediaLines} m= lines`);
      }
      mediaLines.push(readMediaLine(line));
      kept.push('m=audio 9 RTP/AVP 0');
    } else if (line.type === 'a' && line.value.startsWith(CRYPTO)) {
      // Not by the grammar, which forgets all session parameters but the first. Those before any m= mean nothing.
      const lines = mediaLines.at(-1)?.crypto;
      if (lines !== undefined && lines.length < MAX_CRYPTO_LINES) lines.push(line.value.slice(CRYPTO.length));
    } else if (line.type === 'a' && TRANSPORT_ATTRIBUTE.test(line.value)) {
      const lines = mediaLines.at(-1)?.transport ?? sessionTransport;
      if (lines.length < MAX_TRANSPORT_LINES) lines.push(line.value);
    } else if (isKept(line)) {
      kept.push(`${line.type}=${line.value}`);
    }
  }

  // The grammar names every property itself: with the lines filtered, no key comes from the peer.
  const session = parse(kept.join('\r\n'));
  return {
    timing: { start: session.timing?.start ?? 0, stop: session.timing?.stop ?? 0 },
    media: mediaLines.map((mediaLine, index) => ({
      ...readSection(mediaLine, session.media[index], session),
      transport: [...mediaLine.transport, ...sessionTransport],
    })),
  };
}

function isKept(line: SdpLine): boolean {
  switch (line.type) {
    case 'c':
      if (!CONNECTION.test(line.value)) {
        throw invalidSdp(line.number, `expected "c=IN IP4|IP6 <address>", found ${quoteSdp(`c=${line.value}`)}`);
      }
      return true;
    case 't':
      return TIMING.test(line.value);
    case 'a':
      return [ATTRIBUTE, PACKET_TIME, RTCP].some((form) => form.test(line.value)) || DIRECTIONS.has(line.value);
    default:
      return false;
  }
}

/** `m=<media> <port>[/<count>] <proto> <fmt> ...` (RFC 8866 section 5.14). */
function readMediaLine({ number, value }: SdpLine): MediaLine {
  const [type = '', portText = '', protocol = '', ...formats] = value.split(' ').filter((field) => field !== '');
  const port = MEDIA_PORT.exec(portText);
  const isWellFormed = MEDIA_TYPE.test(type) && port && PROTOCOL.test(protocol) && formats.every((f) => FORMAT.test(f));
  if (!isWellFormed) {
    throw invalidSdp(number, `expected "m=<media> <port> <proto> <fmt> ...", found ${quoteSdp(`m=${value}`)}`);
  }
  if (formats.length > sdpLimits.formatsPerLine) {
    throw invalidSdp(number, `more than ${sdpLimits.formatsPerLine} formats`);
  }
  const portNumber = Number(port[1]);
  if (portNumber > 65_535) throw invalidSdp(number, `port ${portNumber} is above 65535`);
  return {
    line: number,
    type,
    port: portNumber,
    portCount: Number(port[2] ?? 1),
    protocol,
    formats,
    crypto: [],
    transport: [],
  };
}

function readSection(
  mediaLine: MediaLine,
  section: MediaDescription | undefined,
  session: SessionDescription,
): ParsedMedia {
  const rtpMaps = new Map<number, RtpMap>();
  for (const { payload, codec, rate, encoding } of section?.rtp ?? []) {
    if (rtpMaps.has(Number(payload))) continue;
    rtpMaps.set(Number(payload), {
      encoding: String(codec).toLowerCase(),
      clockHz: rate === undefined ? undefined : Number(rate),
      channels: Number(encoding ?? 1),
    });
  }
  const formatParameters = new Map<number, string>();
  for (const { payload, config } of section?.fmtp ?? []) {
    if (!formatParameters.has(Number(payload))) formatParameters.set(Number(payload), String(config));
  }
  const connection = section?.connection ?? session.connection;
  const direction = section?.direction ?? session.direction;
  return {
    connection: connection && classifyConnection(`IP${connection.version}`, String(connection.ip)),
    direction: direction ?? 'sendrecv',
    rtpMaps,
    formatParameters,
    rtcpMux: section?.rtcpMux !== undefined,
    rtcp: rtcpOf(section),
    ptimeMs: positive(section?.ptime),
    maxPtimeMs: positive(section?.maxptime),
    ...mediaLine,
  };
}

function rtcpOf(section: MediaDescription | undefined): ParsedMedia['rtcp'] {
  const rtcp = section?.rtcp;
  if (rtcp === undefined) return undefined;
  const { address, ipVer, port } = rtcp;
  const connection = address === undefined ? undefined : classifyConnection(`IP${ipVer}`, String(address));
  return { port: Number(port), connection };
}

/** The grammar leaves decimals such as `20.0` as text. */
function positive(value: unknown): number | undefined {
  const number = Number(value);
  return number > 0 ? number : undefined;
}
