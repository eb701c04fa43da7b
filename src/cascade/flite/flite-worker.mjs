import { parentPort } from 'node:worker_threads';
import { compileFlite, synthesise } from './synthesise.mjs';

/**
 * The thread that speaks. Plain JavaScript, because Node 20 cannot start a thread from TypeScript.
 *
 * @typedef {{ readonly id: number, readonly voice: string, readonly text: string }} SpeechJob
 * @typedef {{ readonly id: number } & (import('./synthesise.mjs').Synthesis | { readonly error: string })} SpeechReply
 */

const flite = compileFlite();

parentPort?.on('message', async (/** @type {SpeechJob} */ { id, voice, text }) => {
  try {
    const speech = synthesise(await flite, voice, text);
    parentPort?.postMessage({ id, ...speech }, [/** @type {ArrayBuffer} */ (speech.pcm.buffer)]);
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
