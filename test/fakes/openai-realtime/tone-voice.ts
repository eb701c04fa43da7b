import type { Speech, Synthesise } from './speech.js';

const SAMPLE_RATE = 16_000;
/** A letter lasts so long, and so long is the pause after a word: about 14 letters a second, as people talk. */
const LETTER_MS = 60;
const PAUSE_MS = 60;

/**
 * A voice that costs nothing: every word is a buzz of its own pitch, as long as the word. For tests that want speech
 * with words and times, and do not listen to it.
 */
export const toneVoice: Synthesise = (text) => Promise.resolve(buzz(text));

function buzz(text: string): Speech {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const lengths = words.map((word) => word.length * LETTER_MS);
  const totalMs = lengths.reduce((sum, ms) => sum + ms + PAUSE_MS, 0);
  const pcm = new Int16Array((totalMs * SAMPLE_RATE) / 1000);
  let atMs = 0;
  const timed = words.map((word, index) => {
    const startMs = atMs;
    const durationMs = lengths[index] ?? 0;
    buzzInto(pcm, startMs, durationMs, pitchOf(word));
    atMs += durationMs + PAUSE_MS;
    return { text: word, startMs };
  });
  return { pcm, sampleRate: SAMPLE_RATE, words: timed };
}

/** 100 to 220 Hz, by the letters. */
function pitchOf(word: string): number {
  let sum = 0;
  for (const letter of word) sum += letter.codePointAt(0) ?? 0;
  return 100 + (sum % 13) * 10;
}

function buzzInto(pcm: Int16Array, startMs: number, durationMs: number, pitchHz: number): void {
  const start = (startMs * SAMPLE_RATE) / 1000;
  const length = (durationMs * SAMPLE_RATE) / 1000;
  for (let i = 0; i < length; i += 1) {
    let value = 0;
    for (let harmonic = 1; harmonic <= 8; harmonic += 1) {
      value += Math.sin((2 * Math.PI * pitchHz * harmonic * i) / SAMPLE_RATE) / harmonic;
    }
    pcm[start + i] = Math.round(value * 6000);
  }
}
