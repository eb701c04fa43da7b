import type { Random } from '../base/random.js';
import { DtmfSender, type DtmfTiming } from './dtmf-sender.js';
import type { StreamStats, StreamTap } from './engine.js';
import { SLOT_MS } from './pacing-wheel.js';
import { type PhoneCoding, phoneCodings } from './phone-codec.js';
import type { Playout } from './playout.js';
import type { RemoteAddress } from './remote-address.js';
import type { SentMedia } from './rtcp/rtcp-session.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from './rtp-packet.js';
import { TELEPHONE_EVENT_BYTES } from './telephone-event.js';

const SAMPLES_PER_MS = 8;
/** Packets of a stream that a late tick may still send; what is older is skipped. */
const MAX_CATCH_UP = 2;
/** Buffers used in turn: should the kernel ever make a packet wait, the next ones do not overwrite it. */
const BUFFERS = 4;

interface PacketBuffer {
  readonly packet: Buffer;
  readonly payload: Uint8Array;
}

export interface RtpSenderDeps {
  readonly random: Random;
  readonly playout: Playout;
  readonly tap: StreamTap | undefined;
  /** Puts one packet on the wire before it returns. */
  send(packet: Buffer, to: RemoteAddress): void;
}

/**
 * The outgoing half of a stream: one packet every ptime. The timestamp is a function of the slot, so it follows the
 * wall clock over slots in which nothing was sent; the sequence number counts packets.
 */
export class RtpSender {
  readonly #deps: RtpSenderDeps;
  readonly #dtmf = new DtmfSender();
  readonly ssrc: number;
  readonly #firstTimestamp: number;
  #sequence: number;
  #coding: PhoneCoding = phoneCodings.pcmu;
  #payloadType = 0;
  #dtmfPayloadType: number | undefined;
  #intervalSlots = 4;
  #audioBuffers: readonly PacketBuffer[] = [];
  readonly #eventBuffers = makeBuffers(TELEPHONE_EVENT_BYTES);
  #turn = 0;
  #tapSamples = new Int16Array(0);
  #firstSlot = 0;
  #nextSlot = Number.POSITIVE_INFINITY;
  #afterGap = true;
  #eventTimestamp = 0;
  #packets = 0;
  #payloadBytes = 0;
  #lastPacketMs: number | undefined;
  #lastTimestamp = 0;
  #skipped = 0;
  #lastSentMs: number | undefined;
  #maxGapMs = 0;

  constructor(deps: RtpSenderDeps) {
    this.#deps = deps;
    this.ssrc = deps.random.integer(2 ** 32);
    this.#firstTimestamp = deps.random.integer(2 ** 32);
    // Of the lower half: a first packet that is lost is then never taken for one of an earlier cycle (RFC 3711 section 3.3.1).
    this.#sequence = deps.random.integer(2 ** 15);
  }

