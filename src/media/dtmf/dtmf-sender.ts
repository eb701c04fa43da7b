import { DTMF_DIGITS, EVENT_UNITS_PER_MS, MAX_SEGMENT_UNITS } from './telephone-event.js';

export interface DtmfTiming {
  readonly durationMs: number;
  /** From the end of one digit to the beginning of the next. */
  readonly gapMs: number;
}

export const dtmfTimingDefaults = {
  durationMs: 120,
  gapMs: 80,
} as const satisfies DtmfTiming;

/** RFC 4733 section 2.5.1.2 and Q.24: what any receiver must recognise. */
const MIN_DURATION_MS = 40;
const MIN_GAP_MS = 40;
/** The end is sent three times (RFC 4733 section 2.5.1.4). */
const END_PACKETS = 3;
/** -10 dBm0, what phones send. */
const VOLUME = 10;

/** Keys that may wait: most of a minute of them, more than any menu asks for. */
export const MAX_WAITING_DIGITS = 256;

/** What goes out in a slot: `begin` is the first packet of an event, `gap` silence between digits. */
export type DtmfStep = 'begin' | 'continue' | 'gap';

interface Press {
  readonly event: number;
  readonly durationUnits: number;
  readonly gapUnits: number;
  /** Called when the last packet of the digit has been written. */
  readonly onSent: (() => void) | undefined;
}

/**
 * Writes key presses as RFC 4733 event packets, one a slot: updates of growing duration under the timestamp of the
 * first, the end three times, then a gap. Pure: the caller sends, and gives the timestamp of `begin` to all packets up
 * to the next `begin`.
 */
export class DtmfSender {
  /** Of the clock of events, which is the audio's. */
  unitsPerMs: number = EVENT_UNITS_PER_MS;
  /** Whether the next slot belongs to the sender. To be read from outside only. */
  active = false;
  readonly #presses: Press[] = [];
  #elapsed = 0;
  #endsSent = 0;
  #gapLeft = 0;

  /**
   * Queues digits; characters other than `0-9*#A-D` are passed over, and all of them where more
   * than `MAX_WAITING_DIGITS` would wait.
   * @param onSent called once, when the last of them has been written (at once when there is none)
   */
  queue(digits: string, timing: Partial<DtmfTiming>, onSent: () => void): void {
    const { durationMs, gapMs } = { ...dtmfTimingDefaults, ...timing };
    const events = Array.from(digits.toUpperCase(), (digit) => DTMF_DIGITS.indexOf(digit)).filter(
      (event) => event >= 0,
    );
    if (events.length === 0 || this.#presses.length + events.length > MAX_WAITING_DIGITS) {
      onSent();
      return;
    }
    const durationUnits = Math.min(Math.max(durationMs, MIN_DURATION_MS) * this.unitsPerMs, MAX_SEGMENT_UNITS);
    const gapUnits = Math.max(gapMs, MIN_GAP_MS) * this.unitsPerMs;
    events.forEach((event, index) => {
      const last = index === events.length - 1;
      this.#presses.push({ event, durationUnits, gapUnits, onSent: last ? onSent : undefined });
    });
    this.active = true;
  }

  /** There is no way to send them any more: whoever waits for one is told, as of those that were sent. */
  giveUp(): void {
    const waiting = this.#presses.splice(0);
    this.#elapsed = 0;
    this.#endsSent = 0;
    this.#gapLeft = 0;
    this.active = false;
    for (const { onSent } of waiting) onSent?.();
  }

  /**
   * Moves on by one slot of `slotUnits` samples.
   * @param payload receives the four bytes of an event packet, unless `gap` is returned
   */
  step(slotUnits: number, payload: Uint8Array): DtmfStep {
    const press = this.#presses[0];
    if (this.#gapLeft > 0 || press === undefined) {
      this.#gapLeft = Math.max(0, this.#gapLeft - slotUnits);
      this.active = this.#isActive();
      return 'gap';
    }
    const first = this.#elapsed === 0;
    this.#elapsed = Math.min(this.#elapsed + slotUnits, press.durationUnits);
    const ended = this.#elapsed === press.durationUnits;
    payload[0] = press.event;
    payload[1] = (ended ? 0x80 : 0) | VOLUME;
    payload[2] = this.#elapsed >> 8;
    payload[3] = this.#elapsed;
    if (ended) this.#countEnd(press, slotUnits);
    return first ? 'begin' : 'continue';
  }

  #isActive(): boolean {
    return this.#presses.length > 0 || this.#gapLeft > 0;
  }

  #countEnd(press: Press, slotUnits: number): void {
    this.#endsSent += 1;
    if (this.#endsSent < END_PACKETS) return;
    this.#presses.shift();
    this.#elapsed = 0;
    this.#endsSent = 0;
    // The repeated end packets already took their slots out of the gap.
    this.#gapLeft = Math.max(slotUnits, press.gapUnits - (END_PACKETS - 1) * slotUnits);
    press.onSent?.();
  }
}
