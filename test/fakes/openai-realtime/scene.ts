import { afterEach, expect } from 'vitest';
import { type FakeOpenAiRealtime, type FakeOptions, scriptOf, startFakeOpenAiRealtime, toneVoice } from './index.js';
import type { JsonObject } from './json-value.js';
import { phoneSession, RawClient, type RawClientOptions } from './raw-client.js';

/** What the caller of most tests says, and what is said to it. */
export const callerLine = 'Book a haircut please';
export const replyLine = 'Which day would suit you?';

/** Expects of something looked at again and again what it will be in the end. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look);
}

/** A fake and its clients for tests, closed after each. */
export interface Scene {
  /** A fake that speaks at once, in tones. */
  start(options?: Partial<FakeOptions>): Promise<FakeOpenAiRealtime>;
  /** A client with a configured session: that of a phone, if nothing else is said. */
  connect(fake: FakeOpenAiRealtime, session?: JsonObject, options?: RawClientOptions): Promise<RawClient>;
}

export function useScene(): Scene {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });
  return {
    async start(options = {}) {
      const fake = await startFakeOpenAiRealtime({
        synthesise: toneVoice,
        audioRate: Number.POSITIVE_INFINITY,
        transcriptDelayMs: 5,
        script: scriptOf([{ caller: callerLine, reply: { text: replyLine, delayMs: 0 } }]),
        ...options,
      });
      open.push(fake);
      return fake;
    },
    async connect(fake, session = { ...phoneSession }, options = {}) {
      const client = await RawClient.open(fake.origin, session, options);
      open.push(client);
      return client;
    },
  };
}
