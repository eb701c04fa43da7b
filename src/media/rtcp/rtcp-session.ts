import type { Random } from '../../base/random.js';
import type { StreamStats } from '../engine.js';
import { estimateMos, PACKET_DELAY_MS } from '../mos.js';
import type { LocalSource } from '../rtp/local-source.js';
import type { SequenceTracker } from '../rtp/sequence-tracker.js';
import { middleOfNtp, msOfNtpUnits, ntpOf, ntpUnits } from './ntp-time.js';
import type { RtcpSummary } from './rtcp-packet.js';
import { RtcpSchedule } from './rtcp-schedule.js';
import { type ReportBlock, type SenderInfo, writeRtcp } from './rtcp-writer.js';

/** RFC 7022 section 4.2: a CNAME that says nothing of the host. */
const CNAME_BYTES = 12;
/** Sender reports of ours that a peer may still refer to. */
const REMEMBERED_REPORTS = 8;
/** RFC 6298's weight of a new round trip. */
const ROUND_TRIP_WEIGHT = 1 / 8;
/** Clocks are coarse: so far below zero is zero, ms. */
const ROUND_TRIP_TOLERANCE_MS = 20;
/** RFC 3550 section 6.3.5: a sender that has been silent for two intervals is none. */
const SENDER_TIMEOUT_MS = 10_000;

/** What we have sent so far. */
export interface SentMedia {
  readonly packets: number;
  readonly payloadBytes: number;
  /** {@link Clock.now} of the last packet, and the timestamp in it; `undefined` before the first. */
  readonly lastSentMs: number | undefined;
  readonly lastTimestamp: number;
}

/** What reports tell, and how many there were. */
export type RtcpStats = Pick<StreamStats, 'remote' | 'roundTripMs' | 'rtcp'>;

export interface RtcpSessionOptions {
  readonly source: Pick<LocalSource, 'ssrc'>;
  /** What wall time and {@link Clock.now} differ by, ms: the NTP time of reports never jumps with the wall clock. */
  readonly wallOffsetMs: number;
}

/**
 * RTCP of one stream (RFC 3550 section 6): when to report, what to say, and what the peer's reports tell. No sockets, no
 * timers.
 */
export class RtcpSession {
  readonly #source: Pick<LocalSource, 'ssrc'>;
  readonly #wallOffsetMs: number;
  readonly #schedule: RtcpSchedule;
  readonly #cname: string;
  readonly #sentTimes = new Uint32Array(REMEMBERED_REPORTS);
  #reports = 0;
  #packetsSent = 0;
  #packetsReceived = 0;
  /** Rate of the RTP timestamps. */
  #clockHz = 8000;
  #peerReportSsrc = 0;
  #peerReportTime = 0;
  #peerReportAtMs: number | undefined;
  #roundTripMs: number | undefined;
  #lost: number | undefined;
  #jitterMs: number | undefined;
  /** Of the source that the last block was about, and what it counted. */
  #blockRun = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;

  constructor(options: RtcpSessionOptions, random: Random) {
    this.#source = options.source;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.#schedule = new RtcpSchedule(random);
    this.#cname = Buffer.from(random.hex(CNAME_BYTES), 'hex').toString('base64');
  }

  get ssrc(): number {
    return this.#source.ssrc;
  }

  /** When {@link report} is to be called ({@link Clock.now}). */
  get dueMs(): number {
    return this.#schedule.dueMs;
  }

