import { createHash } from 'node:crypto';
import type { SpeechChunk } from '../../../../src/cascade/engines/speech-server/backend.js';
import type { Synthesise } from '../../../fakes/openai-realtime/speech.js';
import type { FakeVoice } from '../../../fakes/speech-server/voice.js';

/** All that an answer of a backend had. */
export interface Heard {
  readonly samples: Int16Array;
  /** Of each `format`. */
  readonly rates: readonly number[];
  readonly progress: readonly string[];
  readonly usage: readonly Extract<SpeechChunk, { readonly type: 'usage' }>[];
  /** What was thrown. */
  readonly error: unknown;
}

export const never: AbortSignal = new AbortController().signal;

/** Reads an answer to its end. */
export async function hear(chunks: AsyncIterable<SpeechChunk>): Promise<Heard> {
  const samples: Int16Array[] = [];
  const rates: number[] = [];
  const progress: string[] = [];
  const usage: Extract<SpeechChunk, { readonly type: 'usage' }>[] = [];
  let error: unknown;
  try {
    for await (const chunk of chunks) {
      if (chunk.type === 'audio') samples.push(chunk.samples);
      else if (chunk.type === 'format') rates.push(chunk.sampleRate);
      else if (chunk.type === 'progress') progress.push(chunk.state);
      else usage.push(chunk);
    }
  } catch (thrown) {
    error = thrown;
  }
  const joined = new Int16Array(samples.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of samples) {
    joined.set(part, at);
    at += part.length;
  }
  return { samples: joined, rates, progress, usage, error };
}

/** A text of three sentences, for a server that makes them one by one. */
const SENTENCES = 'Your order left us this morning. It will be there on Friday. Is there anything else?';

/**
 * A voice for a fake that makes its first text at once, and every other only once that is heard: `piecesHeard` asks a
 * backend for three sentences, and counts the pieces of their sound. More than one: the first was not kept until all was
 * there, and no clock need say so.
 */
export function heldVoice(synthesise: Synthesise): {
  readonly synthesise: Synthesise;
  piecesHeard(backend: { synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk> }): Promise<number>;
} {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let first: string | undefined;
  return {
    synthesise: async (text) => {
      first ??= text;
      if (text !== first) await released;
      return synthesise(text);
    },
    piecesHeard: async (backend) => {
      let pieces = 0;
      for await (const chunk of backend.synthesize(SENTENCES, never)) {
        if (chunk.type !== 'audio') continue;
        pieces += 1;
        release();
      }
      return pieces;
    },
  };
}

/** What a fake's voice makes of a text, to compare with what was heard: comparing samples one by one takes its time. */
export async function speechOf(voice: FakeVoice, text: string): Promise<string> {
  return soundOf((await voice.speech(text)).samples);
}

/** Samples as a name of their own: the same for the same samples. */
export function soundOf(samples: Int16Array): string {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return `${samples.length} samples, ${createHash('sha1').update(bytes).digest('hex')}`;
}
