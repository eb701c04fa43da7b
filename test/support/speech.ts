import { createResampler } from '../../src/audio/resampler.js';
import { compileFlite, type Synthesis, synthesise } from '../../src/cascade/flite/synthesise.mjs';
import { estimateWordTimes, type SpokenWord } from '../../src/cascade/flite/word-times.js';
import type { FliteVoiceName } from '../../src/cascade/index.js';
import { wordsBySound } from './word-sounds.js';

let compiled: ReturnType<typeof compileFlite> | undefined;
const spoken = new Map<string, Synthesis>();

/**
 * Synthetic speech at 16 kHz, in this thread. Deterministic; repeated texts are made once. The result is shared: do not
 * write to it.
 */
export async function speak(text: string, voice: FliteVoiceName = 'slt'): Promise<Int16Array> {
  return (await synthesiseOnce(text, voice)).pcm;
}

/** The same at 8 kHz. */
export async function speak8k(text: string, voice: FliteVoiceName = 'slt'): Promise<Int16Array> {
  return createResampler(16_000, 8000)
    .process(await speak(text, voice))
    .slice();
}

/** When each word of it begins, to some 40 ms. */
export async function wordTimes(text: string, voice: FliteVoiceName = 'slt'): Promise<readonly SpokenWord[]> {
  return estimateWordTimes(text, (await synthesiseOnce(text, voice)).utterances);
}

/** The same to a few milliseconds, for measurements: takes twice as long. */
export async function exactWordTimes(text: string, voice: FliteVoiceName = 'slt'): Promise<readonly SpokenWord[]> {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  const { utterances } = await synthesiseOnce(text, voice);
  // Words that are paragraphs are spoken one by one.
  const alone = await synthesiseOnce(words.map((word) => word.replace(/[^\w]+$/, '')).join('\n\n'), voice);
  if (alone.utterances.length !== words.length) return wordTimes(text, voice);
  return wordsBySound(words, alone.utterances, utterances);
}

async function synthesiseOnce(text: string, voice: FliteVoiceName): Promise<Synthesis> {
  compiled ??= compileFlite();
  const key = `${voice}:${text}`;
  const known = spoken.get(key) ?? synthesise(await compiled, voice, text);
  spoken.set(key, known);
  return known;
}
