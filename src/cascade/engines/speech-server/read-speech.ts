import type { AudioBody } from './audio-body.js';
import type { SpeechChunk } from './backend.js';
import { brokenOff, protocolFault } from './failures.js';

export interface SpeechReading {
  /** The server in messages. */
  readonly who: string;
  readonly text: string;
}

/** The slowest that anybody speaks, ms a character, and what a short text may take besides. */
const MAX_MS_PER_CHARACTER = 500;
const MAX_EXTRA_MS = 10_000;
/** Nobody speaks three times as fast as this, ms a character; a text that ended in its first third looks so. */
const MIN_MS_PER_CHARACTER = 15;
/** Bytes worked on at once: of a large part, the beginning goes on before the rest is looked at. */
const SLICE_BYTES = 16_384;
/** Of texts shorter than that nothing can be said. */
const MIN_JUDGED_CHARACTERS = 20;

/**
 * Sound as it comes, out of a body. Speech that goes on much longer than its text is cut off: models run wild, and
 * servers may be hostile. So is the end of what is much too short, which is what an answer looks like that was ended in
 * the middle where its length was not announced.
 *
 * @throws FlavorError for what is no speech, or not all of it; what `parts` throws.
 */
export async function* readSpeech(
  parts: AsyncIterable<Uint8Array>,
  body: AudioBody,
  { who, text }: SpeechReading,
): AsyncGenerator<SpeechChunk, void, undefined> {
  const mostMs = MAX_EXTRA_MS + text.length * MAX_MS_PER_CHARACTER;
  let toldRate: number | undefined;
  let audioMs = 0;
  for await (const part of sliced(parts)) {
    const samples = body.push(part);
    const { sampleRate } = body;
    if (samples.length === 0 || sampleRate === undefined) continue;
    if (sampleRate !== toldRate) {
      toldRate = sampleRate;
      yield { type: 'format', sampleRate };
    }
    audioMs += (samples.length / sampleRate) * 1000;
    if (audioMs > mostMs) throw protocolFault(who, 'speech without end');
    yield { type: 'audio', samples };
  }
  body.end();
  const leastMs = text.length < MIN_JUDGED_CHARACTERS ? 0 : text.length * MIN_MS_PER_CHARACTER;
  if (audioMs < leastMs) throw brokenOff(who);
}

async function* sliced(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += SLICE_BYTES) yield part.subarray(at, at + SLICE_BYTES);
  }
}
