import type { Clock } from '../../../src/base/clock.js';
import type { Random } from '../../../src/base/random.js';
import type { StreamTap } from '../../../src/media/engine.js';
import { PhoneCall } from '../../../src/phone/phone-call.js';
import type { PhoneParts } from '../../../src/phone/phone-parts.js';
import type { LegEnd } from '../../../src/signaling/port.js';
import { isAudible } from '../../support/audible.js';
import { toMachineTime } from './monotonic.js';

/** Peak from which a packet counts as voiced, dBFS: as the connector counts its own. */
const AUDIBLE_DB = -50;
const PACKET_SAMPLES = 160;
const PACKET_MS = 20;

export interface CallerOptions {
  readonly port: number;
  readonly number: string;
  /** User part of From. */
  readonly from: string;
  /** Keeps what was heard, for looking into it; 16 KB a second. */
  readonly keepAudio?: boolean;
}

export interface CallerDeps {
  readonly parts: PhoneParts;
  readonly clock: Clock;
  readonly random: Random;
}

/** When something was said, at the caller's socket, on the machine's clock. */
export interface Said {
  readonly firstVoicedMs: number;
  readonly lastVoicedMs: number;
}

/** A stretch in which the agent was audible, at the caller's socket. `endMs`: the end of its last audible packet. */
export interface HeardStretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** Silence that ends a stretch: longer than any pause inside a word, ms. */
const STRETCH_GAP_MS = 300;

/**
 * A person on the phone: the connector's own test phone with a tape that keeps, packet by packet, what passed its socket
 * and when. All times are of the machine's clock.
 */
export class Caller {
  readonly #call: PhoneCall;
  readonly #options: CallerOptions;
  readonly #heard: Int16Array[] = [];
  readonly #arrivals: number[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #stretches: { startMs: number; endMs: number }[] = [];
  #answeredMs: number | undefined;
  #endedMs: number | undefined;
  #end: LegEnd | undefined;
  #saying: { firstVoicedMs: number; lastVoicedMs: number } | undefined;
  #lastPacketMs = 0;

  constructor(options: CallerOptions, { parts, clock, random }: CallerDeps) {
    this.#options = options;
    this.#call = new PhoneCall(
      {
        uri: `sip:${options.number}@127.0.0.1:${options.port}`,
        fromUser: options.from,
        codecs: ['pcmu'],
        tap: this.#tape(),
        onEvent: (event) => {
          if (event.type === 'answered') this.#answeredMs = toMachineTime(event.atMs);
          if (event.type === 'ended') {
            this.#endedMs = toMachineTime(event.atMs);
            this.#end = event.end;
          }
          this.#look();
        },
      },
      { ...parts, clock, random },
    );
  }

  /** User part of From. */
  get from(): string {
    return this.#options.from;
  }

  /** Dials. True once it is answered, false when it never will be. */
  async dial(): Promise<boolean> {
    await this.#call.dial();
    return await this.#call.answered;
  }

  /** When the 200 was here and its ACK had left. */
  get answeredMs(): number | undefined {
    return this.#answeredMs;
  }

  /** When the call was over: the connector's BYE came, or ours left. */
  get endedMs(): number | undefined {
    return this.#endedMs;
  }

  get end(): LegEnd | undefined {
    return this.#end;
  }

  get ended(): Promise<LegEnd> {
    return this.#call.ended;
  }

  /** What was heard since the first packet, one packet after the other: 8000 Hz. */
  heard(): Int16Array {
    const all = new Int16Array(this.#heard.length * PACKET_SAMPLES);
    for (const [index, samples] of this.#heard.entries()) all.set(samples, index * PACKET_SAMPLES);
    return all;
  }

  /** When the packet came that holds this sample of {@link heard}; `undefined` beyond the last. */
  arrivalOf(sample: number): number | undefined {
    return this.#arrivals[Math.floor(sample / PACKET_SAMPLES)];
  }

  /** When the agent was audible. */
  get stretches(): readonly HeardStretch[] {
    return this.#stretches;
  }

  /** The agent's first audible packet that came after `sinceMs`; `undefined` while there is none. */
  firstHeardAfter(sinceMs: number): number | undefined {
    for (const { startMs, endMs } of this.#stretches) {
      if (startMs > sinceMs) return startMs;
      if (endMs > sinceMs + PACKET_MS) return sinceMs;
    }
    return undefined;
  }

  /**
   * Says something, padded to whole packets at its *front*: so the last voiced sample is the last of a packet. Resolves when
   * the last packet has left, or the call is over.
   */
  async say(samples: Int16Array): Promise<Said> {
    const saying = { firstVoicedMs: Number.NaN, lastVoicedMs: Number.NaN };
    this.#saying = saying;
    await this.#call.say(atPacketEnd(samples));
    return saying;
  }

  async press(digits: string): Promise<boolean> {
    return await this.#call.press(digits);
  }

  hangUp(): void {
    this.#call.hangUp();
  }

  /** Resolves with true when the agent is heard after `sinceMs`, with false after `limitMs` or when the call is over. */
  async untilHeard(sinceMs: number, limitMs: number): Promise<boolean> {
    return await this.until(() => this.firstHeardAfter(sinceMs) !== undefined, limitMs);
  }

  /** Resolves with true when nothing has been heard for `quietMs`, with false after `limitMs` or when the call is over. */
  async untilQuiet(quietMs: number, limitMs: number): Promise<boolean> {
    return await this.until(() => this.#lastPacketMs - (this.#stretches.at(-1)?.endMs ?? 0) >= quietMs, limitMs);
  }

  /** Resolves with true when `condition` holds at a packet; with false after `limitMs`, or when the call is over. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    if (condition()) return true;
    return await new Promise<boolean>((resolve) => {
      const finish = (met: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(met);
      };
      const look = (): void => {
        if (condition()) finish(true);
        else if (this.#endedMs !== undefined) finish(false);
      };
      const timer = setTimeout(() => finish(false), limitMs);
      this.#waiting.add(look);
      look();
    });
  }

  #tape(): StreamTap {
    return {
      // Seen from the phone: what comes in is the agent, what goes out is the person.
      caller: (samples, atMs) => this.#onHeard(samples, toMachineTime(atMs)),
      agent: (samples, atMs) => {
        const saying = this.#saying;
        if (!saying || !isAudible(samples, AUDIBLE_DB)) return;
        const sentMs = toMachineTime(atMs);
        if (Number.isNaN(saying.firstVoicedMs)) saying.firstVoicedMs = sentMs;
        saying.lastVoicedMs = sentMs;
      },
    };
  }

  #onHeard(samples: Int16Array, atMs: number): void {
    this.#lastPacketMs = atMs;
    if (this.#options.keepAudio) {
      this.#heard.push(samples.slice());
      this.#arrivals.push(atMs);
    }
    if (isAudible(samples, AUDIBLE_DB)) {
      const latest = this.#stretches.at(-1);
      if (latest && atMs - latest.endMs < STRETCH_GAP_MS) latest.endMs = atMs + PACKET_MS;
      else this.#stretches.push({ startMs: atMs, endMs: atMs + PACKET_MS });
    }
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}

function atPacketEnd(samples: Int16Array): Int16Array {
  const padded = new Int16Array(Math.ceil(samples.length / PACKET_SAMPLES) * PACKET_SAMPLES);
  padded.set(samples, padded.length - samples.length);
  return padded;
}
