import { CallerFrames } from '../caller/caller-frames.js';
import { codeReader } from '../codecs/code-reader.js';
import type { PacketReader } from '../codecs/packet-reader.js';
import { type PhoneCoding, phoneCodings } from '../codecs/phone-codec.js';
import { DtmfReceiver } from '../dtmf/dtmf-receiver.js';
import { InbandDtmfDetector } from '../dtmf/inband-dtmf.js';
import type { EventFormat } from '../dtmf/telephone-event.js';
import type { PhoneCodec, StreamListener, StreamParameters, StreamStats, StreamTap } from '../engine.js';
import { FrameScratch } from '../jitter/frame-scratch.js';
import type { JitterBuffer } from '../jitter/jitter-buffer.js';
import { estimateMos, PACKET_DELAY_MS } from '../mos.js';
import { DropCounter, type DropReason } from '../peer/drop-counter.js';
import type { Latch } from '../peer/latch.js';
import { isRtcp, parseRtcp, RtcpSummary } from '../rtcp/rtcp-packet.js';
import { parseRtp, type RtpPacket } from '../rtp/rtp-packet.js';
import { SequenceTracker } from '../rtp/sequence-tracker.js';
import { isSameRemote, type RemoteAddress } from '../sockets/remote-address.js';
import type { VoiceDetector } from '../voice/vad.js';
import { CallerTap } from './caller-tap.js';
import type { StreamCodecs } from './stream-codecs.js';

const CLOCK_HZ = 8000;
/** RFC 3551 table 4, RFC 3389: taken whether agreed on or not, from any phone that sends it. */
const COMFORT_NOISE = 13;
const FRAME_MS = 20;
/** Between two changes of codec by the caller, ms: each costs a decoder, and packets out of order must not turn it back. */
const CODEC_REST_MS = 1_000;
/** So long after a change of codec the one before is heard, ms, unless the new one is: its packets are still under way. */
const OLD_CODEC_MS = 2_000;

export interface RtpReceiverDeps {
  readonly latch: Latch;
  readonly jitterBuffer: JitterBuffer;
  /** Default: one of its own. */
  readonly scratch?: FrameScratch;
  readonly voice: VoiceDetector;
  /** Hears the frames. */
  readonly audience: Pick<StreamListener, 'onFrame'>;
  /** Hears everything else. */
  readonly listener: Pick<StreamListener, 'onEvent'>;
  readonly tap: StreamTap | undefined;
  readonly codecs: StreamCodecs;
  /** Keys are heard in the sound where the phone has no telephone-events. Absent: never. */
  readonly inbandDtmf?: boolean;
  /** Takes the caller's reports. */
  readonly reports: RtcpReports;
  /** The caller uses our SSRC. Called for each such packet. */
  onCollision?(from: RemoteAddress): void;
}

/** What becomes of a caller's RTCP. */
export interface RtcpReports {
  /** Ours; report blocks about others are not read. */
  readonly ssrc: number;
  /** @param summary borrowed @param bytes length of the compound packet */
  receive(summary: RtcpSummary, bytes: number, nowMs: number): void;
}

/** The incoming half of a stream: from packets, hostile ones among them, to frames and digits. No sockets, no timers. */
export class RtpReceiver {
  readonly frames: CallerFrames;
  /** What came, as reports of ours describe it. */
  readonly sequences = new SequenceTracker(CLOCK_HZ);
  readonly #latch: Latch;
  readonly #jitterBuffer: JitterBuffer;
  readonly #listener: Pick<StreamListener, 'onEvent'>;
  readonly #codecs: StreamCodecs;
  readonly #tap: CallerTap | undefined;
  readonly #packet: RtpPacket;
  readonly #rtcp: RtcpSummary;
  readonly #reports: RtcpReports;
  readonly #onCollision: ((from: RemoteAddress) => void) | undefined;
  readonly #drops = new DropCounter();
  readonly #dtmf: DtmfReceiver;
  readonly #inband: InbandDtmfDetector | undefined;
  #reader: PacketReader = codeReader;
  #coding: PhoneCoding = phoneCodings.pcmu;
  #codecPayloadType = -1;
  #dtmfPayloadType = -1;
  /** The number of the same events in our own offer, where the peer has another. */
  #toldDtmfPayloadType = -1;
  #eventUnitsPerMs: number | undefined;
  /** Of the last event; -1 before the first. */
  #eventSsrc = -1;
  /** All that the caller may speak. */
  #agreed: readonly PhoneCodec[] = [];
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** What was agreed on in place of the codec that is heard, and until when that one still is. */
  #awaited: PhoneCodec | undefined;
  #awaitedUntilMs = 0;
  #receiving = false;
  /** A key may be held: somebody has to notice should nothing more be heard of it. */
  #keyDown = false;
  #packets = 0;
  #late = 0;
  #nowMs = 0;
  #lastHeardMs = 0;

