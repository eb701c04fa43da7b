/** Length of the frames that are judged, ms. */
export const VAD_FRAME_MS = 10;

export interface EnergyVadOptions {
  /** Activation threshold of the API, 0 to 1: the higher, the louder speech must be. */
  readonly threshold: number;
  /** Silence after which speech is over, ms. */
  readonly silenceMs: number;
}

/** What a frame brought about. */
export type VoiceChange = 'started' | 'stopped' | undefined;

/** Level in dBFS that a threshold stands for: -55 at 0, -40 at 0.5, -25 at 1. */
const LOWEST_DB = -55;
const RANGE_DB = 30;
/** Speech goes on below the level that starts it, dB. */
const SUSTAIN_DB = 6;
/** Speech stands so far above the noise around it, dB. */
const ABOVE_NOISE_DB = 8;
/** Frames over which the quietest counts as noise: long enough that speech has a pause in it. */
const NOISE_WINDOW_FRAMES = 400;
/** So many loud frames of the last six begin speech: a click does not. */
const START_FRAMES = 4;
const START_WINDOW_MASK = 0x3f;

/**
 * Tells speech from silence by loudness alone, as the simplest server VAD would. It lives on the clock of the audio: a
 * client that stops sending stops it.
 */
export class EnergyVad {
  #options: EnergyVadOptions;
  #speaking = false;
  #loudBits = 0;
  #silentFrames = 0;
  #noiseFrames = 0;
  #quietestDb = Number.POSITIVE_INFINITY;
  #noiseDb = -120;
  /** Whether the last frame was part of somebody's voice. */
  voiced = false;

  constructor(options: EnergyVadOptions) {
    this.#options = options;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** Frames since the first of those that began the current stretch of speech, when `process` just said `started`. */
  get onsetFramesAgo(): number {
    return 32 - Math.clz32(this.#loudBits & START_WINDOW_MASK);
  }

  /** New settings from the next frame on; what is under way goes on. */
  set options(options: EnergyVadOptions) {
    this.#options = options;
  }

  /** Takes the samples of 10 ms. */
  process(samples: Int16Array): VoiceChange {
    const levelDb = levelOf(samples);
    this.#learnNoise(levelDb);
    const startDb = Math.max(LOWEST_DB + RANGE_DB * this.#options.threshold, this.#noiseDb + ABOVE_NOISE_DB);
    this.#loudBits = (this.#loudBits << 1) | (levelDb >= startDb ? 1 : 0);
    this.voiced = levelDb >= (this.#speaking ? startDb - SUSTAIN_DB : startDb);
    if (!this.#speaking) return this.#maybeStart();
    this.#silentFrames = this.voiced ? 0 : this.#silentFrames + 1;
    if (this.#silentFrames * VAD_FRAME_MS < this.#options.silenceMs) return undefined;
    this.#speaking = false;
    this.#loudBits = 0;
    return 'stopped';
  }

  /** Forgets speech that is under way; the noise stays known. */
  reset(): void {
    this.#speaking = false;
    this.#loudBits = 0;
    this.#silentFrames = 0;
  }

  #maybeStart(): VoiceChange {
    if (bitCount(this.#loudBits & START_WINDOW_MASK) < START_FRAMES) return undefined;
    this.#speaking = true;
    this.#silentFrames = 0;
    return 'started';
  }

  #learnNoise(levelDb: number): void {
    this.#quietestDb = Math.min(this.#quietestDb, levelDb);
    this.#noiseFrames += 1;
    if (this.#noiseFrames < NOISE_WINDOW_FRAMES) return;
    this.#noiseDb = this.#quietestDb;
    this.#quietestDb = Number.POSITIVE_INFINITY;
    this.#noiseFrames = 0;
  }
}

/** dBFS of the samples' root mean square. */
function levelOf(samples: Int16Array): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return 10 * Math.log10(energy / Math.max(1, samples.length) / 32_768 ** 2 + 1e-12);
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
