import type { Random } from '../../base/random.js';
import { makePacketBuffers, type PacketBuffer } from '../codecs/packet-buffers.js';
import type { PacketWriter } from '../codecs/packet-writer.js';
import { phoneCodings } from '../codecs/phone-codec.js';
import { DtmfSender, type DtmfTiming } from '../dtmf/dtmf-sender.js';
import { type EventFormat, TELEPHONE_EVENT_BYTES } from '../dtmf/telephone-event.js';
import type { StreamStats, StreamTap } from '../engine.js';
import type { Playout } from '../playout/playout.js';
import type { SentMedia } from '../rtcp/rtcp-session.js';
import type { LocalSource } from '../rtp/local-source.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../rtp/rtp-packet.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import { SLOT_MS } from '../wheel/pacing-wheel.js';
import { AgentTap } from './agent-tap.js';

/** Packets of a stream that a late tick may still send; what is older is skipped. */
const MAX_CATCH_UP = 2;
/** Event packets are made in buffers of their own, used in turn. */
const EVENT_BUFFERS = 4;

/** Where packets go. */
export interface SenderPort {
  /** The packet may be used again when this returns. */
  send(packet: Buffer, to: RemoteAddress): void;
}

export interface RtpSenderDeps {
  readonly random: Random;
  readonly source: Pick<LocalSource, 'ssrc'>;
  readonly playout: Playout;
  readonly tap: StreamTap | undefined;
  readonly port: SenderPort;
}

/**
 * The outgoing half of a stream: one packet every ptime. The timestamp is a function of the slot, so it follows the
 * wall clock over slots in which nothing was sent; the sequence number counts packets.
 */
export class RtpSender {
  readonly #random: Random;
  readonly #source: Pick<LocalSource, 'ssrc'>;
  readonly #playout: Playout;
  readonly #port: SenderPort;
  readonly #dtmf = new DtmfSender();
  #firstTimestamp: number;
  #sequence: number;
  readonly #tap: AgentTap | undefined;
  #ticksPerSlot = SLOT_MS * phoneCodings.pcmu.ticksPerMs;
  #payloadType = 0;
  #eventFormat: EventFormat | undefined;
  #intervalSlots = 4;
  #writer: PacketWriter | undefined;
  /** Made for the first digit. */
  #events: readonly PacketBuffer[] | undefined;
  #eventTurn = 0;
  #firstSlot = 0;
  #nextSlot = Number.POSITIVE_INFINITY;
  #afterGap = true;
  #eventTimestamp = 0;
  #packets = 0;
  /** Those of an SSRC that was given up. */
  #earlierPackets = 0;
  #payloadBytes = 0;
  /** NaN before the first: a number that may be none would be made anew for each packet. */
  #lastPacketMs = Number.NaN;
  #lastTimestamp = 0;
  #skipped = 0;
  /** NaN where nothing was sent in the slot before. */
  #lastSentMs = Number.NaN;
  #maxGapMs = 0;

  constructor(deps: RtpSenderDeps) {
    this.#random = deps.random;
    this.#source = deps.source;
    this.#playout = deps.playout;
    this.#port = deps.port;
    this.#tap = deps.tap && new AgentTap(deps.tap);
    this.#firstTimestamp = deps.random.integer(2 ** 32);
    this.#sequence = firstSequence(deps.random);
  }

  /** The slot of the next packet; infinite before the first. */
  get nextSlot(): number {
    return this.#nextSlot;
  }

