import { encodeMulaw } from '../../../src/audio/g711.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import type {
  TextToSpeech,
  TextToSpeechEvent,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from '../../../src/cascade/stages/text-to-speech.js';
import type { FakeClock } from '../../support/fake-clock.js';
import { exactWordTimes, speak8k } from '../../support/speech.js';
import { lost, mulaw } from './scripted-voice.js';

export interface SpokenVoiceOptions {
  readonly voice: FliteVoiceName;
  /** Speaks so many times as fast as it is listened to. */
  readonly speed: number;
  /** Until it says something, ms. */
  readonly opensAfterMs?: number;
  /** The connection breaks after so much audio, ms. */
  readonly diesAfterMs?: number;
  /** Says nothing more after so much, and no error either, ms. */
  readonly hangsAfterMs?: number;
  /** Says so much in one message, ms. Default: 60. */
  readonly messageMs?: number;
}

const CHUNK_MS = 60;

/** A voice that can be listened to, at simulated time. */
export class SpokenVoice implements TextToSpeech {
  readonly identity = { provider: 'flite', model: 'spoken' };
  readonly capabilities = { output: [mulaw], text: 'stream', wordTimes: false, maxCharacters: 1_000 } as const;
  readonly options: SpokenVoiceOptions;
  readonly clock: FakeClock;
  /** Pieces that it was given. */
  readonly asked: string[] = [];

  constructor(clock: FakeClock, options: SpokenVoiceOptions) {
    this.clock = clock;
    this.options = options;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  open(): Promise<TextToSpeechSession> {
    return Promise.resolve({ begin: () => new SpokenUtterance(this), close: () => {} });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class SpokenUtterance implements TextToSpeechUtterance {
  readonly events = new EventStream<TextToSpeechEvent>();
  readonly #voice: SpokenVoice;
  #busy: Promise<void> = Promise.resolve();
  #pieces = 0;
  #saidMs = 0;

  constructor(voice: SpokenVoice) {
    this.#voice = voice;
  }

  append(piece: string): void {
    this.#voice.asked.push(piece);
    this.#busy = this.#busy.then(async () => await this.#say(piece));
  }

  finish(): void {
    this.#busy = this.#busy.then(() => this.events.push({ type: 'end', spokenPieces: this.#pieces }));
  }

  cancel(): void {
    this.events.push({ type: 'end', spokenPieces: this.#pieces });
  }

  async #say(piece: string): Promise<void> {
    const { clock, options } = this.#voice;
    const bytes = await soundOf(piece, options.voice);
    const opensAfterMs = this.#saidMs === 0 ? (options.opensAfterMs ?? 0) : 0;
    if (opensAfterMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, opensAfterMs));
    const messageMs = options.messageMs ?? CHUNK_MS;
    for (let at = 0; at < bytes.length; at += messageMs * 8) {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, messageMs / options.speed));
      if (this.events.ended) return;
      if (options.diesAfterMs !== undefined && this.#saidMs >= options.diesAfterMs) {
        this.events.push({ type: 'end', error: lost, spokenPieces: this.#pieces });
        return;
      }
      if (options.hangsAfterMs !== undefined && this.#saidMs >= options.hangsAfterMs)
        return await new Promise(() => {});
      if (at === 0) this.events.push({ type: 'piece', index: this.#pieces });
      this.events.push({ type: 'audio', data: bytes.slice(at, at + messageMs * 8) });
      this.#saidMs += messageMs;
    }
    this.#pieces += 1;
  }
}

/** A text as a voice says it, mu-law at 8000 Hz. */
export async function soundOf(text: string, voice: FliteVoiceName): Promise<Uint8Array> {
  const samples = await speak8k(text, voice);
  const bytes = new Uint8Array(samples.length);
  encodeMulaw(samples, bytes);
  return bytes;
}

/** So much of a word must be heard for it to count, ms. */
const HEARD_MS = 60;

/**
 * Words that are heard of two voices, each saying the same text: the one up to a place, the other from a place on.
 *
 * @returns the words that come twice, and those that are missing
 */
export async function wordsAtSeam(
  text: string,
  old: { readonly voice: FliteVoiceName; readonly untilMs: number },
  next: { readonly voice: FliteVoiceName; readonly fromMs: number },
): Promise<{ readonly twice: readonly string[]; readonly missing: readonly string[] }> {
  const [before, after] = [await exactWordTimes(text, old.voice), await exactWordTimes(text, next.voice)];
  const counts = before.map(
    ({ startMs }, word) =>
      (startMs < old.untilMs - HEARD_MS ? 1 : 0) +
      ((after[word]?.startMs ?? Number.NEGATIVE_INFINITY) > next.fromMs - HEARD_MS ? 1 : 0),
  );
  const words = (count: number): readonly string[] =>
    before.flatMap((word, at) => (counts[at] === count ? [word.text] : []));
  return { twice: words(2), missing: words(0) };
}
