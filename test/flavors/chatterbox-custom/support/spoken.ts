import { compileFlite, SAMPLE_RATE, type Synthesis, synthesise } from '../../../../src/cascade/flite/synthesise.mjs';

/** A sentence as flite says it, with the places of its words, which it tells nobody. */
export interface SpokenSentence {
  readonly text: string;
  readonly words: readonly string[];
  /** 16 kHz. */
  readonly pcm: Int16Array;
  /** Beginning and end of each word, ms. */
  readonly times: readonly { readonly startMs: number; readonly endMs: number }[];
}

type Flite = Awaited<ReturnType<typeof compileFlite>>;

/** One for all narrators: to compile it takes longer than to say several sentences. */
let compiled: Promise<Flite> | undefined;
const made = new Map<string, Synthesis>();

/** A voice says the same text the same way each time. */
function synthesiseOnce(flite: Flite, voice: string, text: string): Synthesis {
  const key = `${voice}:${text}`;
  const synthesis = made.get(key) ?? synthesise(flite, voice, text);
  made.set(key, synthesis);
  return synthesis;
}

const isPause = (name: string): boolean => name === 'pau' || name === 'ssil';

/**
 * Speaks sentences. Its words are placed by their sounds: each word, said alone, has as many sounds as within the
 * sentence. Where that does not come out even, the sounds are dealt out in proportion.
 */
export class Narrator {
  readonly #flite: Flite;
  readonly #voice: string;
  readonly #sounds = new Map<string, number>();
  readonly #said = new Map<string, SpokenSentence>();

  private constructor(flite: Flite, voice: string) {
    this.#flite = flite;
    this.#voice = voice;
  }

  static async create(voice: string): Promise<Narrator> {
    compiled ??= compileFlite();
    return new Narrator(await compiled, voice);
  }

  say(text: string): SpokenSentence {
    const known = this.#said.get(text);
    if (known) return known;
    const { pcm, utterances } = synthesiseOnce(this.#flite, this.#voice, text);
    const sounds: { startMs: number; endMs: number }[] = [];
    let offsetMs = 0;
    for (const segments of utterances) {
      let startMs = 0;
      for (const { name, endMs } of segments) {
        if (!isPause(name)) sounds.push({ startMs: offsetMs + startMs, endMs: offsetMs + endMs });
        startMs = endMs;
      }
      offsetMs += startMs;
    }
    const words = text.split(' ').filter((word) => word !== '');
    const counts = this.#soundsOf(words);
    const total = counts.reduce((sum, count) => sum + count, 0);
    let at = 0;
    let told = 0;
    const times = counts.map((count) => {
      told += count;
      const end = Math.max(at + 1, Math.round((told * sounds.length) / total));
      const time = { startMs: sounds[at]?.startMs ?? offsetMs, endMs: sounds[end - 1]?.endMs ?? offsetMs };
      at = end;
      return time;
    });
    const spoken = { text, words, pcm, times };
    this.#said.set(text, spoken);
    return spoken;
  }

  /** Sounds of each word; all words that are new are said in one go, a pause after each. */
  #soundsOf(words: readonly string[]): readonly number[] {
    const plain = (word: string): string => word.replace(/[.,;:!?]+$/, '');
    const fresh = [...new Set(words.map(plain))].filter((word) => !this.#sounds.has(word));
    if (fresh.length > 0) {
      const { utterances } = synthesiseOnce(this.#flite, this.#voice, fresh.join(', '));
      const counts: number[] = [];
      for (const segments of utterances) {
        let count = 0;
        for (const { name } of [...segments, { name: 'pau' }]) {
          if (!isPause(name)) count += 1;
          else if (count > 0) {
            counts.push(count);
            count = 0;
          }
        }
      }
      for (const [index, word] of fresh.entries()) {
        this.#sounds.set(word, counts.length === fresh.length ? (counts[index] ?? 1) : Math.max(1, word.length));
      }
    }
    return words.map((word) => this.#sounds.get(plain(word)) ?? 1);
  }
}

export const NARRATOR_RATE = SAMPLE_RATE;

export const sentences: readonly string[] = [
  'Good morning, you have reached the salon on Harbour Street, what can I do for you today?',
  'We are open until six today and I can offer you half past two or a quarter to five with Amelia.',
  'The extraordinarily complicated documentation is on its way, but it may be a day or two before you see it.',
  'Your appointment is confirmed for Wednesday the fourteenth, please bring an identification card and the old receipt.',
  'I am sorry to hear that, unfortunately the responsible administrator is not in the building at the moment.',
  'If you would like to cancel or to move it, you can do so up to a day before, free of charge.',
  'A technician will arrive between nine and eleven and he will telephone about a quarter of an hour earlier.',
  'That is all I need, thank you very much for calling, and have a wonderful afternoon.',
];