  constructor(deps: RtpReceiverDeps) {
    this.#latch = deps.latch;
    this.#jitterBuffer = deps.jitterBuffer;
    this.#listener = deps.listener;
    this.#codecs = deps.codecs;
    this.#tap = deps.tap && new CallerTap(deps.tap, deps.codecs);
    this.#reports = deps.reports;
    this.#onCollision = deps.onCollision;
    this.#rtcp = new RtcpSummary(deps.reports.ssrc);
    const scratch = deps.scratch ?? new FrameScratch();
    this.#packet = scratch.packet;
    this.frames = new CallerFrames(deps.jitterBuffer, deps.voice, this.#coding, deps, scratch.heard);
    const onDigit = (digit: string, durationMs: number): void =>
      this.#listener.onEvent({ type: 'digit', digit, durationMs, atMs: this.#nowMs });
    this.#dtmf = new DtmfReceiver(onDigit);
    this.#inband = deps.inbandDtmf === true ? new InbandDtmfDetector(onDigit) : undefined;
  }

  /** Whether the direction lets us receive. */
  get receiving(): boolean {
    return this.#receiving;
  }

  /** When a packet was last accepted, or {@link touch} was called ({@link Clock.now}). */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  touch(nowMs: number): void {
    this.#lastHeardMs = nowMs;
  }

  /**
   * Applies negotiated parameters. Beginning to receive (again) counts as a sign of life. A caller who may speak several
   * codecs is heard in the one that it spoke last; one who may no longer speak it, until it is known to have changed (RFC 3264
   * section 8.3.2).
   */
  configure(
    codec: PhoneCodec,
    events: EventFormat | undefined,
    receiving: boolean,
    nowMs: number,
    also?: StreamParameters['alsoReceived'],
  ): void {
    this.#agreed = [codec, ...(also?.codecs ?? [])];
    const spoken = this.#agreed.find(
      ({ name, payloadType }) => payloadType === this.#codecPayloadType && phoneCodings[name] === this.#coding,
    );
    if (receiving !== this.#receiving && (spoken ?? codec).name === this.#coding.name) {
      this.#jitterBuffer.reset();
      this.frames.noise.reset();
    }
    if (receiving && !this.#receiving) this.touch(nowMs);
    const numbers = [...this.#agreed.map((each) => each.payloadType), events?.payloadType, also?.dtmfPayloadType];
    const isUnderWay = receiving && this.#receiving && !numbers.includes(this.#codecPayloadType);
    this.#eventUnitsPerMs = events?.unitsPerMs;
    this.#dtmfPayloadType = events?.payloadType ?? -1;
    this.#toldDtmfPayloadType = also?.dtmfPayloadType ?? -1;
    if (isUnderWay) {
      this.#awaited = codec;
      this.#awaitedUntilMs = nowMs + OLD_CODEC_MS;
      // Keys come as agreed on now.
      if (events !== undefined) this.#dtmf.useClocks(events.unitsPerMs, phoneCodings[codec.name].ticksPerMs);
    } else this.#listenTo(spoken ?? codec);
    this.#changedAtMs = Number.NEGATIVE_INFINITY;
    // A phone that sends events may send the tone as well: no key counts twice.
    this.frames.tones = events === undefined ? this.#inband : undefined;
    this.#receiving = receiving;
  }

  /** Takes whatever came to the RTP port. `bytes` are borrowed; `from` is kept and must not change. */
  receive(bytes: Uint8Array, from: RemoteAddress, nowMs: number, offset = 0, length = bytes.length): void {
    if (isRtcp(bytes, offset, length)) {
      this.receiveRtcp(bytes.subarray(offset, offset + length), from, nowMs);
      return;
    }
    const packet = this.#packet;
    const defect = parseRtp(bytes, packet, offset, length);
    if (!this.#receiving) {
      this.#drops.add('direction');
      if (defect === undefined) this.#passOver(packet, from, nowMs);
      return;
    }
    if (defect !== undefined) {
      this.#drops.add(defect);
      return;
    }
    const { payloadType } = packet;
    const isAudio = payloadType === this.#codecPayloadType;
    const isEvent = payloadType === this.#dtmfPayloadType || payloadType === this.#toldDtmfPayloadType;
    const isKnown = isAudio || isEvent || payloadType === COMFORT_NOISE;
    const other = isKnown ? undefined : this.#otherCodec(payloadType, nowMs);
    if (!isKnown && other === undefined) {
      this.#drops.add('payload-type');
      return;
    }
    if (!this.#isCaller(packet, from, nowMs)) return;
    if (other !== undefined) {
      this.#listenTo(other);
      this.#changedAtMs = nowMs;
    }
    this.#lastHeardMs = nowMs;
    if (packet.ssrc === this.#reports.ssrc) this.#onCollision?.(from);
    // A gateway that makes events itself may give them a source of their own: between them that of the audio goes on.
    const isApart = isEvent && this.sequences.started && !this.sequences.hears(packet.ssrc);
    if (!isApart && !this.#isInOrder(packet, !isEvent, nowMs)) return;
    this.#packets += 1;
    if (isAudio || other !== undefined) this.#takeAudio(packet, bytes, nowMs);
    else if (isEvent) this.#takeEvent(packet, bytes, nowMs);
    else this.frames.noise.take(bytes, packet.payloadOffset, packet.payloadBytes);
  }

  /** Takes whatever came to the RTCP port, or RTCP on the RTP port (RFC 5761). An RTCP BYE does not end the call. */
  receiveRtcp(bytes: Uint8Array, from: RemoteAddress, nowMs: number): void {
    if (!parseRtcp(bytes, this.#rtcp, this.#reports.ssrc)) {
      this.#drops.add('rtcp');
      return;
    }
    const verdict = this.#latch.judgeRtcp(from.address);
    if (verdict !== 'accepted') {
      this.#drops.add(verdict === 'outside' ? 'net' : 'source');
      return;
    }
    this.#lastHeardMs = nowMs;
    if (this.#rtcp.collision) this.#onCollision?.(from);
    this.#reports.receive(this.#rtcp, bytes.length, nowMs);
  }

  /** A packet was refused before it came here. */
  refuse(reason: DropReason): void {
    this.#drops.add(reason);
  }

  /** Delivers the frame that is due at `slotMs`. */
  deliver(slotMs: number, nowMs: number): void {
    if (this.#awaited !== undefined && nowMs >= this.#awaitedUntilMs) this.#listenTo(this.#awaited);
    if (this.#keyDown || this.#inband !== undefined) {
      this.#nowMs = nowMs;
      this.#keyDown = this.#dtmf.tick(nowMs);
    }
    this.frames.deliver(slotMs, nowMs);
  }

  stats(): StreamStats['in'] {
    return {
      packets: this.#packets,
      lost: this.sequences.lost,
      lateDropped: this.#lateDropped(),
      duplicates: this.sequences.duplicates,
      concealedMs: this.frames.concealedMs,
      jitterMs: this.sequences.jitterMs,
      dropped: this.#drops.snapshot(),
    };
  }

  /**
   * E-model estimate of what was received; `undefined` before anything was.
   * @param roundTripMs on the network; half of it is the delay of this direction
   */
  mos(roundTripMs = 0): number | undefined {
    const { expected, lost, jitterMs } = this.sequences;
    if (this.#packets === 0) return undefined;
    const lossRatio = Math.min(1, (lost + this.#lateDropped()) / expected);
    return estimateMos({ lossRatio, jitterMs, delayMs: PACKET_DELAY_MS + roundTripMs / 2 });
  }

  /** Decoders give back what they hold. */
  close(): void {
    this.#reader.close();
    this.#tap?.close();
  }

  /** Packets that came too late to be played, and 20 ms each of what was given up in a burst. */
  #lateDropped(): number {
    return this.#late + Math.round(this.#jitterBuffer.discardedMs / FRAME_MS);
  }

  /** What the caller changes to; `undefined` for what it may not speak, or so soon after the last change. */
  #otherCodec(payloadType: number, nowMs: number): PhoneCodec | undefined {
    if (nowMs - this.#changedAtMs < CODEC_REST_MS) return undefined;
    return this.#agreed.find((codec) => codec.payloadType === payloadType);
  }

  #listenTo(codec: PhoneCodec): void {
    this.#awaited = undefined;
    const coding = phoneCodings[codec.name];
    if (coding !== this.#coding) this.#useCodec(codec, coding);
    this.#codecPayloadType = codec.payloadType;
    if (this.#eventUnitsPerMs !== undefined) this.#dtmf.useClocks(this.#eventUnitsPerMs, coding.ticksPerMs);
  }

  #useCodec(codec: PhoneCodec, coding: PhoneCoding): void {
    const reader = this.#codecs.createReader(codec);
    this.#jitterBuffer.use(reader);
    this.#reader.close();
    this.#reader = reader;
    this.#coding = coding;
    this.frames.setCoding(coding, reader.conceals);
    this.sequences.setClock(coding.ticksPerMs * 1000);
    this.#tap?.setCodec(codec);
  }

  #isCaller(packet: RtpPacket, from: RemoteAddress, nowMs: number): boolean {
    switch (this.#latch.judge(from, packet.ssrc, packet.sequence, nowMs)) {
      case 'accepted':
        return true;
      case 'latched':
        this.#listener.onEvent({ type: 'latched', address: from.address, port: from.port });
        return true;
      case 'probation':
        this.#drops.add('probation');
        return false;
      case 'refused':
        this.#drops.add('source');
        return false;
      case 'outside':
        this.#drops.add('net');
        return false;
    }
  }

  /** While the caller is held its packets are not heard, but they came: when its source is heard again none was lost. */
  #passOver({ ssrc, sequence, timestamp }: RtpPacket, from: RemoteAddress, nowMs: number): void {
    if (!isSameRemote(from, this.#latch.source) || !this.sequences.hears(ssrc)) return;
    this.sequences.update(ssrc, sequence, timestamp, false, nowMs);
  }

  #isInOrder(packet: RtpPacket, timed: boolean, nowMs: number): boolean {
    const isHeard = this.sequences.hears(packet.ssrc);
    switch (this.sequences.update(packet.ssrc, packet.sequence, packet.timestamp, timed, nowMs)) {
      case 'next':
        return true;
      case 'restarted':
        this.#jitterBuffer.reset();
        this.#reader.reset();
        this.frames.noise.reset();
        this.#nowMs = nowMs;
        // Of another source they have timestamps of their own, and may have begun before its audio.
        if (isHeard) this.#dtmf.reset();
        this.#inband?.reset();
        return true;
      case 'duplicate':
        return false;
      case 'refused':
        this.#drops.add('sequence');
        return false;
    }
  }

  #takeAudio(packet: RtpPacket, bytes: Uint8Array, nowMs: number): void {
    const { payloadOffset, payloadBytes, timestamp } = packet;
    if (payloadBytes === 0) return;
    if (this.#reader.ticks(bytes, payloadOffset, payloadBytes) === 0) {
      this.#drops.add('payload-size');
      return;
    }
    this.frames.noise.end();
    const { extended } = this.sequences;
    const verdict = this.#jitterBuffer.put(extended, timestamp, bytes, payloadOffset, payloadBytes, nowMs);
    if (verdict === 'late') this.#late += 1;
    this.#tap?.hear(bytes, payloadOffset, payloadBytes, timestamp, nowMs);
  }

  #takeEvent(packet: RtpPacket, bytes: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#keyDown = true;
    const { payloadOffset, payloadBytes, ssrc, timestamp } = packet;
    if (ssrc !== this.#eventSsrc) this.#dtmf.reset();
    this.#eventSsrc = ssrc;
    if (!this.#dtmf.receive(bytes, payloadOffset, payloadBytes, timestamp, nowMs)) this.#drops.add('event');
  }
}
