import { PowerSpectrum, SPECTRUM_SAMPLES } from '../../audio/power-spectrum.js';
import { AmbientNoise, type Loudness } from './ambient-noise.js';
import { Periodicity } from './periodicity.js';
import { SoundDuration } from './sound-duration.js';
import { CERTAIN_PERIODICITY, Stirring } from './stirring.js';
import { ToneCheck } from './tone-check.js';

/** Times and thresholds of the voice detector. */
export interface VoiceDetectorOptions {
  /**
   * What must gather within `startWindowMs` before speech is said to have started: so much voiced time (20 ms less after
   * a long consonant), and sound for longer than that. A shorter sound never starts speech. ms.
   */
  readonly startMs: number;
  /** ms, at most 600. */
  readonly startWindowMs: number;
  /** Time without a voiced frame after which speech is said to have stopped, ms. */
  readonly stopMs: number;
  /** Quieter frames never start speech, dBFS (RMS of 300 to 3400 Hz). Speech may go on 5 dB below. */
  readonly minLevelDb: number;
  /** How far a frame must stand above the level of the surroundings to start speech, dB. Speech goes on at half of it. */
  readonly aboveNoiseDb: number;
  /** Normalised autocorrelation at the pitch period from which a frame counts as voiced, 0 to 1. */
  readonly minPeriodicity: number;
}

export const voiceDetectorDefaults = {
  startMs: 60,
  startWindowMs: 140,
  stopMs: 500,
  minLevelDb: -55,
  aboveNoiseDb: 4,
  minPeriodicity: 0.55,
} as const satisfies VoiceDetectorOptions;

/** Tells a caller's speech from silence, noise and tones, 20 ms at a time. */
export interface VoiceDetector {
  /**
   * Takes the next frame: exactly 160 samples at 8000 Hz, or `RangeError`; lent, and not to be changed before the frame
   * after it was taken. `silent`: whether none of them exceeds {@link SILENCE_AMPLITUDE}, where that is known. Returns the verdict on this frame alone: part of speech or not. While nobody speaks only voiced sound counts, during speech also the consonants around it.
   * Allocates nothing.
   */
  process(samples: Int16Array, silent?: boolean): boolean;
  /** What the last frame brought about. */
  readonly changed: 'started' | 'stopped' | undefined;
  /** Between `started` and `stopped`. */
  readonly speaking: boolean;
  /**
   * Something may be about to be said: true from the first sign of it, some 50 ms after the first sound and before
   * `started`, until the sound is over or speech has stopped. Often nothing comes of it.
   */
  readonly stirring: boolean;
  /** From the onset to the end of the last voiced frame of the current stretch, or of the last one, ms. */
  readonly speechMs: number;
  /** When `changed` is `started`: from the estimated onset of speech to the end of the last frame, ms. */
  readonly onsetMsAgo: number;
  /** Whether a costly model is to help, where there is one. Absent: there is none. */
  useModel?(wanted: boolean): void;
}

/**
 * Makes a detector for one caller. Three questions decide about a frame. Does it stand out of the ambient noise, in the
 * bands of the telephone channel and as a whole? Is it periodic, as only voiced speech is? Is it a machine's tone?
 * Steady noise fails the first, clicks, coughs and bursts the second, keys and call-progress tones the third.
 * @param spectrum where spectra are made, one at a time: the detectors of a thread may share it
 */
export function createVoiceDetector(
  options: Partial<VoiceDetectorOptions> = {},
  spectrum = new PowerSpectrum(),
): VoiceDetector {
  return new PitchVoiceDetector({ ...voiceDetectorDefaults, ...options }, spectrum);
}

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
/** The spectrum looks at a frame, and at so much before it. */
const KEPT_SAMPLES = SPECTRUM_SAMPLES - FRAME_SAMPLES;

/** What a call begins with. Not to be changed. */
const noSound = new Int16Array(FRAME_SAMPLES);

