import { setImmediate } from 'node:timers/promises';
import { amplitudeAt } from '../../audio/amplitude.js';
import { createResampler } from '../../audio/resampler.js';
import { errorMessage } from '../../base/connector-error.js';
import type { CallSounds } from '../../call/media/background-scene.js';
import type { RouteConfig, SoundConfig } from '../../config/config.js';
import type { Logger } from '../../flavor-api/index.js';
import type { BackgroundSound } from '../../media/engine.js';
import { readWavFile } from '../../media/wav-file.js';

/** The rate of a phone's usual codecs: what is mixed in costs no resampler there. Hz */
const RATE = 8000;
/** Worked on before the event loop has its turn, s. */
const STEP_SECONDS = 1;
/** The end of a sound flows into its beginning over so long, where it is long enough for that, samples. */
const SEAM = 400;
/** Levels are measured in blocks of so many samples, and only where something is heard: so far below the loudest, dB. */
const BLOCK = 160;
const GATE_DB = 30;
/** The loudest sample stays below this, whatever level is asked for. */
const MAX_PEAK = 29_000;

/** The sounds of a configuration, by file and level: read once, and shared by all calls. */
export class BackgroundSounds {
  readonly #sounds: ReadonlyMap<string, BackgroundSound>;

  private constructor(sounds: ReadonlyMap<string, BackgroundSound>) {
    this.#sounds = sounds;
  }

  /** Reads every sound that a route names. One that cannot be read is logged and not heard. */
  static async load(routes: readonly Pick<RouteConfig, 'sounds'>[], log: Logger): Promise<BackgroundSounds> {
    const sounds = new Map<string, BackgroundSound>();
    for (const config of routes.flatMap(({ sounds: { ambient, thinking, hold } }) => [ambient, thinking, hold])) {
      if (config === undefined || sounds.has(keyOf(config))) continue;
      try {
        sounds.set(keyOf(config), await loadSound(config));
      } catch (error) {
        log.error({ wav: config.wav, error: errorMessage(error) }, 'a sound cannot be played');
      }
    }
    return new BackgroundSounds(sounds);
  }

  /** Those of a route. */
  of({ sounds: { ambient, thinking, hold } }: Pick<RouteConfig, 'sounds'>): CallSounds {
    const found = (config: SoundConfig | undefined): BackgroundSound | undefined =>
      config && this.#sounds.get(keyOf(config));
    const sound = found(thinking);
    return {
      ambient: found(ambient),
      thinking: thinking && sound && { sound, afterMs: thinking.afterMs },
      hold: found(hold),
    };
  }
}

function keyOf({ wav, levelDb }: SoundConfig): string {
  return `${levelDb} ${wav}`;
}

/** In memory that threads share: no copy is made of it, however many calls play it. */
async function loadSound({ wav, levelDb }: SoundConfig): Promise<BackgroundSound> {
  const file = await readWavFile(wav);
  const loop = withoutSeam(await toPhoneRate(file.samples, file.sampleRate));
  if (loop.length === 0) throw new Error('it has no samples');
  const gain = gainFor(loop, levelDb);
  const samples = new Int16Array(new SharedArrayBuffer(2 * loop.length));
  for (let i = 0; i < loop.length; i += 1) samples[i] = Math.round((loop[i] as number) * gain);
  return { samples, sampleRate: RATE };
}

/** A long file takes a second of work: calls go on between its steps. */
async function toPhoneRate(samples: Int16Array, sampleRate: number): Promise<Int16Array> {
  if (sampleRate === RATE) return samples;
  const resampler = createResampler(sampleRate, RATE);
  const converted = new Int16Array(Math.ceil((samples.length * RATE) / sampleRate));
  let filled = 0;
  for (let at = 0; at < samples.length; at += sampleRate * STEP_SECONDS) {
    const part = resampler.process(samples.subarray(at, at + sampleRate * STEP_SECONDS));
    converted.set(part.subarray(0, converted.length - filled), filled);
    filled += part.length;
    await setImmediate();
  }
  // The filter's delay would be a pause at each repetition.
  return converted.subarray(Math.min(resampler.delaySamples, converted.length), filled);
}

/** Lets the end flow into the beginning, so that the repetition is not heard. */
function withoutSeam(samples: Int16Array): Int16Array {
  if (samples.length < 4 * SEAM) return samples;
  const loop = samples.slice(0, samples.length - SEAM);
  for (let i = 0; i < SEAM; i += 1) {
    const angle = ((i + 0.5) / SEAM) * (Math.PI / 2);
    const end = samples[loop.length + i] as number;
    // Equal power: the two have nothing to do with each other.
    loop[i] = Math.round((loop[i] as number) * Math.sin(angle) + end * Math.cos(angle));
  }
  return loop;
}

/** What brings the sound to `levelDb` (dBFS, RMS where something is heard) without clipping. */
function gainFor(samples: Int16Array, levelDb: number): number {
  const powers: number[] = [];
  let peak = 1;
  for (let at = 0; at < samples.length; at += BLOCK) {
    let sum = 0;
    const end = Math.min(at + BLOCK, samples.length);
    for (let i = at; i < end; i += 1) {
      const sample = samples[i] as number;
      sum += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    powers.push(sum / (end - at));
  }
  const gate = powers.reduce((most, power) => Math.max(most, power), 0) * 10 ** (-GATE_DB / 10);
  const heard = powers.filter((power) => power > 0 && power >= gate);
  const rms = Math.sqrt(heard.reduce((sum, power) => sum + power, 0) / Math.max(1, heard.length));
  if (rms === 0) return 1;
  return Math.min(amplitudeAt(levelDb) / rms, MAX_PEAK / peak);
}
