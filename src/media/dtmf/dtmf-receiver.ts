import { DTMF_DIGITS, EVENT_UNITS_PER_MS, MAX_SEGMENT_UNITS, TELEPHONE_EVENT_BYTES } from './telephone-event.js';

/** Figures of the receiver. */
export const dtmfReceiverDefaults = {
  /** A key press whose updates stop for this long without an end packet has ended, ms. Senders update every 20 to 60. */
  lostEndMs: 200,
  /** For this long an older timestamp means a packet that came late, ms; afterwards a clock that was set anew. */
  lateMs: 5000,
} as const;

/**
 * Reports each key press once, at its end, whatever packets of it are lost, repeated or late (RFC 4733 section 2.5.2).
 * A press is known by its timestamp. Where all end packets are lost, the next press or {@link tick} ends it. Segments
 * of a long press, and updates of senders that move the timestamp along, are one press.
 */
export class DtmfReceiver {
  /** Of durations. */
  #unitsPerMs: number = EVENT_UNITS_PER_MS;
  /** Timestamps run as much faster than durations, at most: some senders stamp events by the clock of their audio. */
  #stampsPerUnit = 1;
  readonly #onDigit: (digit: string, durationMs: number) => void;
  #known = false;
  #pressed = false;
  #event = 0;
  /** Timestamp of the current segment, 32 bits signed. */
  #segment = 0;
  /** Longest duration seen in the current segment, and what lies before that segment. */
  #duration = 0;
  #durationBefore = 0;
  #lastMs = 0;

  constructor(onDigit: (digit: string, durationMs: number) => void) {
    this.#onDigit = onDigit;
  }

  /** @param eventTicksPerMs of durations @param audioTicksPerMs of the audio in the same stream */
  useClocks(eventTicksPerMs: number, audioTicksPerMs: number): void {
    this.#unitsPerMs = eventTicksPerMs;
    this.#stampsPerUnit = Math.max(1, audioTicksPerMs / eventTicksPerMs);
  }

  /** Takes the payload of one event packet. Returns false when it is no such payload. */
  receive(bytes: Uint8Array, offset: number, length: number, timestamp: number, nowMs: number): boolean {
    if (length < TELEPHONE_EVENT_BYTES) return false;
    const event = bytes[offset] as number;
    const ended = ((bytes[offset + 1] as number) & 0x80) !== 0;
    const duration = ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number);
    // Flash, fax and modem events are well-formed and none of our business.
    if (event >= DTMF_DIGITS.length) return true;
    const start = timestamp | 0;
    const ahead = (start - this.#segment) | 0;
    const fresh = !this.#known || nowMs - this.#lastMs > dtmfReceiverDefaults.lateMs;
    const lateStamps = dtmfReceiverDefaults.lateMs * this.#unitsPerMs * this.#stampsPerUnit;
    if (!fresh && ahead < 0 && -ahead <= lateStamps) return true;
    if (!fresh && ended && this.#isEndAgain(event, ahead)) {
      this.#segment = start;
      this.#lastMs = nowMs;
      return true;
    }
    if (fresh || ahead !== 0) {
      const between = fresh ? undefined : this.#unitsBetween(event, ahead);
      if (between !== undefined) {
        this.#durationBefore += between;
      } else {
        if (this.#pressed) this.#report();
        this.#known = true;
        this.#pressed = true;
        this.#event = event;
        this.#durationBefore = 0;
      }
      this.#segment = start;
      this.#duration = 0;
    }
    this.#lastMs = nowMs;
    if (duration > this.#duration) this.#duration = duration;
    if (ended && this.#pressed) this.#report();
    return true;
  }

  /** To be called now and then: ends a press whose end packets were all lost. False: no key is held. */
  tick(nowMs: number): boolean {
    if (this.#pressed && nowMs - this.#lastMs >= dtmfReceiverDefaults.lostEndMs) this.#report();
    return this.#pressed;
  }

  /** A new source: its timestamps have nothing to do with the old ones. An unfinished press is reported. */
  reset(): void {
    if (this.#pressed) this.#report();
    this.#known = false;
  }

  /** The end of a press that was reported, of a sender who moves its timestamp along: another press begins behind this one. */
  #isEndAgain(event: number, ahead: number): boolean {
    return !this.#pressed && event === this.#event && ahead > 0 && ahead <= this.#duration;
  }

  /**
   * Where a later timestamp belongs to the key still held, since nothing lies between it and what was heard of it: how
   * long the segment before was.
   */
  #unitsBetween(event: number, ahead: number): number | undefined {
    if (!this.#pressed || event !== this.#event || ahead < 0) return undefined;
    if (ahead <= this.#duration || ahead === MAX_SEGMENT_UNITS) return ahead;
    const units = ahead / this.#stampsPerUnit;
    return units === this.#duration || units === MAX_SEGMENT_UNITS ? units : undefined;
  }

  #report(): void {
    this.#pressed = false;
    this.#onDigit(
      DTMF_DIGITS.charAt(this.#event),
      Math.round((this.#durationBefore + this.#duration) / this.#unitsPerMs),
    );
  }
}