/** Amplitude that G.711 silence does not exceed: the smallest A-law code. */
export const SILENCE_AMPLITUDE = 8;

/** Mean excess over the ambient noise, dB, at which a frame can start speech, and at which speech can go on. */
const START_EXCESS_DB = 1.6;
const SUSTAIN_EXCESS_DB = 1;
/** How much more than the noise's own usual excess is needed for either, dB. */
const START_MARGIN_DB = 1;
const SUSTAIN_MARGIN_DB = 0.3;
/** Half-way between the two, for the first sign of an unvoiced consonant. */
const STIR_EXCESS_DB = 1.3;
const STIR_MARGIN_DB = 0.6;

/** After so many frames of digital silence one more changes nothing in what looks back. */
const SETTLED_FRAMES = 12;

/** During speech, frames without pitch count for so long after one with pitch: consonants, not a noise that follows. */
const UNVOICED_FRAMES = 15;

/**
 * At the start of a call nothing starts before so many frames, which are learnt as noise. Digital silence before the first
 * packet is none; a phone that is silent for longer sends nothing until its owner speaks.
 */
const CALIBRATION_FRAMES = 10;

/** A short vowel after a long consonant ("six", "she"): one voiced frame less does where six of eight stand out. */
const CONSONANT_FRAMES = 6;
const CONSONANT_WINDOW_MASK = 0xff;

/** Onset is looked for at most this far back, frames: what stands out just before voicing is its first consonant. */
const MAX_ONSET_FRAMES = 14;

/** Speech has a lull, below the noise or 18 dB below its peak, many times a second. */
const LULL_DB = 18;
/** Sound without one for so long is a new noise (a crowd, music) and is learnt until it no longer stands out, frames. */
const SUSPICIOUS_FRAMES = 75;
/** The peak is forgotten at this rate, dB a frame. */
const PEAK_DECAY_DB = 0.1;

/** A frame that might start speech is learnt as noise at a quarter of the speed, should it turn out to be a murmur. */
const CANDIDATE_WEIGHT = 0.25;

class PitchVoiceDetector implements VoiceDetector {
  changed: 'started' | 'stopped' | undefined;
  speaking = false;
  speechMs = 0;
  onsetMsAgo = 0;

  readonly #options: VoiceDetectorOptions;
  readonly #startFrames: number;
  readonly #windowMask: number;
  readonly #stopFrames: number;
  /** More says nothing more. */
  readonly #enoughPeriodicity: number;
  /** The frame before. */
  #before: Int16Array = noSound;
  readonly #spectrum: PowerSpectrum;
  readonly #noise = new AmbientNoise();
  readonly #periodicity = new Periodicity();
  readonly #tones = new ToneCheck();
  readonly #stirring = new Stirring();
  readonly #duration: SoundDuration;
  #frames = 0;
  /** Frames of digital silence in succession, as far as they make a difference. */
  #silentFrames = 0;
  #heard = false;
  #calibratedFrames = CALIBRATION_FRAMES;
  /** One bit a frame, the newest lowest: verdicts, and whether the frame stood out of the noise. */
  #voicedBits = 0;
  #standingOutBits = 0;
  #framesSinceVoiced = 0;
  #framesSincePitch = UNVOICED_FRAMES;
  /** Frames since the onset of the current stretch. */
  #stretchFrames = 0;
  #peakDb = -99;
  #framesWithoutLull = 0;

