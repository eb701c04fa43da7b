import { ConnectorError } from '../../base/connector-error.js';
import type { Random } from '../../base/random.js';
import { type AddressFamily, localAddress } from './sdp-address.js';
import {
  agreedSrtp,
  answerCrypto,
  type CryptoAttribute,
  isSecureProfile,
  type LocalSrtp,
  type NegotiatedSrtp,
  offerCrypto,
  readCryptoAnswer,
} from './sdp-crypto.js';
import { clampPacketTime, intersectDirections } from './sdp-direction.js';
import {
  agreedDtls,
  answerDtls,
  type DtlsSection,
  type LocalDtls,
  type NegotiatedDtls,
  type RemoteDtls,
} from './sdp-dtls.js';
import {
  type AudioCodec,
  type CodecMapping,
  codecFormats,
  TELEPHONE_EVENT_PAYLOAD_TYPE,
  TELEPHONE_EVENTS,
} from './sdp-formats.js';
import { parseSessionDescription, type SdpDirection } from './sdp-parse.js';
import { assignPayloadTypes, clocksOf, learnPayloadTypes, type PayloadTypes } from './sdp-payload-types.js';
import { findStream, type RemoteRtp, readStream, type UsableStream, unacceptable } from './sdp-stream.js';
import { type AudioSection, type DescriptionContent, type MediaLayout, writeDescription } from './sdp-write.js';

/**
 * Offer and answer (RFC 3264) for one audio stream with RFC 4733 digits. Pure: text and values in, text and
 * values out.
 *
 * Decisions where the RFCs leave room:
 * - An answer names one codec, and `telephone-event` at its clock, or else at 8000 Hz: the first codec of the *offer* that we have.
 *   `LocalMedia.codecs` orders our offers only.
 * - Comfort noise (RFC 3389) is taken where it is offered, and never asked for: it comes with a phone that cuts off the
 *   beginning of words.
 * - RTP/AVP and RTP/AVPF are taken; the answer repeats the profile and promises no feedback, which AVPF allows (RFC
 *   4585 section 4.2). RTP/SAVP and RTP/SAVPF need an `a=crypto` that we can use (RFC 4568), and get one of ours, or are
 *   refused: never plain RTP where a key was asked for. DTLS-SRTP and ICE are answered where `LocalMedia.dtls` is given
 *   (see `sdp-dtls.ts`), and refused elsewhere; we never offer them first. RTP/AVP with `a=crypto` is answered with one as well
 *   (RFC 8643); `optional` offers it so, `required` as RTP/SAVP.
 * - RTCP on the port of RTP (RFC 5761) is offered, and taken where it is offered. Otherwise it has the port above, and the
 *   peer's has too unless `a=rtcp` says another (RFC 3605).
 * - Nothing of the peer's ICE, SSRC, crypto or bundle is echoed.
 */
export type { AddressFamily } from './sdp-address.js';
export type { LocalSrtp, SrtpMode } from './sdp-crypto.js';
export type { LocalDtls } from './sdp-dtls.js';
export type { AudioCodec } from './sdp-formats.js';
export { parseSessionDescription, type SdpDirection } from './sdp-parse.js';

/** Our side of the stream. */
export interface LocalMedia {
  /** IP literal written into c= and o=; never a wildcard. */
  readonly address: string;
  /** RTP port, 1 to 65535. */
  readonly port: number;
  /** What we can do, in the order our offers name it. */
  readonly codecs: readonly AudioCodec[];
  /** What we want: `sendonly` holds the peer. An answer may come out narrower. */
  readonly direction: SdpDirection;
  /** Packet length we prefer, ms. */
  readonly ptimeMs: number;
  /** Decimal digits; see {@link createSessionId}. The same for the life of the dialog. */
  readonly sessionId: string;
  /** Of the first description of a dialog; later ones count on from `previous`. */
  readonly sessionVersion: number;
  /** Families RTP can be sent to. Default: that of `address`. */
  readonly families?: readonly AddressFamily[];
  /** Default: plain RTP alone. */
  readonly srtp?: LocalSrtp;
  /** Default: DTLS and ICE are refused. */
  readonly dtls?: LocalDtls | undefined;
}

/** A description of ours, and what a later one must keep. */
export interface LocalDescription {
  readonly text: string;
  readonly sessionVersion: number;
  readonly local: LocalMedia;
  /** Position of the audio section among the m= lines. */
  readonly audioIndex: number;
  /** All m= lines, for the next description of ours (RFC 3264 section 8: none may disappear). */
  readonly layout: readonly MediaLayout[];
  /** Numbers in use: a dialog never gives a payload type a second meaning (RFC 3264 section 8.3.2). */
  readonly payloadTypes: PayloadTypes;
  /** Keys of ours that stand in it. */
  readonly crypto: readonly CryptoAttribute[];
  /** The codec of our last answer. */
  readonly answered: AudioCodec | undefined;
  /** DTLS of both sides, where it was agreed on. */
  readonly dtls: { readonly section: DtlsSection; readonly theirs: RemoteDtls } | undefined;
  /** What the peer has told: its key, and the last address that is one. A key of ours lasts as long as these do. */
  readonly peer?: PeerIdentity;
}

