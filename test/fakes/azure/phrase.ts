/** Offsets and durations count units of 100 ns. */
export const TICKS_PER_MS = 10_000;

export interface Phrase {
  readonly id: string;
  readonly text: string;
  /** Of the turn's audio, ms. */
  readonly startMs: number;
  readonly endMs: number;
  readonly detailed: boolean;
  readonly words: boolean;
}

/** The body of `speech.phrase` in either of its formats. */
export function phraseOf({ id, text, startMs, endMs, detailed, words }: Phrase): object {
  const common = {
    Id: id,
    RecognitionStatus: text === '' ? 'NoMatch' : 'Success',
    Offset: startMs * TICKS_PER_MS,
    Duration: (endMs - startMs) * TICKS_PER_MS,
    Channel: 0,
  };
  if (text === '') return common;
  if (!detailed) return { ...common, DisplayText: text };
  const lexical = text.toLowerCase().replace(/[.,!?]/g, '');
  return {
    ...common,
    DisplayText: text,
    NBest: [
      {
        Confidence: 0.97,
        Lexical: lexical,
        ITN: lexical,
        MaskedITN: lexical,
        Display: text,
        ...(words && {
          Words: timed(lexical, 'Word', startMs, endMs),
          DisplayWords: timed(text, 'DisplayText', startMs, endMs),
        }),
      },
    ],
  };
}

function timed(text: string, key: string, startMs: number, endMs: number): readonly object[] {
  const words = text.split(' ').filter((word) => word !== '');
  const each = ((endMs - startMs) * TICKS_PER_MS) / Math.max(1, words.length);
  return words.map((word, index) => ({
    [key]: word,
    Offset: Math.round(startMs * TICKS_PER_MS + index * each),
    Duration: Math.round(each),
  }));
}
