import { EnergyGate } from '../../../audio/energy-gate.js';
import { readSamples } from '../../../audio/linear-samples.js';
import { createResampler, type Resampler } from '../../../audio/resampler.js';
import { Int16Views } from '../../../audio/views.js';
import { type AudioFormat, type AudioFrame, bytesPerMs } from '../../../flavor-api/index.js';
import { Segmenter, type SegmenterOptions } from './segmenter.js';

/** What the recognisers are written for, the phone's own first; they hear 16 kHz, which is made here. */
export const whisperFormats: readonly AudioFormat[] = [
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 16_000 },
  { encoding: 'pcm16', sampleRate: 24_000 },
];

export interface CallerEarOptions extends SegmenterOptions {
  readonly format: AudioFormat;
  /** Of the audio that is handed on, Hz. */
  readonly sampleRate: number;
  readonly minLevelDb: number;
}

/** Told what the caller does, in order; `audio` between `begin` and `end` only. */
export interface CallerEarListener {
  /** Somebody talks, since `positionMs` on the clock of `AudioFrame.positionMs`. */
  begin(positionMs: number): void;
  /** Of the segment; borrowed. Comes before the event that it brought about. */
  audio(samples: Int16Array): void;
  pause(): void;
  resume(): void;
  end(): void;
  /** The segment goes on as another: audio before `atMs` of it belongs to the first. `clean`: nobody speaks there. */
  cut(atMs: number, clean: boolean): void;
}

/** Kept of what was before the first voice, ms: the beginning of a word is quiet. */
const LEAD_MS = 300;

/** Cuts a caller's frames into segments of speech. Hot path: outside of segments nothing is resampled or allocated. */
export class CallerEar {
  readonly #format: AudioFormat;
  readonly #bytesPerMs: number;
  readonly #gate: EnergyGate;
  readonly #segmenter: Segmenter;
  readonly #resampler: Resampler;
  readonly #listener: CallerEarListener;
  readonly #views = new Int16Views();
  readonly #lead: Int16Array;
  #leadAt = 0;
  #leadLength = 0;
  /** Audio of the segment that the segmenter has not counted, ms. */
  #beforeMs = 0;

  /** @throws RangeError for rates that cannot be resampled */
  constructor({ format, sampleRate, minLevelDb, ...segments }: CallerEarOptions, listener: CallerEarListener) {
    this.#format = format;
    this.#bytesPerMs = bytesPerMs(format);
    this.#gate = new EnergyGate({ minLevelDb });
    this.#segmenter = new Segmenter(segments);
    this.#resampler = createResampler(format.sampleRate, sampleRate);
    this.#listener = listener;
    this.#lead = new Int16Array((LEAD_MS * format.sampleRate) / 1_000);
  }

  /** A segment is under way. */
  get open(): boolean {
    return this.#segmenter.open;
  }

  get paused(): boolean {
    return this.#segmenter.paused;
  }

  /** Voice in the segment under way, ms. */
  get voicedMs(): number {
    return this.#segmenter.voicedMs;
  }

  write(frame: AudioFrame): void {
    const samples = this.#decode(frame.data);
    const durationMs = frame.data.length / this.#bytesPerMs;
    const voiced = this.#gate.process(samples, durationMs) && !frame.concealed;
    const wasOpen = this.#segmenter.open;
    const step = this.#segmenter.push(voiced, durationMs, this.#gate.levelDb);
    if (wasOpen) this.#listener.audio(this.#resampler.process(samples));
    else this.#keep(samples);
    switch (step.type) {
      case 'begin': {
        const lead = this.#takeLead();
        const leadMs = (lead.length * 1_000) / this.#format.sampleRate;
        this.#beforeMs = leadMs - durationMs;
        this.#listener.begin(frame.positionMs - this.#beforeMs);
        this.#resampler.reset();
        this.#listener.audio(this.#resampler.process(lead));
        return;
      }
      case 'cut':
        this.#listener.cut(step.atMs + this.#beforeMs, step.clean);
        this.#beforeMs = 0;
        return;
      case 'none':
        return;
      default:
        this.#listener[step.type]();
    }
  }

  /** Ends the segment under way without a word. */
  end(): void {
    this.#segmenter.end();
  }

  #decode(data: Uint8Array): Int16Array {
    const { encoding } = this.#format;
    const samples = this.#views.take(encoding === 'pcm16' ? data.length >> 1 : data.length);
    readSamples(data, encoding, samples);
    return samples;
  }

  #keep(samples: Int16Array): void {
    const size = this.#lead.length;
    for (let i = Math.max(0, samples.length - size); i < samples.length; i += 1) {
      this.#lead[this.#leadAt] = samples[i] as number;
      this.#leadAt = this.#leadAt + 1 === size ? 0 : this.#leadAt + 1;
    }
    this.#leadLength = Math.min(size, this.#leadLength + samples.length);
  }

  /** What was kept, oldest first. */
  #takeLead(): Int16Array {
    const size = this.#lead.length;
    const lead = new Int16Array(this.#leadLength);
    for (let i = 0; i < lead.length; i += 1) lead[i] = this.#lead[(this.#leadAt - lead.length + i + size) % size] ?? 0;
    this.#leadLength = 0;
    return lead;
  }
}