  constructor(options: VoiceDetectorOptions, spectrum: PowerSpectrum) {
    this.#options = options;
    this.#spectrum = spectrum;
    this.#startFrames = Math.max(1, Math.ceil(options.startMs / FRAME_MS));
    const windowFrames = Math.min(Math.max(Math.ceil(options.startWindowMs / FRAME_MS), this.#startFrames), 30);
    this.#windowMask = 2 ** windowFrames - 1;
    this.#duration = new SoundDuration(windowFrames + 1);
    this.#stopFrames = Math.max(1, Math.ceil(options.stopMs / FRAME_MS));
    this.#enoughPeriodicity = Math.max(options.minPeriodicity, CERTAIN_PERIODICITY);
  }

  get stirring(): boolean {
    return this.#stirring.active;
  }

  process(samples: Int16Array, silent = isSilent(samples)): boolean {
    if (samples.length !== FRAME_SAMPLES) throw new RangeError(`${samples.length} samples instead of ${FRAME_SAMPLES}`);
    const voiced = silent ? this.#pass() : this.#listen(samples);
    this.#before = samples;
    this.#frames += 1;
    this.#follow(voiced);
    return voiced;
  }

  #listen(samples: Int16Array): boolean {
    this.#silentFrames = 0;
    this.#periodicity.push(samples);
    this.#duration.push(this.#periodicity.lastFrame, this.#ambientWeight());
    return this.#isSpeech(samples);
  }

  /** A frame of digital silence. */
  #pass(): boolean {
    this.#duration.pushSilence(this.#ambientWeight());
    if (this.#silentFrames < SETTLED_FRAMES) this.#settle();
    this.#standingOutBits <<= 1;
    this.#framesSincePitch += 1;
    return false;
  }

  /** Silence still makes a difference to what looks back. */
  #settle(): void {
    this.#silentFrames += 1;
    this.#periodicity.pushSilence();
    this.#tones.reset();
    this.#stirring.push(false, 0, false, false);
  }

