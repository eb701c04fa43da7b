import { afterEach, expect } from 'vitest';
import { toneVoice } from '../openai-realtime/tone-voice.js';
import { type FakeDeepgram, type FakeDeepgramOptions, startFakeDeepgram } from './index.js';
import { RawClient } from './raw-client.js';

/** Expects of something looked at again and again what it will be in the end. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look);
}

export const novaPath =
  '/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000&interim_results=true&endpointing=300&utterance_end_ms=1000&vad_events=true';
export const fluxPath =
  '/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000&eot_threshold=0.7&eager_eot_threshold=0.4';
export const speakPath = '/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000';
export const agentPath = '/v1/agent/converse';

/** A fake and its clients for tests, closed after each. */
export interface Scene {
  /** A fake that speaks at once, in tones. */
  start(options?: Partial<FakeDeepgramOptions>): Promise<FakeDeepgram>;
  /** A client that is connected. */
  connect(fake: FakeDeepgram, path: string): Promise<RawClient>;
}

export function useScene(): Scene {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });
  return {
    async start(options = {}) {
      const fake = await startFakeDeepgram({
        synthesise: toneVoice,
        audioRate: Number.POSITIVE_INFINITY,
        leadingSilenceMs: 0,
        ...options,
      });
      open.push(fake);
      return fake;
    },
    async connect(fake, path) {
      const client = new RawClient(`${fake.url}${path}`);
      open.push(client);
      expect(await client.opened).toBe(true);
      return client;
    },
  };
}
