import type { AudioFormat } from '../flavor-api/index.js';

/**
 * The border between a call and its media. Everything on the far side may live on another thread or in native code:
 * so commands carry a sequence number, take effect at the next slot of the pacing wheel, and are acknowledged with the
 * last sample that left. Nobody on this side may assume a command done before its acknowledgement; that
 * acknowledgement is the heard clock.
 */

/** Number of a command, rising from 1 within one stream. */
export type CommandSequence = number;

/** Phone-leg codec as negotiated (RFC 3551, RFC 7587). */
export interface PhoneCodec {
  readonly name: 'pcmu' | 'pcma' | 'g722' | 'opus';
  /** RTP payload type, both ways. */
  readonly payloadType: number;
  /** Of Opus: what the peer wants to get. */
  readonly opus?: OpusFormat;
}

/** What of a peer's `a=fmtp` (RFC 7587 section 6.1) tells our encoder what to send. Safe to copy between threads. */
export interface OpusFormat {
  /** Highest sample rate the peer plays, Hz. */
  readonly maxPlaybackRate: number;
  /** Bits a second at most. */
  readonly maxAverageBitrate: number;
  /** The peer can use in-band forward error correction. */
  readonly inbandFec: boolean;
  /** The peer would rather have next to nothing of silence. */
  readonly dtx: boolean;
  /** The peer wants a constant bit rate. */
  readonly constantBitrate: boolean;
}

/** The outcome of an offer/answer exchange, as the media plane needs it. */
export interface StreamParameters {
  readonly codec: PhoneCodec;
  /** Payload type of `telephone-event`, or `undefined` when not negotiated. */
  readonly dtmfPayloadType: number | undefined;
  /** Clock of `telephone-event`, Hz. Absent: the codec's own. */
  readonly dtmfClockHz?: number;
  /** What the peer may send besides, whenever it likes; we do not. Absent: nothing. */
  readonly alsoReceived?:
    | { readonly codecs: readonly PhoneCodec[]; readonly dtmfPayloadType: number | undefined }
    | undefined;
  /** Where we send: an IP literal and port; `undefined` before it is known or when the peer gave 0.0.0.0 or port 0. */
  readonly remote: { readonly address: string; readonly port: number } | undefined;
  /** Seen from us: `sendonly` sends and ignores what comes. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Packet length we send, ms: 10 to 60, a multiple of 10. */
  readonly ptimeMs: number;
  /** Absent: RTCP has ports of its own, one above those of RTP. */
  readonly rtcp?: RtcpParameters | undefined;
  /** Absent: plain RTP. Otherwise nothing plain is sent, and nothing that is not authentic is taken. */
  readonly srtp?: SrtpParameters | undefined;
  /**
   * Keys come by DTLS on the stream's own port (RFC 5764), where we are the server, and for RTCP on its own where that does not share
   * the port. Then `srtp` is absent, and nothing plain is sent or taken. The same again means that nothing has changed.
   */
  readonly dtls?: DtlsParameters | undefined;
}

/** DTLS-SRTP (RFC 5763), and ICE (RFC 8445) where the peer does it: we are lite, and answer its checks. */
export interface DtlsParameters {
  /** Of the peer's certificate, from SDP (RFC 8122): one of them has to be right. */
  readonly fingerprints: readonly DtlsFingerprint[];
  /** Absent: the peer's datagrams come from where its SDP says. */
  readonly ice?: IceParameters | undefined;
}

export interface DtlsFingerprint {
  readonly hash: 'sha-256' | 'sha-384' | 'sha-512';
  readonly value: Uint8Array;
}

/** User fragments of both sides, and our password (RFC 8839 section 5.4). */
export interface IceParameters {
  readonly localFragment: string;
  readonly localPassword: string;
  readonly remoteFragment: string;
}

/** Names as in SDP (RFC 4568 section 6.2, RFC 7714 section 14.2). */
export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM';

