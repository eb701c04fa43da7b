export interface EnergyGateOptions {
  /** Quieter frames are never voice, dBFS (RMS). */
  readonly minLevelDb: number;
  /** Voice begins so far above the surroundings, dB. It goes on at half of that. */
  readonly aboveNoiseDb: number;
}

export const energyGateDefaults = {
  minLevelDb: -52,
  aboveNoiseDb: 9,
} as const satisfies EnergyGateOptions;

/** The quietest moment of two stretches of this length is the noise, ms: speech has a lull in each. */
const STRETCH_MS = 3_000;
const SILENT_DB = -100;

/**
 * Tells loud frames from the surroundings, and no more: for those who must know when somebody may be talking, and have
 * somebody else to tell whether it was speech. Allocates nothing.
 */
export class EnergyGate {
  readonly #options: EnergyGateOptions;
  #quietestDb = 0;
  #quietestBeforeDb = SILENT_DB;
  #stretchMs = 0;
  /** Level of the last frame, dBFS. */
  levelDb = SILENT_DB;
  /** Whether the last frame stood out. */
  open = false;

  constructor(options: Partial<EnergyGateOptions> = {}) {
    this.#options = { ...energyGateDefaults, ...options };
  }

  /** What counts as noise, dBFS. */
  get noiseDb(): number {
    return Math.min(this.#quietestDb, this.#quietestBeforeDb);
  }

  /** Takes the next frame, of `durationMs`; whether it stands out. */
  process(samples: Int16Array, durationMs: number): boolean {
    this.levelDb = levelDb(samples);
    this.#learn(durationMs);
    const { minLevelDb, aboveNoiseDb } = this.#options;
    const margin = this.open ? aboveNoiseDb / 2 : aboveNoiseDb;
    this.open = this.levelDb >= Math.max(minLevelDb, this.noiseDb + margin);
    return this.open;
  }

  #learn(durationMs: number): void {
    this.#quietestDb = Math.min(this.#quietestDb, this.levelDb);
    this.#stretchMs += durationMs;
    if (this.#stretchMs < STRETCH_MS) return;
    this.#stretchMs = 0;
    this.#quietestBeforeDb = this.#quietestDb;
    this.#quietestDb = 0;
  }
}

/** Root mean square of samples, dBFS; -100 for silence. */
export function levelDb(samples: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i] as number;
    energy += sample * sample;
  }
  if (energy === 0) return SILENT_DB;
  return Math.max(SILENT_DB, 10 * Math.log10(energy / samples.length / 32_768 ** 2));
}