interface PeerIdentity {
  readonly key: Uint8Array | undefined;
  readonly remote: RemoteRtp | undefined;
}

/** What offer and answer agreed on. Assignable to `StreamParameters` of the media border. */
export interface NegotiatedAudio {
  readonly codec: CodecMapping;
  /** Payload type of `telephone-event`, or `undefined` when not agreed. */
  readonly dtmfPayloadType: number | undefined;
  /** Its clock, where that is not the codec's, Hz. */
  readonly dtmfClockHz?: number;
  /**
   * What the peer may send besides: the other codecs of its answer, and all that it answers for under the numbers that our
   * offer gave them (RFC 3264 section 7). Absent: nothing.
   */
  readonly alsoReceived?: AlsoReceived;
  /** Where to send; `undefined` while the peer holds with 0.0.0.0. */
  readonly remote: RemoteRtp | undefined;
  /** Seen from us. */
  readonly direction: SdpDirection;
  /** Packet length to send, ms: 10 to 60, a multiple of 10. */
  readonly ptimeMs: number;
  /** Whether RTCP shares the ports of RTP, and where else to send it where `a=rtcp` says so. */
  readonly rtcp: { readonly mux: boolean; readonly remote: RemoteRtp | undefined };
  /** `undefined`: plain RTP. */
  readonly srtp: NegotiatedSrtp | undefined;
  /** `undefined`: no DTLS. Otherwise `srtp` is. */
  readonly dtls: NegotiatedDtls | undefined;
}

export interface AlsoReceived {
  readonly codecs: readonly Pick<CodecMapping, 'name' | 'payloadType'>[];
  readonly dtmfPayloadType: number | undefined;
}

export interface AnswerResult {
  readonly local: LocalDescription;
  readonly audio: NegotiatedAudio;
}

/** A random o= session id: decimal, and small enough for peers that read it into 32 signed bits. */
export function createSessionId(random: Random): string {
  return String(1 + random.integer(2 ** 31 - 1));
}

/**
 * Our offer: all codecs of `local`, and `telephone-event`. That of our last answer comes first: a hold is no reason to change it.
 *
 * @param previous Our last description in this dialog: payload types and refused m= lines are kept, and the version
 *   rises only if something else changed.
 * @throws ConnectorError `ERR_SDP_INVALID` when `local` cannot be described.
 */
export function createOffer(local: LocalMedia, previous?: LocalDescription): LocalDescription {
  const payloadTypes = assignPayloadTypes(local.codecs, previous?.payloadTypes ?? {});
  const answered = previous?.answered;
  const codecs = [...new Set([...local.codecs.filter((name) => name === answered), ...local.codecs])];
  const audioIndex = previous?.audioIndex ?? 0;
  const dtls = previous?.dtls && { ...previous.dtls, section: { ...previous.dtls.section, setup: 'actpass' as const } };
  const crypto = dtls ? [] : offerCrypto(local.srtp, previous?.crypto ?? []);
  const audio: AudioSection = {
    protocol: previous?.layout[audioIndex]?.protocol ?? (local.srtp?.mode === 'required' ? 'RTP/SAVP' : 'RTP/AVP'),
    port: local.port,
    codecs: codecs.map((name) => ({ name, payloadType: payloadTypes[name] ?? codecFormats[name].payloadType })),
    telephoneEvents: clocksOf(local.codecs).map((clockHz) => ({
      payloadType: payloadTypes[`telephone-event/${clockHz}`] ?? TELEPHONE_EVENT_PAYLOAD_TYPE,
      clockHz,
      events: TELEPHONE_EVENTS,
    })),
    comfortNoise: false,
    ptimeMs: clampPacketTime(local.ptimeMs, undefined),
    direction: local.direction,
    rtcpMux: dtls?.theirs.rtcpMux ?? true,
    crypto,
    dtls: dtls?.section,
  };
  const others = previous?.layout ?? [];
  const timing = { start: 0, stop: 0 };
  return describe(local, { audio, audioIndex, others, timing, payloadTypes, answered, theirs: dtls?.theirs }, previous);
}

