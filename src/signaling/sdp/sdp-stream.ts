import { ConnectorError } from '../../base/connector-error.js';
import { type AddressFamily, localAddress } from './sdp-address.js';
import { type CryptoAttribute, chooseCrypto, isSecureProfile, type LocalSrtp } from './sdp-crypto.js';
import { withoutReceiving } from './sdp-direction.js';
import { isDtlsProfile, type LocalDtls, type RemoteDtls, readDtls, wantsDtls } from './sdp-dtls.js';
import {
  type AudioCodec,
  type CodecMapping,
  commonCodecs,
  hasComfortNoise,
  selectTelephoneEvent,
  type TelephoneEvent,
} from './sdp-formats.js';
import type { ParsedMedia, ParsedSdp, SdpDirection } from './sdp-parse.js';

/** An address to send to: an IP literal. */
export interface RemoteRtp {
  readonly address: string;
  readonly port: number;
}

/** What decides whether a stream of the peer's is of use to us. */
export interface StreamAbilities {
  readonly address: string;
  readonly codecs: readonly AudioCodec[];
  readonly families?: readonly AddressFamily[];
  readonly srtp?: LocalSrtp;
  readonly dtls?: LocalDtls | undefined;
}

const PLAIN_PROTOCOLS: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF']);

/** An audio section of the peer that we can talk with. */
export interface UsableStream {
  /** The first one of {@link codecs}. */
  readonly codec: CodecMapping;
  /** All that both sides have, the peer's favourite first. */
  readonly codecs: readonly CodecMapping[];
  readonly telephoneEvent: TelephoneEvent | undefined;
  readonly comfortNoise: boolean;
  readonly protocol: string;
  readonly family: AddressFamily;
  readonly remote: RemoteRtp | undefined;
  /** The peer's, seen from the peer; a hold by address is folded in. */
  readonly direction: SdpDirection;
  readonly ptimeMs: number | undefined;
  readonly maxPtimeMs: number | undefined;
  readonly rtcp: { readonly mux: boolean; readonly remote: RemoteRtp | undefined };
  /** `undefined`: no DTLS. */
  readonly dtls: RemoteDtls | undefined;
}

export interface Refusal {
  readonly line: number;
  readonly reason: string;
}

export interface FoundStream {
  readonly stream: UsableStream;
  readonly audioIndex: number;
  /** The peer's line that we take; `undefined` for plain RTP. */
  readonly crypto: CryptoAttribute | undefined;
}

/** What a c= line comes to. */
type Connection = Pick<UsableStream, 'family' | 'remote'> & { readonly isHeld: boolean };

/** The first audio of an offer that we can talk with. Throws `ERR_SDP_UNACCEPTABLE`, with a reason for each m= line. */
export function findStream(offer: ParsedSdp, local: StreamAbilities): FoundStream {
  const mode = local.srtp?.mode ?? 'off';
  const refusals: Refusal[] = [];
  for (const [audioIndex, media] of offer.media.entries()) {
    const stream = readStream(media, local, 'offer');
    const crypto = mode === 'off' ? undefined : chooseCrypto(media.crypto);
    const needed = mode === 'required' || isSecureProfile(media.protocol);
    if (!('codec' in stream)) refusals.push(stream);
    else if (stream.dtls) return { stream, audioIndex, crypto: undefined };
    else if (crypto || !needed) return { stream, audioIndex, crypto };
    else refusals.push({ line: media.line, reason: `${media.protocol} without an a=crypto that can be used` });
  }
  throw unacceptable(refusals);
}

/**
 * A section of the peer's, or why it is of no use. What `a=crypto` says is not judged here.
 *
 * @param role whether it is an offer or an answer
 */
export function readStream(
  media: ParsedMedia,
  local: StreamAbilities,
  role: 'offer' | 'answer',
): UsableStream | Refusal {
  const refuse = (reason: string): Refusal => ({ line: media.line, reason });
  if (media.type.toLowerCase() !== 'audio') return refuse(`m=${media.type} is not audio`);
  if (media.port === 0) return refuse('the stream is refused or switched off with port 0');
  if (media.portCount !== 1) return refuse(`${media.portCount} ports for one stream`);
  if (!isSpoken(media, local)) return refuse(`${media.protocol} is not RTP/AVP`);
  const dtls = local.dtls && wantsDtls(media, takesKeys(local)) ? readDtls(media, role) : undefined;
  if (typeof dtls === 'string') return refuse(dtls);
  const codecs = commonCodecs(media, local.codecs);
  const [codec] = codecs;
  if (!codec) return refuse(`none of its formats is ${local.codecs.join(' or ')}`);
  const connection = readConnection(media, local, dtls);
  if (typeof connection === 'string') return refuse(connection);
  const { family, isHeld, remote } = connection;
  return {
    codec,
    codecs,
    telephoneEvent: selectTelephoneEvent(media, codec.name),
    comfortNoise: hasComfortNoise(media, codec.name),
    protocol: media.protocol,
    family,
    remote,
    direction: isHeld ? withoutReceiving(media.direction) : media.direction,
    ptimeMs: media.ptimeMs,
    maxPtimeMs: media.maxPtimeMs,
    rtcp: { mux: media.rtcpMux, remote: remote && rtcpRemote(media, remote.address) },
    dtls,
  };
}

function takesKeys({ srtp }: StreamAbilities): boolean {
  return srtp !== undefined && srtp.mode !== 'off';
}

function isSpoken({ protocol }: ParsedMedia, local: StreamAbilities): boolean {
  if (isDtlsProfile(protocol)) return local.dtls !== undefined;
  if (isSecureProfile(protocol)) return local.dtls !== undefined || takesKeys(local);
  return PLAIN_PROTOCOLS.has(protocol.toUpperCase());
}

/** Where ICE is done the c= line means nothing: browsers that hide their address write 0.0.0.0 or a name. */
function readConnection(
  { connection, port }: ParsedMedia,
  local: StreamAbilities,
  dtls: RemoteDtls | undefined,
): Connection | string {
  const families = familiesOf(local);
  if (dtls?.ice !== undefined) return { family: families[0] ?? 4, isHeld: false, remote: undefined };
  if (!connection) return 'no c= line applies to it';
  if (connection.kind === 'unusable') return `${connection.reason} (c=)`;
  if (!families.includes(connection.family)) return `IPv${connection.family} is not available here (c=)`;
  const { family } = connection;
  const remote = connection.kind === 'hold' ? undefined : { address: connection.address, port };
  return { family, isHeld: remote === undefined, remote };
}

/** What `a=rtcp` says, where it is of any use. */
function rtcpRemote({ rtcp }: ParsedMedia, rtpAddress: string): RemoteRtp | undefined {
  if (rtcp === undefined || rtcp.port < 1 || rtcp.port > 65_535) return undefined;
  const { connection, port } = rtcp;
  if (connection === undefined) return { address: rtpAddress, port };
  return connection.kind === 'unicast' ? { address: connection.address, port } : undefined;
}

function familiesOf(local: StreamAbilities): readonly AddressFamily[] {
  const own = localAddress(local.address);
  return local.families ?? (own ? [own.family] : []);
}

export function unacceptable(refusals: readonly Refusal[]): ConnectorError {
  const reasons = refusals.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ');
  return new ConnectorError('ERR_SDP_UNACCEPTABLE', `SDP has no usable audio: ${reasons || 'no m= line'}`);
}
