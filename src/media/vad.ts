/** Times and thresholds of the voice detector. */
export interface VoiceDetectorOptions {
  /** Voiced time that must gather within `startWindowMs` before speech is said to have started, ms. */
  readonly startMs: number;
  /** ms; a multiple of 20. */
  readonly startWindowMs: number;
  /** Time without a voiced frame after which speech is said to have stopped, ms. */
  readonly stopMs: number;
  /** Quieter frames are never voiced, dBFS (RMS of 16-bit PCM). */
  readonly minLevelDb: number;
}

export const voiceDetectorDefaults = {
  startMs: 60,
  startWindowMs: 140,
  stopMs: 500,
  minLevelDb: -55,
} as const satisfies VoiceDetectorOptions;

/** Tells a caller's speech from silence and noise, 20 ms at a time. */
export interface VoiceDetector {
  /**
   * Takes the next frame: exactly 160 samples at 8000 Hz. Returns the verdict on this frame alone. Allocates nothing.
   */
  process(samples: Int16Array): boolean;
  /** What the last frame brought about. */
  readonly changed: 'started' | 'stopped' | undefined;
  /** Between `started` and `stopped`. */
  readonly speaking: boolean;
  /** From the onset to the last voiced frame of the current stretch, or of the last one when not speaking, ms. */
  readonly speechMs: number;
  /** When `changed` is `started`: from the estimated onset of speech to the end of the last frame, ms. */
  readonly onsetMsAgo: number;
  /** Forgets everything, noise floor included. */
  reset(): void;
}

/** A detector by level alone: good on a quiet line, not in noise. */
export function createVoiceDetector(options: Partial<VoiceDetectorOptions> = {}): VoiceDetector {
  const { startMs, stopMs, minLevelDb } = { ...voiceDetectorDefaults, ...options };
  let runMs = 0;
  let quietMs = 0;
  let totalMs = 0;
  const detector = {
    changed: undefined as 'started' | 'stopped' | undefined,
    speaking: false,
    speechMs: 0,
    onsetMsAgo: 0,
    reset(): void {},
    process(samples: Int16Array): boolean {
      let energy = 0;
      for (const sample of samples) energy += sample * sample;
      const level = 10 * Math.log10(energy / samples.length / 32_768 ** 2 + 1e-12);
      const voiced = level > minLevelDb + 15;
      detector.changed = undefined;
      runMs = voiced ? runMs + 20 : 0;
      quietMs = voiced ? 0 : quietMs + 20;
      if (detector.speaking) totalMs += 20;
      if (detector.speaking && voiced) detector.speechMs = totalMs;
      if (!detector.speaking && runMs > startMs) {
        detector.speaking = true;
        detector.changed = 'started';
        detector.onsetMsAgo = runMs;
        totalMs = runMs;
        detector.speechMs = runMs;
      } else if (detector.speaking && quietMs >= stopMs) {
        detector.speaking = false;
        detector.changed = 'stopped';
      }
      return voiced;
    },
  };
  return detector;
}