/**
 * Our answer to an offer: the first usable audio stream is accepted, every other m= line refused with port 0.
 *
 * @param previous Our last description in this dialog; the version rises only if the answer differs from it.
 * @throws ConnectorError `ERR_SDP_INVALID` for an offer that cannot be read, `ERR_SDP_UNACCEPTABLE` (488) for one with
 *   nothing to accept; the message says why, for each m= line.
 */
export function createAnswer(offerText: string, local: LocalMedia, previous?: LocalDescription): AnswerResult {
  const offer = parseSessionDescription(offerText);
  const { stream, audioIndex, crypto: theirs } = findStream(offer, local);
  const { srtp } = local;
  const dtls =
    stream.dtls && local.dtls && answerDtls(stream.dtls, { ...local.dtls, address: local.address }, previous?.dtls);
  const ours = theirs && srtp && answerCrypto(theirs, srtp, keyThatLasts(theirs, stream.remote, previous));
  const direction = intersectDirections(stream.direction, local.direction);
  const ptimeMs = clampPacketTime(stream.ptimeMs ?? local.ptimeMs, stream.maxPtimeMs);
  const audio: AudioSection = {
    protocol: stream.protocol,
    port: local.port,
    codecs: [stream.codec],
    telephoneEvents: stream.telephoneEvent ? [stream.telephoneEvent] : [],
    comfortNoise: stream.comfortNoise,
    ptimeMs,
    direction,
    rtcpMux: stream.rtcp.mux,
    crypto: ours ? [ours] : [],
    dtls,
  };
  const payloadTypes = learnPayloadTypes(previous?.payloadTypes ?? {}, {
    [stream.codec.name]: stream.codec.payloadType,
    ...(stream.telephoneEvent && {
      [`telephone-event/${stream.telephoneEvent.clockHz}`]: stream.telephoneEvent.payloadType,
    }),
  });
  const { media: others, timing } = offer;
  const answered = stream.codec.name;
  const parts = { audio, audioIndex, others, timing, payloadTypes, answered, theirs: stream.dtls };
  const agreed = negotiated(stream, direction, ptimeMs, {
    srtp: ours && theirs && agreedSrtp(ours, theirs),
    dtls: dtls && stream.dtls && agreedDtls(dtls, stream.dtls),
  });
  return { local: knowing(describe(local, parts, previous), agreed, previous), audio: agreed };
}

/** Our last description, with what the peer's answer to it has told. */
export function withPeer(description: LocalDescription, audio: NegotiatedAudio): LocalDescription {
  return knowing(description, audio, description);
}

function knowing(
  description: LocalDescription,
  { remote, srtp }: NegotiatedAudio,
  previous: LocalDescription | undefined,
): LocalDescription {
  const peer = { key: srtp?.remoteKey, remote: remote ?? previous?.peer?.remote };
  // One hidden class for all of them: V8 makes one for each object whose literal begins with a spread and has more.
  return Object.assign({ peer }, description, { peer });
}

/**
 * The key of ours for a peer that is the same as before. A new key of the peer's is answered with a new one, and so is a
 * new address: whoever is there knows nothing of the rollover counter (RFC 4568 section 6.4).
 */
function keyThatLasts(
  theirs: CryptoAttribute,
  remote: RemoteRtp | undefined,
  previous: LocalDescription | undefined,
): Uint8Array | undefined {
  const peer = previous?.peer;
  if (peer?.key === undefined || Buffer.compare(peer.key, theirs.key) !== 0) return undefined;
  const before = peer.remote;
  const moved = remote && before && (remote.address !== before.address || remote.port !== before.port);
  return moved ? undefined : previous?.crypto.find(({ suite }) => suite === theirs.suite)?.key;
}

/**
 * Reads the peer's answer to an offer of ours.
 *
 * @throws ConnectorError `ERR_SDP_INVALID` for an answer that cannot be read or has too few m= lines,
 *   `ERR_SDP_UNACCEPTABLE` when it refuses the audio or accepts something that was not offered.
 */