  /** The verdict on the frame; learns from it, too. */
  #isSpeech(samples: Int16Array): boolean {
    const { window, power } = this.#spectrum;
    const before = this.#before;
    for (let i = 0; i < KEPT_SAMPLES; i += 1) window[i] = before[FRAME_SAMPLES - KEPT_SAMPLES + i] as number;
    window.set(samples, KEPT_SAMPLES);
    this.#spectrum.compute(window);
    const loudness = this.#noise.compare(power, this.#isFirst());
    const sustains = this.#standsOut(loudness, SUSTAIN_EXCESS_DB, SUSTAIN_MARGIN_DB, 0.5, -5);
    const strong = sustains && this.#standsOut(loudness, START_EXCESS_DB, START_MARGIN_DB, 1, 0);
    let periodicity = 0;
    let tone = false;
    if (sustains) {
      periodicity = this.#periodicity.measure(this.#enoughPeriodicity);
      tone = this.#tones.check(power);
    } else {
      this.#tones.reset();
    }
    const pitched = periodicity >= this.#options.minPeriodicity;
    const candidate = strong && pitched && !tone;
    const standingOut = sustains && !tone;
    if (this.#frames > this.#calibratedFrames) {
      const hissing =
        standingOut && this.#standsOut(loudness, STIR_EXCESS_DB, STIR_MARGIN_DB, 0.75, 0) && this.#noise.hisses();
      this.#stirring.push(candidate, periodicity, hissing, standingOut);
    }
    this.#learn(loudness, candidate, sustains, standingOut);
    this.#standingOutBits = (this.#standingOutBits << 1) | (standingOut ? 1 : 0);
    const withinWord = this.#framesSincePitch < UNVOICED_FRAMES;
    this.#framesSincePitch = candidate ? 0 : this.#framesSincePitch + 1;
    return this.speaking ? standingOut && (pitched || withinWord) : candidate;
  }

  /** Whether the frame is the first sound of the call, and to be taken for its noise. */
  #isFirst(): boolean {
    if (this.#heard) return false;
    this.#heard = true;
    if (this.#frames >= CALIBRATION_FRAMES) return false;
    this.#calibratedFrames = this.#frames + CALIBRATION_FRAMES;
    return true;
  }

  #standsOut(loudness: Loudness, excessDb: number, marginDb: number, share: number, allowanceDb: number): boolean {
    return (
      loudness.bandExcessDb > Math.max(excessDb, this.#noise.usualExcessDb + marginDb) &&
      loudness.levelExcessDb > share * this.#options.aboveNoiseDb &&
      loudness.levelDb > this.#options.minLevelDb + allowanceDb
    );
  }

  #learn(loudness: Loudness, candidate: boolean, sustains: boolean, standingOut: boolean): void {
    this.#peakDb = Math.max(loudness.levelDb, this.#peakDb - PEAK_DECAY_DB);
    const suspicious = this.#suspicious();
    if (this.speaking && sustains && loudness.levelDb > this.#peakDb - LULL_DB) this.#framesWithoutLull += 1;
    else if (!this.speaking || !suspicious) this.#framesWithoutLull = 0;
    const calibrating = this.#frames < this.#calibratedFrames;
    if (calibrating || suspicious || (!candidate && !(this.speaking && standingOut))) {
      this.#noise.learnBands(calibrating);
    }
    if (suspicious || !this.speaking) this.#noise.learnLevel(candidate ? CANDIDATE_WEIGHT : 1);
    if (!this.speaking) this.#noise.learnExcess();
  }

  /** Whether what goes on without a lull is no speech after all. */
  #suspicious(): boolean {
    return this.#framesWithoutLull >= SUSPICIOUS_FRAMES;
  }

  /** How far the coming frame may be taken for the surroundings, before it was looked at. */
  #ambientWeight(): number {
    if (this.speaking && !this.#suspicious()) return 0;
    return (this.#voicedBits & 1) === 1 ? CANDIDATE_WEIGHT : 1;
  }

  /** Turns verdicts into stretches of speech. */
  #follow(voiced: boolean): void {
    this.changed = undefined;
    this.#voicedBits = (this.#voicedBits << 1) | (voiced ? 1 : 0);
    this.#framesSinceVoiced = voiced ? 0 : this.#framesSinceVoiced + 1;
    this.#stretchFrames += 1;
    if (this.speaking) {
      if (voiced) this.speechMs = this.#stretchFrames * FRAME_MS;
      if (this.#framesSinceVoiced >= this.#stopFrames) {
        this.speaking = false;
        this.changed = 'stopped';
        this.#voicedBits = 0;
        this.#stirring.reset();
      }
    } else if ((this.#standingOutBits & 1) === 1 && this.#frames > this.#calibratedFrames) {
      const window = this.#voicedBits & this.#windowMask;
      if (this.#suffices(bitCount(window))) this.#start(32 - Math.clz32(window));
    }
  }

  /** Whether so many voiced frames in the window are speech. */
  #suffices(voicedFrames: number): boolean {
    if (!this.#duration.exceeds(this.#options.startMs)) return false;
    if (voicedFrames >= this.#startFrames) return true;
    const standingOut = bitCount(this.#standingOutBits & CONSONANT_WINDOW_MASK);
    const inSuccession = (this.#voicedBits & 3) === 3;
    return inSuccession && voicedFrames >= this.#startFrames - 1 && standingOut >= CONSONANT_FRAMES;
  }

  /** `frames`: the first voiced frame of the stretch is the last but so many less one. */
  #start(frames: number): void {
    let onset = frames;
    while (onset < MAX_ONSET_FRAMES && ((this.#standingOutBits >> onset) & 1) === 1) onset += 1;
    this.speaking = true;
    this.changed = 'started';
    this.#stretchFrames = onset;
    this.onsetMsAgo = onset * FRAME_MS;
    this.speechMs = this.onsetMsAgo;
  }
}

/** Digital silence, which teaches nothing. */
function isSilent(samples: Int16Array): boolean {
  for (let i = 0; i < FRAME_SAMPLES; i += 1) {
    const sample = samples[i] as number;
    if (sample > SILENCE_AMPLITUDE || sample < -SILENCE_AMPLITUDE) return false;
  }
  return true;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