/** SRTP (RFC 3711), both ways in one suite. The same keys again mean that nothing has changed. */
export interface SrtpParameters {
  readonly suite: SrtpSuite;
  /** Master key and salt of what we send, one after the other: 30 bytes, 28 for AEAD. */
  readonly localKey: Uint8Array;
  /** The same of what the peer sends. */
  readonly remoteKey: Uint8Array;
  /** Packets that the peer's key may protect (RFC 4568 section 6.1). */
  readonly remoteLifetimePackets: number;
}

/** Where RTCP goes. */
export interface RtcpParameters {
  /** It shares the ports of RTP, both ways (RFC 5761). What comes on the RTCP port is taken all the same. */
  readonly mux: boolean;
  /** The peer's RTCP port, where it is not the one above its RTP port (RFC 3605): an IP literal and port. */
  readonly remote: { readonly address: string; readonly port: number } | undefined;
}

/** How long a {@link CallerFrame} is, ms. */
export const FRAME_MS = 20;

/** One frame of caller audio, {@link FRAME_MS} long. The object and its `data` are reused for every frame: copy to keep. */
export interface CallerFrame {
  /** In the stream's `input` format. */
  data: Uint8Array;
  positionMs: number;
  concealed: boolean;
  /** The voice detector's verdict on this single frame. */
  voiced: boolean;
  /**
   * The caller may be about to speak, says the voice detector's first sign, before `voice-started` and often for
   * nothing; until the sound is over.
   */
  stirring: boolean;
  /** {@link Clock.now} when the packet that holds the frame's last sample arrived; for an invented frame, its slot. */
  receivedAtMs: number;
}

/** Something a stream reports. */
export type StreamEvent =
  /** A command took effect. `atMs`: {@link Clock.now} at the slot. `playing`: the response under the playhead then. */
  | {
      readonly type: 'ack';
      readonly sequence: CommandSequence;
      readonly command: 'connect' | 'pause' | 'resume' | 'flush' | 'mark' | 'send-digits';
      readonly atMs: number;
      readonly playing: Playhead | undefined;
    }
  /** The first packet of a response was sent. */
  | { readonly type: 'response-started'; readonly responseId: string; readonly atMs: number }
  /** The first packet with audible agent audio of a response was sent: the end of `v2vMs`. */
  | { readonly type: 'response-voiced'; readonly responseId: string; readonly atMs: number }
  /** Everything of the response was sent, or it was flushed. Exactly one per response that `play` or `endResponse` named. */
  | {
      readonly type: 'response-ended';
      readonly responseId: string;
      readonly state: 'finished' | 'interrupted';
      /** On the response's own sample timeline, trimmed leading silence included. */
      readonly heardMs: number;
      /** Audio of it that left the socket. */
      readonly sentMs: number;
      readonly atMs: number;
    }
  /** The response's queue ran dry before `endResponse`: the caller hears silence until more audio comes. */
  | { readonly type: 'starved'; readonly responseId: string; readonly atMs: number }
  /** A digit by RFC 4733, once per key press. */
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number; readonly atMs: number }
  /** The voice detector's considered opinion: `speechMs` is the voiced time of the stretch that ended. */
  | { readonly type: 'voice-started'; readonly positionMs: number; readonly atMs: number }
  | { readonly type: 'voice-stopped'; readonly positionMs: number; readonly speechMs: number; readonly atMs: number }
  /** The source of the caller's packets was fixed or changed under the latching rule. */
  | { readonly type: 'latched'; readonly address: string; readonly port: number }
  /** No accepted RTP or RTCP packet for the time-out while we expect to receive. Reported once per silence. */
  | { readonly type: 'rtp-timeout' }
  /** The socket failed; the stream is of no more use. */
  | { readonly type: 'failed'; readonly message: string }
  /** The last event of every stream: `close` took effect; each response still open got its `response-ended` before. */
  | { readonly type: 'closed'; readonly atMs: number };

