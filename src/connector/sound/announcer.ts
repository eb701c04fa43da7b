import { createResampler } from '../../audio/resampler.js';
import type { Clock, TimerHandle } from '../../base/clock.js';
import { ConnectorError } from '../../base/connector-error.js';
import { dropOldest } from '../../base/drop-oldest.js';
import type { Announcement, Announcer, Saying } from '../../call/speech/announcement.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../cascade/flite/flite-voice.js';
import { readWavFile } from '../../media/wav-file.js';

/** Announcements kept: those of the configuration, and lately used ones with a caller's data in them. */
const KEPT = 200;
/** Hz. */
const RATE = 16_000;
/** A voice that has nothing to say gives its thread and its 100 MB back after this, ms. */
const IDLE_MS = 30_000;

export interface HostAnnouncerOptions {
  /** The host's own voice, for texts. English. */
  readonly voice: FliteVoiceName;
}

type Voice = Pick<FliteVoice, 'speak'> & AsyncDisposable;

/** Announcements out of recordings and the offline voice. */
export class HostAnnouncer implements Announcer, AsyncDisposable {
  readonly #makeVoice: () => Voice;
  readonly #clock: Clock;
  /** The one used last stands last. */
  readonly #made = new Map<string, Promise<Announcement>>();
  #voice: Voice | undefined;
  #speaking = 0;
  #idle: TimerHandle | undefined;
  #disposed = false;

  constructor(options: HostAnnouncerOptions, clock: Clock, makeVoice: typeof createFliteVoice = createFliteVoice) {
    this.#makeVoice = () => makeVoice({ voice: options.voice });
    this.#clock = clock;
  }

  prepare(saying: Saying): Promise<Announcement> {
    const key = JSON.stringify([saying.wav, saying.text]);
    const known = this.#made.get(key);
    this.#made.delete(key);
    const made = known ?? this.#make(saying);
    this.#made.set(key, made);
    if (known) return made;
    // What could not be made is tried again.
    made.catch(() => this.#made.delete(key));
    dropOldest(this.#made, KEPT);
    return made;
  }

  /** What is still being spoken is rejected (`ERR_SPEECH`), and so is what is asked for later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#clock.clearTimeout(this.#idle);
    const voice = this.#voice;
    this.#voice = undefined;
    await voice?.[Symbol.asyncDispose]();
  }

  async #make({ text = '', wav }: Saying): Promise<Announcement> {
    if (wav === undefined) return { text, samples: await this.#speak(text), sampleRate: RATE };
    const { samples, sampleRate } = await readWavFile(wav);
    return { text, samples: sampleRate === RATE ? samples : toRate(samples, sampleRate), sampleRate: RATE };
  }

  async #speak(text: string): Promise<Int16Array> {
    if (this.#disposed) throw new ConnectorError('ERR_SPEECH', 'the voice has been disposed of');
    this.#clock.clearTimeout(this.#idle);
    const voice = this.#voice ?? this.#makeVoice();
    this.#voice = voice;
    this.#speaking += 1;
    try {
      return (await voice.speak(text)).pcm;
    } finally {
      this.#speaking -= 1;
      if (this.#speaking === 0 && !this.#disposed) {
        this.#idle = this.#clock.setTimeout(() => void this.#rest(), IDLE_MS);
      }
    }
  }

  /** Never rejects. */
  async #rest(): Promise<void> {
    const voice = this.#voice;
    this.#voice = undefined;
    try {
      await voice?.[Symbol.asyncDispose]();
    } catch {
      // It is not used any more, closed or not.
    }
  }
}

/** At 16,000 Hz; the filter's delay is taken off the front, and its tail fetched with silence. */
function toRate(samples: Int16Array, sampleRate: number): Int16Array {
  const resampler = createResampler(sampleRate, RATE);
  const padded = new Int16Array(samples.length + Math.ceil((resampler.delaySamples * sampleRate) / RATE));
  padded.set(samples);
  return resampler.process(padded).slice(resampler.delaySamples);
}
