import { afterEach, expect } from 'vitest';
import { encodeAudio, type FakeAudioFormat } from '../deepgram/audio-format.js';
import type { Speech } from '../openai-realtime/speech.js';
import { toneVoice } from '../openai-realtime/tone-voice.js';
import { type FakeAzure, type FakeAzureOptions, startFakeAzure } from './index.js';
import { RawClient } from './raw-client.js';

/** Expects of something looked at again and again what it will be in the end. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look);
}

export const sttPath = '/stt/speech/universal/v2?language=en-US';
export const ttsPath = '/tts/cognitiveservices/websocket/v1';
export const mulaw: FakeAudioFormat = { encoding: 'mulaw', sampleRate: 8000 };

/** Speech and then silence, as it goes over a telephone line. */
export async function spoken(text: string, silenceMs = 800, format = mulaw): Promise<Uint8Array> {
  return encoded(await toneVoice(text), silenceMs, format);
}

export function encoded({ pcm, sampleRate }: Speech, silenceMs: number, format = mulaw): Uint8Array {
  const padded = new Int16Array(pcm.length + (silenceMs * sampleRate) / 1000);
  padded.set(pcm);
  return encodeAudio(padded, sampleRate, format);
}

/** A fake and its clients for tests, closed after each. */
export interface Scene {
  /** A fake that speaks at once, in tones. */
  start(options?: Partial<FakeAzureOptions>): Promise<FakeAzure>;
  /** A client that is connected. */
  connect(fake: FakeAzure, path: string, headers?: Readonly<Record<string, string>>): Promise<RawClient>;
}

export function useScene(): Scene {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });
  return {
    async start(options = {}) {
      const fake = await startFakeAzure({ synthesise: toneVoice, ...options });
      open.push(fake);
      return fake;
    },
    async connect(fake, path, headers) {
      const client = new RawClient(`${fake.url}${path}`, headers);
      open.push(client);
      expect(await client.opened).toBe(true);
      return client;
    },
  };
}