/** A sound without end, for beneath or between what is said. Many streams may hold the same one: never changed. */
export interface BackgroundSound {
  /** Mono, 16 bits, as loud as it is to be heard; repeated from its beginning. At least one. */
  readonly samples: Int16Array;
  /** 8, 16, 24 or 48 kHz. Another than the phone's costs a resampler for as long as it is heard. */
  readonly sampleRate: number;
}

/** Two sounds may be heard at once: the room, and something that happens in it. */
export type BackgroundLayer = 'ambient' | 'foreground';

/** Position of playout. */
export interface Playhead {
  readonly responseId: string;
  readonly heardMs: number;
}

/** Receives what a stream produces. Called synchronously from the wheel and the socket; must not throw. */
export interface StreamListener {
  /** Hot path: 50 times a second from the first `connect` that lets us receive, invented frames included. */
  onFrame(frame: CallerFrame): void;
  onEvent(event: StreamEvent): void;
}

/** Hears both directions as they pass the socket; for recording. PCM is borrowed, and of 8000 Hz whatever the codec. */
export interface StreamTap {
  /** Whether anybody listens now; absent: always. Where nobody does, nothing is decoded. */
  readonly active?: boolean;
  /**
   * The samples of one packet. `atMs`: arrival at the socket, before the jitter buffer. `rtpTimestamp`: 32 bits, by a
   * clock of 8000 Hz.
   */
  caller(samples: Int16Array, atMs: number, rtpTimestamp: number): void;
  /** The samples of one packet. `atMs`: the moment of sending. */
  agent(samples: Int16Array, atMs: number): void;
}

/** Counters of one stream; figures of RFC 3550 where it defines them. */
export interface StreamStats {
  readonly in: {
    readonly packets: number;
    readonly lost: number;
    readonly lateDropped: number;
    readonly duplicates: number;
    /** Frames of the caller that the call never got, because it did not read for seconds, ms. */
    readonly unreadMs?: number;
    readonly concealedMs: number;
    /** RFC 3550 section 6.4.1 interarrival jitter, ms. */
    readonly jitterMs: number;
    /** Packets refused, by reason: a bounded set of names. */
    readonly dropped: Readonly<Record<string, number>>;
  };
  readonly out: {
    readonly packets: number;
    /** Longest time between two packets that should have been one ptime apart, ms. */
    readonly maxGapMs: number;
    readonly skippedSlots: number;
    /** Agent audio that `play` refused because ten minutes were queued, ms. */
    readonly refusedMs?: number;
  };
  /** E-model estimate (ITU-T G.107) of what we received, 1 to 4.5; `undefined` before anything was received. */
  readonly mos: number | undefined;
  /** What the peer says of our stream in its RTCP reports; each `undefined` before the first one. */
  readonly remote: {
    /** Packets of ours that never reached it. */
    readonly lost: number | undefined;
    /** Interarrival jitter there, ms. */
    readonly jitterMs: number | undefined;
    /** The same estimate for what it received. */
    readonly mos: number | undefined;
  };
  /** On the network, by RTCP (RFC 3550 section 6.4.1), smoothed; `undefined` where the peer sends no reports. */
  readonly roundTripMs: number | undefined;
  /** Compound packets sent, and of those that came the ones that were accepted. */
  readonly rtcp: { readonly sent: number; readonly received: number };
}

