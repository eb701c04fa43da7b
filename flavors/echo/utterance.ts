import { encodedSamples, type FliteSpeech } from 'sip-voice-connector/cascade';
import type { FlavorEvent } from 'sip-voice-connector/flavor';

/** Something to be said, spoken. */
export interface Utterance {
  readonly text: string;
  readonly speech: FliteSpeech;
}

/** Audio goes out in chunks of this length: half of what the contract allows. */
const CHUNK_MS = 1_000;

/**
 * The events that say an utterance: its transcript, then words and audio in step, then `audio-done`. Audio is copied: an
 * utterance may be said in many calls, and the host owns what it is given.
 */
export function* utteranceEvents(responseId: string, utterance: Utterance): Generator<FlavorEvent, void, undefined> {
  const { pcm, sampleRate, words } = utterance.speech;
  yield { type: 'transcript', role: 'agent', turnId: responseId, text: utterance.text, final: true };
  // The voice reports words as it read them; where they pair off, the text keeps its own spelling.
  const spelling = utterance.text.trim().split(/\s+/);
  const spelled = spelling.length === words.length ? spelling : words.map((word) => word.text);
  const chunkSamples = (CHUNK_MS * sampleRate) / 1000;
  let word = 0;
  for (let start = 0; start < pcm.length; start += chunkSamples) {
    const endMs = ((start + chunkSamples) * 1000) / sampleRate;
    for (; word < words.length && (words[word]?.startMs ?? 0) < endMs; word += 1) {
      yield { type: 'text', responseId, text: `${spelled[word] ?? ''} `, atMs: words[word]?.startMs ?? 0 };
    }
    yield { type: 'audio', responseId, data: encodedSamples(pcm.subarray(start, start + chunkSamples), 'pcm16') };
  }
  yield { type: 'audio-done', responseId };
}

/** The events that play recorded bytes; no words are known. */
export function* playbackEvents(
  responseId: string,
  bytes: Uint8Array,
  bytesPerMs: number,
): Generator<FlavorEvent, void, undefined> {
  const chunkBytes = CHUNK_MS * bytesPerMs;
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    yield { type: 'audio', responseId, data: bytes.subarray(start, start + chunkBytes) };
  }
  yield { type: 'audio-done', responseId };
}
