import type { TimerHandle } from '../../../src/base/clock.js';
import { bytesPerMs, type FakeAudioFormat } from './audio-format.js';
import type { Connection } from './connection.js';
import type { FakeDeepgramOptions } from './options.js';
import type { SpeechRecord, Timeline } from './timeline.js';
import type { WireTexts } from './wire-texts.js';

/** Audio goes out in messages of about this length, ms. */
const MESSAGE_MS = 60;
const FLOOD_MS = 600_000;
/** Multiples of it, without their whole part, are spread evenly however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

export interface SpeakerParts {
  readonly connection: Connection;
  readonly texts: WireTexts;
  readonly options: FakeDeepgramOptions;
  readonly timeline: Timeline;
}

type Job = { readonly text: string; readonly record: SpeechRecord } | { readonly after: () => void };

/** Speaks texts one after the other, in the order in which they were given, faster than they play. */
export class Speaker {
  readonly #parts: SpeakerParts;
  #jobs: Job[] = [];
  #running: SpeechRecord | undefined;
  #busy = false;
  #timer: TimerHandle | undefined;
  #format: FakeAudioFormat = { encoding: 'linear16', sampleRate: 24_000 };
  #extraDelayMs = 0;
  /** Counts what was broken off: what was being made for it comes to nothing. */
  #generation = 0;

  constructor(parts: SpeakerParts) {
    this.#parts = parts;
  }

  get busy(): boolean {
    return this.#busy || this.#jobs.length > 0;
  }

  say(text: string, format: FakeAudioFormat, extraDelayMs = 0): void {
    const { connection, options, timeline } = this.#parts;
    const record: SpeechRecord = {
      number: timeline.speeches.length,
      service: connection.service,
      connection: connection.record.id,
      text,
      askedAtMs: options.clock.now(),
      cancelled: false,
      audioMs: 0,
    };
    timeline.speeches.push(record);
    this.#jobs.push({ text, record });
    this.#format = format;
    this.#extraDelayMs = extraDelayMs;
    void this.#run();
  }

  /** Calls back when all that was given before has been sent. */
  afterwards(after: () => void): void {
    this.#jobs.push({ after });
    void this.#run();
  }

  /** Breaks off; nothing of what was given is sent or called any more. */
  stop(): void {
    this.#generation += 1;
    this.#parts.connection.cancel(this.#timer);
    if (this.#running !== undefined) this.#running.cancelled = true;
    for (const job of this.#jobs) if ('record' in job) job.record.cancelled = true;
    this.#running = undefined;
    this.#jobs = [];
    this.#busy = false;
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    const job = this.#jobs.shift();
    if (job === undefined) return;
    if ('after' in job) {
      job.after();
      void this.#run();
      return;
    }
    this.#busy = true;
    this.#running = job.record;
    const generation = this.#generation;
    const { connection, texts, options } = this.#parts;
    const { clock, delays } = options;
    const bytes = await this.#bytesOf(texts, job.text).catch(() => undefined);
    if (generation !== this.#generation) return;
    if (bytes === undefined) {
      connection.close(1011, 'NET-0000: no speech could be made of it');
      return;
    }
    const spreadMs = (delays.speechSpreadMs ?? 0) * ((job.record.number * GOLDEN) % 1);
    const dueMs =
      job.record.askedAtMs + delays.speechMs + spreadMs + this.#extraDelayMs + connection.delayOf('slow-audio');
    this.#timer = connection.later(Math.max(0, dueMs - clock.now()), () => this.#send(bytes, 0, job.record));
  }

  async #bytesOf(texts: WireTexts, text: string): Promise<Uint8Array> {
    const { connection } = this.#parts;
    const format = this.#format;
    const speech = await texts.encoded(text, format);
    if (!connection.has('audio-flood')) return speech;
    const flood = new Uint8Array(FLOOD_MS * bytesPerMs(format));
    for (let at = 0; at < flood.length; at += speech.length) flood.set(speech.subarray(0, flood.length - at), at);
    return flood;
  }

  #send(bytes: Uint8Array, at: number, record: SpeechRecord): void {
    const { connection, options } = this.#parts;
    const perMs = bytesPerMs(this.#format);
    const size = connection.has('odd-chunks') ? MESSAGE_MS * perMs + 1 : MESSAGE_MS * perMs;
    record.firstAudioAtMs ??= options.clock.now();
    let next = at;
    do {
      const chunk = bytes.subarray(next, next + size);
      connection.sendAudio(chunk);
      next += chunk.length;
      record.audioMs = next / perMs;
      if (next <= size) connection.speaking();
    } while (next < bytes.length && options.audioRate === Number.POSITIVE_INFINITY);
    if (next < bytes.length) {
      this.#timer = connection.later(MESSAGE_MS / options.audioRate, () => this.#send(bytes, next, record));
      return;
    }
    record.doneAtMs = options.clock.now();
    this.#running = undefined;
    this.#busy = false;
    void this.#run();
  }
}