export function readAnswer(offer: LocalDescription, answerText: string): NegotiatedAudio {
  const answer = parseSessionDescription(answerText);
  const media = answer.media[offer.audioIndex];
  if (!media || answer.media.length < offer.layout.length) {
    throw new ConnectorError(
      'ERR_SDP_INVALID',
      `SDP answer has ${answer.media.length} m= lines, the offer has ${offer.layout.length}`,
    );
  }
  const { local } = offer;
  const stream = readStream(media, offer.dtls ? local : { ...local, dtls: undefined }, 'answer');
  if (!('codec' in stream)) throw unacceptable([stream]);
  if (stream.protocol.toUpperCase() !== offer.layout[offer.audioIndex]?.protocol.toUpperCase()) {
    throw unacceptable([{ line: media.line, reason: `${stream.protocol} was not offered` }]);
  }
  const srtp = readCryptoAnswer(offer.crypto, media.crypto);
  if (typeof srtp === 'string') throw unacceptable([{ line: media.line, reason: srtp }]);
  const { dtls } = stream;
  if (offer.dtls && dtls === undefined) throw unacceptable([{ line: media.line, reason: 'it takes no DTLS any more' }]);
  if (srtp === undefined && !dtls && (isSecureProfile(stream.protocol) || local.srtp?.mode === 'required')) {
    throw unacceptable([{ line: media.line, reason: 'it accepts SRTP and has no a=crypto' }]);
  }
  const ptimeMs = clampPacketTime(stream.ptimeMs ?? local.ptimeMs, stream.maxPtimeMs);
  const direction = intersectDirections(stream.direction, local.direction);
  const agreed = negotiated(stream, direction, ptimeMs, {
    srtp,
    dtls: offer.dtls && dtls && agreedDtls(offer.dtls.section, dtls),
  });
  const also = alsoReceived(stream, offer.payloadTypes);
  return also === undefined ? agreed : { ...agreed, alsoReceived: also };
}

/** @param offered the numbers of our offer */
function alsoReceived(
  { codec, codecs, telephoneEvent }: UsableStream,
  offered: PayloadTypes,
): AlsoReceived | undefined {
  const told = telephoneEvent && offered[`telephone-event/${telephoneEvent.clockHz}`];
  const dtmfPayloadType = told === telephoneEvent?.payloadType ? undefined : told;
  const taken = new Set([codec.payloadType, telephoneEvent?.payloadType, dtmfPayloadType]);
  const others = codecs
    .flatMap(({ name, payloadType }) => [
      { name, payloadType: offered[name] ?? payloadType },
      { name, payloadType },
    ])
    .filter(({ payloadType }) => !taken.has(payloadType) && taken.add(payloadType));
  return others.length === 0 && dtmfPayloadType === undefined ? undefined : { codecs: others, dtmfPayloadType };
}

function negotiated(
  stream: UsableStream,
  direction: SdpDirection,
  ptimeMs: number,
  { srtp, dtls }: Pick<NegotiatedAudio, 'srtp' | 'dtls'>,
): NegotiatedAudio {
  const { codec, telephoneEvent } = stream;
  const { clockHz } = codecFormats[codec.name];
  return {
    codec,
    dtmfPayloadType: telephoneEvent?.payloadType,
    ...(telephoneEvent && telephoneEvent.clockHz !== clockHz && { dtmfClockHz: telephoneEvent.clockHz }),
    remote: stream.remote,
    direction,
    ptimeMs,
    rtcp: stream.rtcp,
    srtp,
    dtls,
  };
}

interface DescriptionParts {
  readonly audio: AudioSection;
  readonly audioIndex: number;
  /** All m= lines in order; the one at `audioIndex` gives way to `audio`. */
  readonly others: readonly MediaLayout[];
  readonly timing: DescriptionContent['timing'];
  readonly payloadTypes: PayloadTypes;
  readonly answered: AudioCodec | undefined;
  /** What the peer has said of DTLS. */
  readonly theirs: RemoteDtls | undefined;
}

function describe(
  local: LocalMedia,
  { audio, audioIndex, others, timing, payloadTypes, answered, theirs }: DescriptionParts,
  previous: LocalDescription | undefined,
): LocalDescription {
  const own = localAddress(local.address);
  if (!own) throw new ConnectorError('ERR_SDP_INVALID', 'the local media address is not a specific IP address');
  const media: (MediaLayout | AudioSection)[] = [...others];
  media[audioIndex] = audio;
  const content: DescriptionContent = {
    sessionId: local.sessionId,
    sessionVersion: previous?.sessionVersion ?? local.sessionVersion,
    ...own,
    timing,
    media,
  };
  const unchanged = writeDescription(content);
  // RFC 3264 section 8: the version rises by one exactly when the description differs from the last one sent.
  const isNew = previous !== undefined && previous.text !== unchanged;
  const sessionVersion = content.sessionVersion + (isNew ? 1 : 0);
  return {
    text: isNew ? writeDescription({ ...content, sessionVersion }) : unchanged,
    sessionVersion,
    local,
    audioIndex,
    layout: media.map((section) => layoutOf(section)),
    payloadTypes,
    crypto: audio.crypto,
    answered,
    dtls: audio.dtls && theirs && { section: audio.dtls, theirs },
  };
}

function layoutOf(section: MediaLayout | AudioSection): MediaLayout {
  if (!('codecs' in section)) {
    return { type: section.type, protocol: section.protocol, formats: section.formats };
  }
  const formats = section.codecs.map(({ payloadType }) => String(payloadType));
  return { type: 'audio', protocol: section.protocol, formats };
}
