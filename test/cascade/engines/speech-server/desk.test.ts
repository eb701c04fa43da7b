import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { SpeechChunk } from '../../../../src/cascade/engines/speech-server/backend.js';
import { SpeechDesk } from '../../../../src/cascade/engines/speech-server/desk.js';

/** A server that says nothing until it is given up. */
async function* silent(signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
  await new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test.each([true, false])(
  'a desk that closes ends what is under way, and what comes after (runs out: %s)',
  async (runsOut) => {
    const desk = new SpeechDesk({ concurrency: 1, runsOut });
    const utterance = new AbortController();
    const spoken = desk.speak(silent, utterance.signal).next();
    desk.close();
    await expect(spoken).rejects.toMatchObject({ name: 'AbortError' });
    await expect(desk.speak(silent, utterance.signal).next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(desk.busy).toBe(false);
    expect(getEventListeners(utterance.signal, 'abort')).toEqual([]);
  },
);
