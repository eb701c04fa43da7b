import * as sdk from 'microsoft-cognitiveservices-speech-sdk';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { toneVoice } from '../openai-realtime/tone-voice.js';
import type { FakeAzure } from './index.js';
import { eventually, spoken, useScene } from './scene.js';

const { start } = useScene();

const line = 'I would like to book a table.';
const closing: (() => void)[] = [];

// The vendor's client takes Node's own WebSocket where there is one, that of 22 is never closed after a refusal, and
// the client waits for that. Without one it takes `ws`, as in Node 20.
beforeAll(() => {
  vi.stubGlobal('WebSocket', undefined);
});
afterAll(() => {
  vi.unstubAllGlobals();
});

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The vendor's own client, for the fake must be what it takes for Azure. */
function configOf(fake: FakeAzure): sdk.SpeechConfig {
  return sdk.SpeechConfig.fromHost(new URL(fake.url), 'KEY');
}

/** A recogniser that is given mu-law, and the stream it is given it by. */
function recogniserOf(config: sdk.SpeechConfig): { recogniser: sdk.SpeechRecognizer; push: sdk.PushAudioInputStream } {
  config.speechRecognitionLanguage = 'en-US';
  const format = sdk.AudioStreamFormat.getWaveFormat(8000, 8, 1, sdk.AudioFormatTag.MuLaw);
  const push = sdk.AudioInputStream.createPushStream(format);
  const recogniser = new sdk.SpeechRecognizer(config, sdk.AudioConfig.fromStreamInput(push));
  closing.push(() => recogniser.close());
  return { recogniser, push };
}

/** A view of a pool is not what the client wants: it takes the whole of it. */
function exactly(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer;
}

test("the vendor's recogniser understands what the fake says, turn by turn, to the end of the stream", async () => {
  const fake = await start({ lines: [line] });
  const { recogniser, push } = recogniserOf(configOf(fake));
  const events: string[] = [];
  let text = '';
  recogniser.speechStartDetected = () => events.push('started');
  recogniser.recognizing = () => events.push('recognizing');
  recogniser.recognized = (_sender, { result }) => {
    events.push('recognized');
    text += result.text;
  };
  recogniser.canceled = (_sender, { reason }) => events.push(`canceled ${reason}`);
  recogniser.sessionStopped = () => events.push('stopped');
  recogniser.startContinuousRecognitionAsync();
  push.write(exactly(await spoken(line, 1000)));
  push.close();
  await eventually(() => events).toContain('stopped');
  expect(text).toBe(line);
  expect(events[0]).toBe('started');
  expect(events).toContain('recognizing');
  expect(events.slice(-2)).toEqual([`canceled ${sdk.CancellationReason.EndOfStream}`, 'stopped']);
  // The key stands in the address, which this project's own client avoids.
  expect(fake.timeline.connections[0]?.credential).toBe('query');
});

test("the vendor's client gathers 100 ms of mu-law before it sends any", async () => {
  const fake = await start();
  const { recogniser, push } = recogniserOf(configOf(fake));
  recogniser.startContinuousRecognitionAsync();
  push.write(new ArrayBuffer(799));
  await eventually(() => fake.timeline.connections[0]?.messages.length).toBe(2);
  expect(fake.timeline.connections[0]?.audioMs).toBe(0);
  push.write(new ArrayBuffer(1));
  await eventually(() => fake.timeline.connections[0]?.audioMs).toBe(100);
});

test("detailed results have the times of words where the vendor's client looks for them", async () => {
  const fake = await start({ lines: [line] });
  const config = configOf(fake);
  config.outputFormat = sdk.OutputFormat.Detailed;
  config.requestWordLevelTimestamps();
  const { recogniser, push } = recogniserOf(config);
  let detail: { NBest?: readonly { Words?: readonly { Word: string; Offset: number }[] }[] } = {};
  recogniser.recognized = (_sender, { result }) => {
    const json = result.properties.getProperty(sdk.PropertyId.SpeechServiceResponse_JsonResult);
    if (result.text !== '') detail = JSON.parse(json);
  };
  recogniser.startContinuousRecognitionAsync();
  push.write(exactly(await spoken(line, 1000)));
  push.close();
  await eventually(() => detail.NBest?.[0]?.Words?.map(({ Word }) => Word).join(' ')).toBe(
    'i would like to book a table',
  );
});

test("a refused key looks like a broken network to the vendor's client", async () => {
  const fake = await start({ key: 'another' });
  const { recogniser, push } = recogniserOf(configOf(fake));
  const failures: string[] = [];
  recogniser.canceled = (_sender, { errorDetails }) => failures.push(errorDetails);
  recogniser.startContinuousRecognitionAsync();
  push.write(new ArrayBuffer(1600));
  await eventually(() => failures.length).toBeGreaterThan(0);
  expect(failures[0]).toContain('StatusCode: 1006');
});

test("the vendor's voice is one connection, mu-law, with the times of its words", async () => {
  const fake = await start();
  const config = configOf(fake);
  config.speechSynthesisVoiceName = 'en-US-AriaNeural';
  config.speechSynthesisOutputFormat = sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoMULaw;
  const voice = new sdk.SpeechSynthesizer(config, null);
  closing.push(() => voice.close());
  const words: string[] = [];
  voice.wordBoundary = (_sender, event) => words.push(`${event.text}@${Math.round(event.audioOffset / 10_000)}`);
  const speak = (text: string): Promise<sdk.SpeechSynthesisResult> =>
    new Promise((resolve, reject) => voice.speakTextAsync(text, resolve, reject));
  const first = await speak('Good morning.');
  await speak('Hello & goodbye.');
  expect(first.reason).toBe(sdk.ResultReason.SynthesizingAudioCompleted);
  expect(first.audioData.byteLength / 8).toBeCloseTo(fake.timeline.speeches[0]?.audioMs ?? 0);
  const { words: expected } = await toneVoice('Good morning.');
  expect(words.slice(0, 2)).toEqual([
    `Good@${Math.round(expected[0]?.startMs ?? 0)}`,
    `morning@${Math.round(expected[1]?.startMs ?? 0)}`,
  ]);
  expect(fake.timeline.speeches.map(({ text }) => text)).toEqual(['Good morning.', 'Hello & goodbye.']);
  expect(fake.timeline.connections.length).toBe(1);
});

test("a voice that does not exist is refused as the vendor's client expects it", async () => {
  const fake = await start();
  const config = configOf(fake);
  config.speechSynthesisVoiceName = 'en-US-Nobody';
  const voice = new sdk.SpeechSynthesizer(config, null);
  closing.push(() => voice.close());
  const result = await new Promise<sdk.SpeechSynthesisResult>((resolve, reject) =>
    voice.speakTextAsync('Hello.', resolve, reject),
  );
  expect(result.errorDetails).toContain('Unsupported voice en-US-Nobody. websocket error code: 1007');
});