  /** Begins at `slot`: the first in which a packet may leave. Later calls change nothing. */
  begin(slot: number): void {
    if (this.#nextSlot !== Number.POSITIVE_INFINITY) return;
    this.#firstSlot = slot;
    this.#nextSlot = slot;
  }

  /** Applies negotiated parameters. A new packet length counts from the next packet on. */
  configure(coding: PhoneCoding, payloadType: number, dtmfPayloadType: number | undefined, ptimeMs: number): void {
    const samples = ptimeMs * SAMPLES_PER_MS;
    if (this.#tapSamples.length !== samples) {
      this.#audioBuffers = makeBuffers(samples);
      this.#tapSamples = new Int16Array(samples);
    }
    this.#intervalSlots = ptimeMs / SLOT_MS;
    this.#coding = coding;
    this.#payloadType = payloadType;
    this.#dtmfPayloadType = dtmfPayloadType;
  }

  /**
   * Queues digits. Where no payload type was negotiated there is no way to send them: `onSent` is called at once.
   * @param onSent called when the last packet of the last digit has been sent
   */
  sendDigits(digits: string, timing: Partial<DtmfTiming>, onSent: () => void): void {
    if (this.#dtmfPayloadType === undefined) onSent();
    else this.#dtmf.queue(digits, timing, onSent);
  }

  /**
   * A slot of the wheel; most are not ours.
   * @param to where to send; `undefined` while nothing may leave
   */
  onSlot(slot: number, dueSlot: number, to: RemoteAddress | undefined, nowMs: number): void {
    if (slot !== this.#nextSlot) return;
    this.#nextSlot += this.#intervalSlots;
    if (to === undefined) {
      this.#afterGap = true;
      this.#lastSentMs = undefined;
    } else if (dueSlot - slot >= MAX_CATCH_UP * this.#intervalSlots) {
      this.#afterGap = true;
      this.#skipped += 1;
    } else {
      this.#sendOne(slot, to, nowMs);
    }
  }

  stats(): StreamStats['out'] {
    return {
      packets: this.#packets,
      maxGapMs: this.#maxGapMs,
      skippedSlots: this.#skipped,
      refusedMs: this.#deps.playout.refusedMs,
    };
  }

  /** What was sent, as our RTCP reports describe it. Allocates: not for every packet. */
  sent(): SentMedia {
    return {
      packets: this.#packets,
      payloadBytes: this.#payloadBytes,
      lastSentMs: this.#lastPacketMs,
      lastTimestamp: this.#lastTimestamp,
    };
  }

  #sendOne(slot: number, to: RemoteAddress, nowMs: number): void {
    const timestamp = this.#firstTimestamp + (slot - this.#firstSlot) * SLOT_MS * SAMPLES_PER_MS;
    this.#lastTimestamp = timestamp;
    if (this.#dtmf.active && this.#dtmfPayloadType !== undefined) {
      this.#sendEvent(this.#dtmfPayloadType, timestamp, to, nowMs);
    } else {
      const buffer = this.#nextBuffer(this.#audioBuffers);
      this.#deps.playout.fill(buffer.payload, nowMs);
      this.#sendAudio(buffer, timestamp, to, nowMs);
    }
    this.#deps.playout.report();
  }

  #sendEvent(payloadType: number, timestamp: number, to: RemoteAddress, nowMs: number): void {
    const buffer = this.#nextBuffer(this.#eventBuffers);
    const step = this.#dtmf.step(this.#intervalSlots * SLOT_MS * SAMPLES_PER_MS, buffer.payload);
    if (step === 'begin') this.#eventTimestamp = timestamp;
    const silence = this.#nextBuffer(this.#audioBuffers);
    silence.payload.fill(this.#coding.silence);
    if (step === 'gap') {
      this.#sendAudio(silence, timestamp, to, nowMs);
      return;
    }
    writeRtpHeader(
      buffer.packet,
      step === 'begin' || this.#afterGap,
      payloadType,
      this.#sequence,
      this.#eventTimestamp,
      this.ssrc,
    );
    this.#transmit(buffer.packet, to, nowMs);
    this.#tapAgent(silence.payload, nowMs);
  }

  #sendAudio(buffer: PacketBuffer, timestamp: number, to: RemoteAddress, nowMs: number): void {
    writeRtpHeader(buffer.packet, this.#afterGap, this.#payloadType, this.#sequence, timestamp, this.ssrc);
    this.#transmit(buffer.packet, to, nowMs);
    this.#tapAgent(buffer.payload, nowMs);
  }

  #transmit(packet: Buffer, to: RemoteAddress, nowMs: number): void {
    this.#deps.send(packet, to);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packets += 1;
    this.#payloadBytes += packet.length - RTP_HEADER_BYTES;
    this.#lastPacketMs = nowMs;
    this.#afterGap = false;
    if (this.#lastSentMs !== undefined) this.#maxGapMs = Math.max(this.#maxGapMs, nowMs - this.#lastSentMs);
    this.#lastSentMs = nowMs;
  }

  #tapAgent(payload: Uint8Array, nowMs: number): void {
    const { tap } = this.#deps;
    if (tap === undefined) return;
    this.#coding.decode(payload, this.#tapSamples);
    tap.agent(this.#tapSamples, nowMs);
  }

  #nextBuffer(buffers: readonly PacketBuffer[]): PacketBuffer {
    this.#turn = (this.#turn + 1) % BUFFERS;
    return buffers[this.#turn] as PacketBuffer;
  }
}

function makeBuffers(payloadBytes: number): readonly PacketBuffer[] {
  return Array.from({ length: BUFFERS }, () => {
    const packet = Buffer.alloc(RTP_HEADER_BYTES + payloadBytes);
    return { packet, payload: packet.subarray(RTP_HEADER_BYTES) };
  });
}
