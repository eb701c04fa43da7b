import { afterEach } from 'vitest';
import { createSystemClock } from '../../../../src/base/clock.js';
import {
  type AzureDeps,
  azureListenSchema,
  azureSpeakSchema,
  createAzureSpeechToText,
  createAzureTextToSpeech,
} from '../../../../src/cascade/engines/azure/index.js';
import type {
  SpeechToTextEvent,
  SpeechToTextStream,
  TextToSpeechEvent,
  TextToSpeechSession,
} from '../../../../src/cascade/index.js';
import type { AudioFormat } from '../../../../src/flavor-api/index.js';
import type { FakeAzure } from '../../../fakes/azure/index.js';
import { SeededRandom } from '../../../support/seeded-random.js';

export const phone: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };
const FRAME_BYTES = 160;

/** What a stage says, collected as it comes. */
export class Collected<Event extends { readonly type: string }> {
  readonly events: Event[] = [];
  readonly ended: Promise<void>;

  constructor(source: AsyncIterable<Event>) {
    this.ended = this.#collect(source);
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  of<Type extends Event['type']>(type: Type): readonly Extract<Event, { type: Type }>[] {
    return this.events.filter((event): event is Extract<Event, { type: Type }> => event.type === type);
  }

  async #collect(source: AsyncIterable<Event>): Promise<void> {
    for await (const event of source) this.events.push(event);
  }
}

/** A caller and the recogniser at the other end of a fake. */
export class Caller {
  readonly heard: Collected<SpeechToTextEvent>;
  readonly stream: SpeechToTextStream;
  #positionMs = 0;

  constructor(stream: SpeechToTextStream) {
    this.stream = stream;
    this.heard = new Collected(stream.events);
  }

  /** Frames as they come from the line, faster than they were spoken. */
  say(audio: Uint8Array): void {
    for (let at = 0; at < audio.length; at += FRAME_BYTES) {
      const data = audio.subarray(at, at + FRAME_BYTES);
      this.stream.write({ data, positionMs: this.#positionMs, concealed: false });
      this.#positionMs += 20;
    }
  }

  finals(): readonly string[] {
    return this.heard.of('transcript').flatMap(({ text, final }) => (final ? [text] : []));
  }

  warnings(): readonly string[] {
    return this.heard.of('warning').map(({ error }) => error.code);
  }
}

export interface Engines {
  listen(fake: FakeAzure, config?: object, signal?: AbortSignal): Promise<Caller>;
  voice(fake: FakeAzure, config?: object, output?: AudioFormat, signal?: AbortSignal): Promise<TextToSpeechSession>;
}

export function depsOf(fake: FakeAzure, key = 'test'): AzureDeps {
  return {
    resource: { key, endpoint: fake.url },
    clock: createSystemClock(),
    random: new SeededRandom(1),
  };
}

/** Engines for tests, with all that they opened closed after each. */
export function useEngines(): Engines {
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });
  const reconnect = { attempts: 3, firstDelayMs: 10, maxDelayMs: 50 };
  return {
    async listen(fake, config = {}, signal = new AbortController().signal) {
      const engine = createAzureSpeechToText(azureListenSchema.parse({ reconnect, ...config }), depsOf(fake));
      const caller = new Caller(await engine.open({ input: phone }, signal));
      open.push(caller.stream);
      return caller;
    },
    async voice(fake, config = {}, output = phone, signal = new AbortController().signal) {
      const engine = createAzureTextToSpeech(azureSpeakSchema.parse({ reconnect, ...config }), depsOf(fake));
      const session = await engine.open({ output }, signal);
      open.push(session);
      return session;
    },
  };
}

export function audioOf(collected: Collected<TextToSpeechEvent>): Buffer {
  return Buffer.concat(collected.of('audio').map(({ data }) => data));
}
