import { FlavorError } from '../../../flavor-api/index.js';
import { WavBody } from '../speech-server/audio-body.js';
import type { SpeechChunk } from '../speech-server/backend.js';
import { readSpeech, type SpeechReading } from '../speech-server/read-speech.js';
import { SniffedBody } from '../speech-server/sniffed-body.js';
import type { JobOutput } from './output.js';
import type { ResultFiles } from './result-files.js';

/** What bare samples have that do not say: Chatterbox's own. Hz. */
const USUAL_RATE = 24_000;

/**
 * The speech that a job has made, as soon as it comes. A file is fetched once more where its first fetch broke before any
 * speech had come.
 *
 * @throws FlavorError for what is no speech, or not all of it
 */
export async function* outputSpeech(
  reading: SpeechReading,
  output: JobOutput,
  files: ResultFiles,
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk, void, undefined> {
  const { who } = reading;
  if (output.type === 'bytes') {
    const raw = { encoding: 's16', channels: 1, sampleRate: output.sampleRate ?? USUAL_RATE } as const;
    yield* readSpeech(once(output.bytes), new SniffedBody(who, undefined, raw), reading);
    return;
  }
  for (let attempt = 0; ; attempt += 1) {
    let begun = false;
    try {
      const answer = await files.fetch(output.url, signal);
      for await (const chunk of readSpeech(answer.body, new WavBody(who), reading)) {
        begun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (begun || attempt > 0 || !(error instanceof FlavorError) || !error.retryable) throw error;
    }
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

/** Counts the audio that passes. */
export class AudioMeter {
  #ms = 0;
  #sampleRate = 0;

  /** Of the audio that has passed, ms. */
  get ms(): number {
    return this.#ms;
  }

  see(chunk: SpeechChunk): void {
    if (chunk.type === 'format') this.#sampleRate = chunk.sampleRate;
    if (chunk.type === 'audio' && this.#sampleRate > 0) this.#ms += (chunk.samples.length * 1_000) / this.#sampleRate;
  }
}
