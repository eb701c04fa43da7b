import { amplitudeAt } from '../../audio/amplitude.js';
import { decodeAlaw, decodeMulaw } from '../../audio/g711.js';
import { type AudioFormat, bytesPerSample } from '../../flavor-api/index.js';

/** How leading silence is recognised and how much of it goes. */
export interface SilenceTrimOptions {
  /** Peak below which a sample is silence, dBFS. */
  readonly thresholdDb: number;
  /** Silence kept before the first audible sample, ms, so that a soft consonant is not cut. */
  readonly keepMs: number;
  /** No more than this is removed, ms: longer silence is meant. */
  readonly maxTrimMs: number;
}

export const silenceTrimDefaults = {
  thresholdDb: -50,
  keepMs: 15,
  maxTrimMs: 1000,
} as const satisfies SilenceTrimOptions;

/** What is left of one chunk. The object is reused by the next call. */
export interface TrimmedAudio {
  /** To be played now, whole samples as long as whole samples come in; often empty while the silence lasts. */
  audio: Uint8Array;
  /** Removed from the response in total so far, ms (a fraction is possible). Never decreases. */
  trimmedMs: number;
}

/** Removes the silence that a response begins with. One per response. */
export interface LeadingSilenceTrim {
  /** Takes the next chunk, in the format given; once something audible was found, chunks pass through untouched. */
  process(chunk: Uint8Array): TrimmedAudio;
  /** The response is over: gives back what was still held. A response of nothing but silence keeps `keepMs` of it. */
  finish(): TrimmedAudio;
}

const nothing = new Uint8Array(0);

/** Makes a trim for one response whose chunks come in `format`. */
export function createLeadingSilenceTrim(
  format: AudioFormat,
  options: Partial<SilenceTrimOptions> = {},
): LeadingSilenceTrim {
  return new Trim(format, { ...silenceTrimDefaults, ...options });
}

class Trim implements LeadingSilenceTrim {
  readonly #sampleBytes: number;
  readonly #bytesPerMs: number;
  readonly #keepBytes: number;
  readonly #maxTrimBytes: number;
  readonly #threshold: number;
  /** For G.711: how far the sample of each code is from zero. */
  readonly #magnitudes: Int16Array;
  #held = nothing;
  #trimmedBytes = 0;
  #passing = false;
  readonly #result: TrimmedAudio = { audio: nothing, trimmedMs: 0 };

  constructor(format: AudioFormat, options: SilenceTrimOptions) {
    this.#sampleBytes = bytesPerSample(format.encoding);
    this.#bytesPerMs = (format.sampleRate / 1000) * this.#sampleBytes;
    this.#keepBytes = wholeSamplesBytes(format, options.keepMs);
    this.#maxTrimBytes = wholeSamplesBytes(format, options.maxTrimMs);
    this.#threshold = amplitudeAt(options.thresholdDb);
    this.#magnitudes = format.encoding === 'alaw' ? magnitudes.alaw : magnitudes.mulaw;
  }

  process(chunk: Uint8Array): TrimmedAudio {
    if (this.#passing) return this.#give(chunk);
    const audio = this.#held.length === 0 ? chunk : concatenate(this.#held, chunk);
    const audibleAt = this.#findAudible(audio);
    const wanted =
      audibleAt < 0
        ? Math.floor(audio.length / this.#sampleBytes) * this.#sampleBytes - this.#keepBytes
        : audibleAt - this.#keepBytes;
    const allowed = this.#maxTrimBytes - this.#trimmedBytes;
    const dropped = Math.max(0, Math.min(wanted, allowed));
    this.#trimmedBytes += dropped;
    if (audibleAt >= 0 || wanted >= allowed) {
      this.#passing = true;
      this.#held = nothing;
      return this.#give(audio.subarray(dropped));
    }
    this.#held = Uint8Array.from(audio.subarray(dropped));
    return this.#give(nothing);
  }

  finish(): TrimmedAudio {
    const held = this.#held;
    this.#held = nothing;
    this.#passing = true;
    return this.#give(held);
  }

  #give(audio: Uint8Array): TrimmedAudio {
    this.#result.audio = audio;
    this.#result.trimmedMs = this.#trimmedBytes / this.#bytesPerMs;
    return this.#result;
  }

  /** Byte offset of the first audible sample, or -1. */
  #findAudible(audio: Uint8Array): number {
    if (this.#sampleBytes === 1) {
      return audio.findIndex((code) => (this.#magnitudes[code] as number) >= this.#threshold);
    }
    for (let i = 0; i + 1 < audio.length; i += 2) {
      const sample = (((audio[i] as number) | ((audio[i + 1] as number) << 8)) << 16) >> 16;
      if (Math.abs(sample) >= this.#threshold) return i;
    }
    return -1;
  }
}

function wholeSamplesBytes(format: AudioFormat, durationMs: number): number {
  return Math.round((durationMs * format.sampleRate) / 1000) * bytesPerSample(format.encoding);
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

const magnitudes = { mulaw: magnitudesOf(decodeMulaw), alaw: magnitudesOf(decodeAlaw) } as const;

function magnitudesOf(decode: typeof decodeMulaw): Int16Array {
  const linear = new Int16Array(256);
  decode(
    Uint8Array.from(linear, (_, code) => code),
    linear,
  );
  return linear.map(Math.abs);
}
