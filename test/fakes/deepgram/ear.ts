import type { Clock } from '../../../src/base/clock.js';
import { EnergyVad, VAD_FRAME_MS } from '../openai-realtime/energy-vad.js';
import type { SoundRecogniser } from '../openai-realtime/recogniser.js';
import { bytesPerMs, decodeAudio, type FakeAudioFormat } from './audio-format.js';
import type { HeardScript } from './heard-script.js';

/** Silence that parts two stretches of speech, ms. */
const STRETCH_GAP_MS = 200;

/** So much of a sound tells one line from another, and from a murmur, ms. */
const SURE_MS = 800;

/** Kept of what came before an utterance, frames: a soft beginning is no speech yet to a detector of loudness. */
const MAX_FRAMES_BEFORE = 30;

/** Kept of an utterance, to tell what it was, frames. */
const MAX_FRAMES = 3_000;

/** What is being said: times are of the connection's audio, ms. */
export interface Utterance {
  readonly startMs: number;
  lastVoicedMs: number;
  /** Clock time of its receipt. */
  lastVoicedAtMs: number;
  /** Stretches of speech that are over or under way. */
  stretches: number;
}

/** Told of every frame of 10 ms, after the ear has taken it. */
export type OnFrame = (change: 'started' | undefined) => void;

/** Hears callers: finds speech by its loudness, and tells what it was by its sound or by the script. */
export class Ear {
  readonly #format: FakeAudioFormat;
  readonly #clock: Clock;
  readonly #recogniser: SoundRecogniser;
  readonly #script: HeardScript;
  readonly #vad = new EnergyVad({ threshold: 0.5, silenceMs: Number.POSITIVE_INFINITY });
  #rest: Uint8Array = new Uint8Array(0);
  #pcm: Int16Array[] = [];
  #stretchStartMs = 0;
  #wasVoiced = false;
  /** Audio received, ms. */
  nowMs = 0;
  utterance: Utterance | undefined;

  constructor(format: FakeAudioFormat, clock: Clock, recogniser: SoundRecogniser, script: HeardScript) {
    this.#format = format;
    this.#clock = clock;
    this.#recogniser = recogniser;
    this.#script = script;
  }

  /** Silence since the last voiced frame of the utterance, ms; 0 without one. */
  get silentMs(): number {
    return this.utterance === undefined ? 0 : this.nowMs - this.utterance.lastVoicedMs;
  }

  feed(bytes: Uint8Array, onFrame: OnFrame): void {
    const frameBytes = VAD_FRAME_MS * bytesPerMs(this.#format);
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (; at + frameBytes <= all.length; at += frameBytes) {
      onFrame(this.#take(decodeAudio(all.subarray(at, at + frameBytes), this.#format)));
    }
    this.#rest = all.slice(at);
  }

  /** What was said so far, pauses passed over; the parts that are over, and the beginning of the one under way. */
  soFar(): string {
    const { utterance } = this;
    if (utterance === undefined) return '';
    if (!this.#recogniser.empty) {
      // Whoever goes by the sound says nothing until it can be sure: a murmur is not the beginning of a line.
      if (this.nowMs - utterance.startMs < SURE_MS) return '';
      return this.#recogniser.recogniseBeginning(this.#samples(), this.#format.sampleRate);
    }
    const { parts } = this.#script;
    const index = Math.min(utterance.stretches, parts.length) - 1;
    const spokenMs = this.nowMs - this.#stretchStartMs;
    const paused = this.silentMs >= STRETCH_GAP_MS || utterance.stretches > parts.length;
    const current = paused ? (parts[index] ?? '') : this.#script.beginningOf(index, spokenMs);
    return [...parts.slice(0, index), current].join(' ');
  }

  /** All that was said, as far as it was said. */
  whole(): string {
    const { utterance } = this;
    if (utterance === undefined) return '';
    if (!this.#recogniser.empty) {
      const known = this.#recogniser.recognise(this.#samples(), this.#format.sampleRate);
      if (known !== undefined) return known.text;
    }
    return this.#script.parts.slice(0, utterance.stretches).join(' ');
  }

  /** The utterance is over: what follows is another. */
  end(): void {
    this.utterance = undefined;
    this.#pcm = [];
    this.#vad.reset();
    this.#script.advance();
  }

  #take(samples: Int16Array): 'started' | undefined {
    this.nowMs += VAD_FRAME_MS;
    const change = this.#vad.process(samples) === 'started' ? 'started' : undefined;
    if (change === 'started') {
      const startMs = this.nowMs - this.#vad.onsetFramesAgo * VAD_FRAME_MS;
      this.#stretchStartMs = startMs;
      this.utterance = { startMs, lastVoicedMs: this.nowMs, lastVoicedAtMs: this.#clock.now(), stretches: 1 };
    }
    const { utterance } = this;
    // A little from before the onset belongs to the sound; of what is endless, the beginning is enough.
    if (!this.#recogniser.empty && this.#pcm.length < MAX_FRAMES) this.#pcm.push(samples);
    if (utterance === undefined) {
      if (this.#pcm.length > MAX_FRAMES_BEFORE) this.#pcm.shift();
      return change;
    }
    if (this.#vad.voiced) {
      if (!this.#wasVoiced && this.nowMs - utterance.lastVoicedMs >= STRETCH_GAP_MS) {
        utterance.stretches += 1;
        this.#stretchStartMs = this.nowMs;
      }
      utterance.lastVoicedMs = this.nowMs;
      utterance.lastVoicedAtMs = this.#clock.now();
    }
    this.#wasVoiced = this.#vad.voiced;
    return change;
  }

  #samples(): Int16Array {
    const joined = new Int16Array(this.#pcm.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#pcm) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }
}
