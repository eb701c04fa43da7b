import type { MakeVoice } from '../../../flavors/echo/index.js';

const MS_PER_WORD = 240;

/** A voice that hums each word for 240 ms, at once: echo's tests look at turns, not at speech synthesis. */
export const toneVoice: MakeVoice = () => ({
  async speak(text, signal) {
    signal?.throwIfAborted();
    const words = text.split(/\s+/).filter((word) => word !== '');
    const pcm = new Int16Array(words.length * MS_PER_WORD * 16);
    for (let index = 0; index < pcm.length; index += 1) {
      pcm[index] = Math.round(Math.sin((2 * Math.PI * 300 * index) / 16_000) * 8_000);
    }
    return { pcm, sampleRate: 16_000, words: words.map((word, at) => ({ text: word, startMs: at * MS_PER_WORD })) };
  },
  async [Symbol.asyncDispose]() {
    // Nothing to end.
  },
});