/** One call's RTP session. */
export interface MediaStream {
  /** Bound address and RTP port; the port is even. */
  readonly local: { readonly address: string; readonly port: number };
  /** Applies negotiated parameters: first answer, re-INVITE, hold and resume. */
  connect(parameters: StreamParameters): CommandSequence;
  /**
   * Fixes the formats that frames are delivered in and `play` takes, before the first `play`. Again when another flavor
   * takes over: responses that were begun keep theirs.
   */
  setFormats(input: AudioFormat, output: AudioFormat): void;
  /**
   * Whether `voice-started` and `voice-stopped` are worth a costly model, where the engine has one: they are to who takes
   * turns by them. Until then, and without one, the cheap gate's opinion is reported.
   */
  useVoiceModel(wanted: boolean): void;
  /** Queues audio of a response, `output` format. Hot path. Responses play in the order of their first `play`. */
  play(responseId: string, audio: Uint8Array): void;
  /**
   * Plays a whole response, `output` format, before anything that is queued; what was being heard goes on after it. For
   * words that bridge a gap: a response that has run dry would hold up whatever stands behind it.
   */
  interject(responseId: string, audio: Uint8Array): void;
  /**
   * What is mixed into the packets besides the responses, from the next one on, until it is replaced; `undefined`:
   * nothing on this layer. Given once, not frame by frame. It fades in and out, runs on through pauses and flushes, and
   * counts neither as heard nor as voiced.
   */
  setBackground(layer: BackgroundLayer, sound: BackgroundSound | undefined): void;
  /** No more audio will come for the response. */
  endResponse(responseId: string): void;
  /** Holds playout (silence is sent); the queue is kept. */
  pause(): CommandSequence;
  resume(): CommandSequence;
  /** Drops everything queued and playing, and ends a pause. Each dropped response gets `response-ended`. */
  flush(): CommandSequence;
  /** Acknowledged when everything queued before it has been sent (or flushed). */
  mark(): CommandSequence;
  /**
   * RFC 4733 digits out, `0-9*#A-D`; acknowledged when the last has been sent, at once where more than `MAX_WAITING_DIGITS` would
   * wait: none of them is sent then. Needs a negotiated payload type.
   */
  sendDigits(digits: string, options?: { readonly durationMs?: number; readonly gapMs?: number }): CommandSequence;
  /** Restarts the RTP time-out (ACK, resume). */
  touch(): void;
  /**
   * Nothing is done with the listener's next frames before there are `count` of them: an engine that has to wake somebody
   * may bring them together, when the last is due. It does not wait where `voiced` or `stirring` changes, nor with events.
   * Until the next time; each frame that follows upon those comes at once. Absent: every frame does. Hot path.
   */
  awaitFrames?(count: number): void;
  /** Tells the listener now what is there and was kept. */
  takeFrames?(): void;
  /** Milliseconds of audio queued and not yet sent. */
  queuedMs(): number;
  stats(): StreamStats;
  /**
   * Stops: no packet is sent after the call returns. With `farewell` one more leaves before, an RTCP BYE: for calls that we
   * end. Where the peer has hung up its ports may be somebody else's already, and nothing is sent. Responses still open get `response-ended`, then comes `closed`
   * (possibly before this returns), then nothing. The port rests, then returns to the pool. Idempotent.
   */
  close(farewell?: boolean): void;
}

export interface StreamOptions {
  readonly listener: StreamListener;
  readonly tap?: StreamTap;
  /** Chooses the address family to bind when the engine binds a wildcard. */
  readonly family: 4 | 6;
  /** Addresses and CIDR blocks that packets are taken from and sent to, whatever the SDP says. Absent: all. */
  readonly nets?: readonly string[] | undefined;
}

/** Opens streams; one per process. */
export interface MediaEngine extends AsyncDisposable {
  /** Of the certificate that its streams show. Absent: they do no DTLS, and fail where it is asked for. */
  readonly fingerprint?: DtlsFingerprint | undefined;
  /** Throws `ERR_NO_MEDIA_PORT`. */
  open(options: StreamOptions): Promise<MediaStream>;
  /** Resolves when a stream need not wait for anything but its ports: threads run, codecs are compiled. Never rejects. */
  ready?(): Promise<void>;
  /** Ports in use, resting and free; open streams. */
  usage(): { readonly open: number; readonly resting: number; readonly free: number };
}
