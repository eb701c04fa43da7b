import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { type FakeVoice, passed } from '../speech-server/voice.js';
import { sampleBytes, wavOf } from '../speech-server/wav.js';

/** What runs on a worker. */
export interface FakeHandler {
  /** What a generator handler yields. */
  items(input: unknown, signal: AbortSignal): AsyncIterable<unknown>;
  /** What is there when it is done. */
  output(input: unknown, signal: AbortSignal): Promise<unknown>;
}

/** The first item is short, so that it comes soon; the others are as long as may be. */
const FIRST_MS = 250;
const ITEM_MS = 1_000;

/** Voices of RunPod's own endpoint. */
const publicVoices = new Set(
  'aaron abigail anaya andy archer brian chloe dylan emmanuel ethan evelyn gavin gordon ivan laura lucy madison marisol meera walter'.split(
    ' ',
  ),
);

/** A handler in the form that `src/cascade/engines/runpod/stream-items.ts` describes. */
export function streamHandler(voice: FakeVoice): FakeHandler {
  return {
    async *items(input, signal) {
      const text = isObject(input) ? textIn(input, 'text') : '';
      if (isObject(input) && input['wake'] === true) {
        yield { index: 0, done: true, samples: 0, machine_ms: 0 };
        return;
      }
      if (text === '') throw new Error("KeyError: 'text'");
      const { samples, sampleRate } = await voice.speech(text);
      const { clock, realTimeFactor, overheadMs } = voice.options;
      const startedAtMs = clock.now();
      let made = 0;
      let index = 0;
      for (; made < samples.length; index += 1) {
        const lengthMs = index === 0 ? FIRST_MS : ITEM_MS;
        const part = samples.subarray(made, made + (lengthMs * sampleRate) / 1_000);
        const workMs = (index === 0 ? overheadMs : 0) + (part.length / sampleRate) * 1_000 * realTimeFactor;
        await passed(workMs, clock, signal);
        made += part.length;
        yield { index, sample_rate: sampleRate, audio: base64Of(part) };
      }
      yield { index, done: true, samples: made, machine_ms: Math.round(clock.now() - startedAtMs) };
    },
    output: async () => undefined,
  };
}

/** Somebody else's generator: base64 and nothing else, cut within samples. */
export function bareHandler(voice: FakeVoice): FakeHandler {
  return {
    async *items(input, signal) {
      const { samples } = await voice.make(isObject(input) ? textIn(input, 'text') : '', signal);
      const bytes = sampleBytes(samples);
      const size = 24_001;
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size).toString('base64');
    },
    output: async () => undefined,
  };
}

/** Somebody else's handler, which is no generator: a WAV in base64 when it is done. */
export function wholeHandler(voice: FakeVoice): FakeHandler {
  return {
    async *items() {},
    async output(input, signal) {
      const { samples, sampleRate } = await voice.make(isObject(input) ? textIn(input, 'text') : '', signal);
      return { audio_base64: wavOf(samples, sampleRate).toString('base64'), sample_rate: sampleRate };
    },
  };
}

/** RunPod's own endpoint: a file that is fetched elsewhere. `store` gives its address. */
export function publicHandler(voice: FakeVoice, store: (wav: Buffer) => string): FakeHandler {
  return {
    async *items() {},
    async output(input, signal) {
      const { prompt, voice: name = 'lucy', format = 'wav' } = isObject(input) ? input : {};
      if (typeof prompt !== 'string' || prompt === '') throw new Error('prompt is a required property');
      if (typeof name !== 'string' || !publicVoices.has(name)) throw new Error('voice is not one of the voices');
      if (format !== 'wav') throw new Error('this fake writes wav alone');
      const { samples, sampleRate } = await voice.make(prompt, signal);
      return { audio_url: store(wavOf(samples, sampleRate)), cost: 0.001 };
    },
  };
}

function base64Of(samples: Int16Array): string {
  return sampleBytes(samples).toString('base64');
}
