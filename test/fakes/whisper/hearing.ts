import { createHash } from 'node:crypto';
import { parseWav } from '../../../src/audio/wav-parse.js';
import { EnergyVad, VAD_FRAME_MS } from '../openai-realtime/energy-vad.js';
import type { Recogniser } from '../openai-realtime/recogniser.js';

/** A caller speaks about so fast, ms a letter. */
const LETTER_MS = 60;
/** Silence at the end of a recording that shows that its line is over, ms. */
const OVER_MS = 120;
/** Recordings of one stretch of speech begin with the same samples, so many ms of them. */
const BEGINNING_MS = 350;
/** So much of a sound tells one line from another, ms. */
const SURE_MS = 700;

/** What was heard in a recording. */
export interface Heard {
  readonly text: string;
  readonly durationMs: number;
  readonly voicedMs: number;
}

/** Understands recordings: by their sound, or by a script, a line for each stretch of speech. */
export class Hearing {
  readonly #recogniser: Recogniser;
  readonly #lines: readonly string[];
  readonly #known = new Map<string, string>();

  constructor(recogniser: Recogniser, lines: readonly string[]) {
    this.#recogniser = recogniser;
    this.#lines = lines;
  }

  /** @throws for a file that is no WAV: it would be the client's fault */
  hear(wav: Uint8Array): Heard {
    const { samples, sampleRate } = parseWav(wav, 'recording');
    const durationMs = (samples.length * 1_000) / sampleRate;
    const { voicedMs, silentMs } = voiceIn(samples, sampleRate);
    if (voicedMs === 0) return { text: '', durationMs, voicedMs };
    const text = this.#recogniser.empty
      ? this.#byScript(samples, sampleRate, durationMs, silentMs)
      : this.#bySound(samples, sampleRate, durationMs);
    return { text, durationMs, voicedMs };
  }

  #bySound(samples: Int16Array, sampleRate: number, durationMs: number): string {
    const whole = this.#recogniser.recognise(samples, sampleRate)?.text;
    if (whole !== undefined) return whole;
    return durationMs < SURE_MS ? '' : this.#recogniser.recogniseBeginning(samples, sampleRate);
  }

  #byScript(samples: Int16Array, sampleRate: number, durationMs: number, silentMs: number): string {
    const beginning = samples.subarray(0, (BEGINNING_MS * sampleRate) / 1_000);
    const id = createHash('sha1').update(Buffer.from(beginning.slice().buffer)).digest('hex');
    const line = this.#known.get(id) ?? this.#lines[Math.min(this.#known.size, this.#lines.length - 1)] ?? '';
    this.#known.set(id, line);
    if (silentMs >= OVER_MS) return line;
    let letters = 0;
    const words = line.split(' ').filter((word) => {
      letters += word.length + 1;
      return letters * LETTER_MS <= durationMs;
    });
    return words.join(' ');
  }
}

/** Voice in a recording, and silence at its end, ms. */
function voiceIn(samples: Int16Array, sampleRate: number): { readonly voicedMs: number; readonly silentMs: number } {
  const vad = new EnergyVad({ threshold: 0.3, silenceMs: Number.POSITIVE_INFINITY });
  const size = (VAD_FRAME_MS * sampleRate) / 1_000;
  let voicedMs = 0;
  let silentMs = 0;
  for (let at = 0; at + size <= samples.length; at += size) {
    vad.process(samples.subarray(at, at + size));
    if (vad.voiced) {
      voicedMs += VAD_FRAME_MS;
      silentMs = 0;
    } else silentMs += VAD_FRAME_MS;
  }
  return { voicedMs, silentMs };
}