  /** Begins at `slot`: the first in which a packet may leave. Later calls change nothing. */
  begin(slot: number): void {
    if (this.#nextSlot !== Number.POSITIVE_INFINITY) return;
    this.#firstSlot = slot;
    this.#nextSlot = slot;
  }

  /** Applies negotiated parameters. Another writer counts from the next packet on, and the one before is closed. */
  configure(writer: PacketWriter, payloadType: number, events: EventFormat | undefined): void {
    const { coding, ptimeMs } = writer;
    if (writer !== this.#writer) this.#writer?.close();
    this.#writer = writer;
    this.#useClock(coding.ticksPerMs);
    this.#intervalSlots = ptimeMs / SLOT_MS;
    this.#tap?.setCoding(coding);
    this.#payloadType = payloadType;
    this.#eventFormat = events;
    if (events !== undefined) this.#dtmf.unitsPerMs = events.unitsPerMs;
    else if (this.#dtmf.active) this.#dtmf.giveUp();
  }

  /** Our SSRC is another from now on: its counts begin at 0 (RFC 3550 section 6.4.1), and its sequence anywhere. */
  startOver(): void {
    this.#sequence = firstSequence(this.#random);
    this.#earlierPackets += this.#packets;
    this.#packets = 0;
    this.#payloadBytes = 0;
    this.#afterGap = true;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }

  /**
   * Queues digits. Where no payload type was negotiated there is no way to send them: `onSent` is called at once.
   * @param onSent called when the last packet of the last digit has been sent
   */
  sendDigits(digits: string, timing: Partial<DtmfTiming>, onSent: () => void): void {
    if (this.#eventFormat === undefined) onSent();
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
      this.#lastSentMs = Number.NaN;
    } else if (dueSlot - slot >= MAX_CATCH_UP * this.#intervalSlots) {
      this.#afterGap = true;
      this.#skipped += 1;
    } else {
      this.#sendOne(slot, to, nowMs);
    }
  }

  stats(): StreamStats['out'] {
    return {
      packets: this.#earlierPackets + this.#packets,
      maxGapMs: this.#maxGapMs,
      skippedSlots: this.#skipped,
      refusedMs: this.#playout.refusedMs,
    };
  }

  /** What was sent, as our RTCP reports describe it. Allocates: not for every packet. */
  sent(): SentMedia {
    return {
      packets: this.#packets,
      payloadBytes: this.#payloadBytes,
      lastSentMs: Number.isNaN(this.#lastPacketMs) ? undefined : this.#lastPacketMs,
      lastTimestamp: this.#lastTimestamp,
    };
  }

  #sendOne(slot: number, to: RemoteAddress, nowMs: number): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const timestamp = this.#firstTimestamp + (slot - this.#firstSlot) * this.#ticksPerSlot;
    this.#lastTimestamp = timestamp;
    if (this.#dtmf.active && this.#eventFormat !== undefined) {
      this.#sendEvent(writer, this.#eventFormat, timestamp, to, nowMs);
    } else {
      const buffer = writer.next();
      this.#playout.fill(buffer.frame, nowMs, buffer.words);
      this.#sendAudio(writer, buffer, timestamp, to, nowMs);
    }
    this.#playout.report();
  }

  #sendEvent(writer: PacketWriter, format: EventFormat, timestamp: number, to: RemoteAddress, nowMs: number): void {
    this.#eventTurn = (this.#eventTurn + 1) % EVENT_BUFFERS;
    this.#events ??= makePacketBuffers(EVENT_BUFFERS, TELEPHONE_EVENT_BYTES);
    const { packet, payload } = this.#events[this.#eventTurn] as PacketBuffer;
    const step = this.#dtmf.step(writer.ptimeMs * format.unitsPerMs, payload);
    if (step === 'begin') this.#eventTimestamp = timestamp;
    const silence = writer.next();
    silence.frame.fill(writer.coding.silence);
    if (step === 'gap') {
      this.#sendAudio(writer, silence, timestamp, to, nowMs);
      return;
    }
    // RFC 4733 section 2.2.2: here the marker begins an event, and not a talkspurt.
    const marker = step === 'begin';
    writeRtpHeader(packet, marker, format.payloadType, this.#sequence, this.#eventTimestamp, this.#source.ssrc);
    this.#transmit(packet, to, nowMs);
    this.#tap?.hear(silence.frame, nowMs);
  }

  #sendAudio(writer: PacketWriter, buffer: PacketBuffer, timestamp: number, to: RemoteAddress, nowMs: number): void {
    const packet = writer.finish(buffer);
    writeRtpHeader(packet, this.#afterGap, this.#payloadType, this.#sequence, timestamp, this.#source.ssrc);
    this.#transmit(packet, to, nowMs);
    this.#tap?.hear(buffer.frame, nowMs);
  }

  #transmit(packet: Buffer, to: RemoteAddress, nowMs: number): void {
    this.#port.send(packet, to);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packets += 1;
    this.#payloadBytes += packet.length - RTP_HEADER_BYTES;
    this.#lastPacketMs = nowMs;
    this.#afterGap = false;
    // Of what was not sent there is no gap: NaN is above nothing.
    const gapMs = nowMs - this.#lastSentMs;
    if (gapMs > this.#maxGapMs) this.#maxGapMs = gapMs;
    this.#lastSentMs = nowMs;
  }

  /** Another rate goes on from where the timestamp stands, under another SSRC (RFC 7160 section 4.1). */
  #useClock(ticksPerMs: number): void {
    const ticksPerSlot = SLOT_MS * ticksPerMs;
    if (ticksPerSlot === this.#ticksPerSlot) return;
    if (this.#nextSlot !== Number.POSITIVE_INFINITY) {
      this.#firstTimestamp += (this.#nextSlot - this.#firstSlot) * this.#ticksPerSlot;
      this.#firstSlot = this.#nextSlot;
    }
    this.#ticksPerSlot = ticksPerSlot;
  }
}

/** Of the lower half: a first packet that is lost is then never taken for one of an earlier cycle (RFC 3711 section 3.3.1). */
function firstSequence(random: Random): number {
  return random.integer(2 ** 15);
}