  /** Smoothed, ms; `undefined` before it was measured. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** @param packets RTP packets that we sent */
  stats(packets: number): RtcpStats {
    const roundTripMs = this.#roundTripMs;
    const lost = this.#lost;
    const jitterMs = this.#jitterMs;
    const lossRatio = lost === undefined || packets === 0 ? undefined : lost / packets;
    const delayMs = PACKET_DELAY_MS + (roundTripMs ?? 0) / 2;
    const mos = lossRatio === undefined ? undefined : estimateMos({ lossRatio, jitterMs: jitterMs ?? 0, delayMs });
    return {
      remote: { lost, jitterMs, mos },
      roundTripMs,
      rtcp: { sent: this.#packetsSent, received: this.#packetsReceived },
    };
  }

  /** Parameters were agreed on. The first time starts the schedule. @param clockHz rate of the RTP timestamps */
  begin(clockHz: number, nowMs: number): void {
    this.#clockHz = clockHz;
    this.#schedule.begin(nowMs);
  }

  /** Our SSRC is another from now on: what was reported of the one before tells nothing of it. */
  startOver(): void {
    this.#lost = undefined;
    this.#jitterMs = undefined;
  }

  /** A compound packet of the peer, parsed with our SSRC. */
  receive(summary: RtcpSummary, bytes: number, nowMs: number): void {
    this.#schedule.count(bytes);
    this.#packetsReceived += 1;
    if (summary.senderReports > 0) {
      this.#peerReportSsrc = summary.senderSsrc;
      this.#peerReportTime = summary.senderTime;
      this.#peerReportAtMs = nowMs;
    }
    if (!summary.reported) return;
    this.#lost = Math.max(0, summary.lost);
    this.#jitterMs = (summary.jitter / this.#clockHz) * 1000;
    if (this.#isOurs(summary.lastReport)) this.#measureRoundTrip(summary, nowMs);
  }

  /** {@link dueMs} has come. Returns the packet to send, or `undefined` where it is not time after all. */
  report(sent: SentMedia, sequences: SequenceTracker, nowMs: number): Buffer | undefined {
    const weSent = isSending(sent, nowMs);
    const theySend = sequences.source !== undefined;
    const members = theySend || this.#packetsReceived > 0 ? 2 : 1;
    const senders = (weSent ? 1 : 0) + (theySend ? 1 : 0);
    if (!this.#schedule.expire(nowMs, { members, senders, weSent })) return undefined;
    return this.#write(sent, sequences, nowMs, false);
  }

  /** The last packet; `undefined` from a participant that never sent anything, which says no goodbye (section 6.3.7). */
  bye(sent: SentMedia, sequences: SequenceTracker, nowMs: number): Buffer | undefined {
    if (sent.packets === 0 && this.#packetsSent === 0) return undefined;
    return this.#write(sent, sequences, nowMs, true);
  }

  #write(sent: SentMedia, sequences: SequenceTracker, nowMs: number, bye: boolean): Buffer {
    const { ssrc } = this;
    const sender = isSending(sent, nowMs) ? this.#senderInfo(sent, nowMs) : undefined;
    const packet = writeRtcp({ ssrc, sender, block: this.#block(sequences, nowMs), cname: this.#cname, bye });
    this.#schedule.count(packet.length);
    this.#packetsSent += 1;
    return packet;
  }

  #senderInfo(sent: SentMedia, nowMs: number): SenderInfo {
    const ntp = ntpOf(this.#wallOffsetMs + nowMs);
    this.#sentTimes[this.#reports % REMEMBERED_REPORTS] = middleOfNtp(ntp);
    this.#reports += 1;
    const sinceMs = nowMs - (sent.lastSentMs ?? nowMs);
    return {
      ntpSeconds: ntp.seconds,
      ntpFraction: ntp.fraction,
      rtpTimestamp: sent.lastTimestamp + Math.round((sinceMs * this.#clockHz) / 1000),
      packets: sent.packets,
      octets: sent.payloadBytes,
    };
  }

  /** A block about the source we hear; none where nothing came since the last one (section 6.4). */
  #block(sequences: SequenceTracker, nowMs: number): ReportBlock | undefined {
    const { source } = sequences;
    if (source === undefined) return undefined;
    if (source.run !== this.#blockRun) {
      this.#blockRun = source.run;
      this.#expectedBefore = 0;
      this.#receivedBefore = 0;
    }
    const expected = source.expected - this.#expectedBefore;
    const received = source.received - this.#receivedBefore;
    this.#expectedBefore = source.expected;
    this.#receivedBefore = source.received;
    if (received === 0 && expected === 0) return undefined;
    const lost = Math.max(0, expected - received);
    const reported = this.#peerReportAtMs !== undefined && this.#peerReportSsrc === source.ssrc;
    return {
      ssrc: source.ssrc,
      // Appendix A.3; all of it would be 256, which 8 bits do not hold.
      fractionLost: expected > 0 ? Math.min(255, Math.floor((lost * 256) / expected)) : 0,
      cumulativeLost: source.expected - source.received,
      highestSequence: source.highest,
      jitter: Math.round(source.jitter),
      lastSenderReport: reported ? this.#peerReportTime : 0,
      delaySinceLastSenderReport: reported ? ntpUnits(nowMs - (this.#peerReportAtMs ?? nowMs)) : 0,
    };
  }

  /** A report that refers to none of ours is an old one, or made up. */
  #isOurs(lastReport: number): boolean {
    const known = Math.min(this.#reports, REMEMBERED_REPORTS);
    for (let index = 0; index < known; index += 1) if (this.#sentTimes[index] === lastReport) return true;
    return false;
  }

  /** Section 6.4.1, figure 2. */
  #measureRoundTrip({ lastReport, delaySinceLastReport }: RtcpSummary, nowMs: number): void {
    const now = middleOfNtp(ntpOf(this.#wallOffsetMs + nowMs));
    const measuredMs = msOfNtpUnits((now - lastReport - delaySinceLastReport) | 0);
    if (measuredMs < -ROUND_TRIP_TOLERANCE_MS) return;
    const ms = Math.max(0, measuredMs);
    const before = this.#roundTripMs;
    this.#roundTripMs = before === undefined ? ms : before + (ms - before) * ROUND_TRIP_WEIGHT;
  }
}

function isSending({ lastSentMs }: SentMedia, nowMs: number): boolean {
  return lastSentMs !== undefined && nowMs - lastSentMs < SENDER_TIMEOUT_MS;
}
