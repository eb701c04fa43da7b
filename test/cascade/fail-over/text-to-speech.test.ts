import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failOverTextToSpeech } from '../../../src/cascade/fail-over/text-to-speech.js';
import type { TextToSpeechEvent, TextToSpeechUtterance } from '../../../src/cascade/stages/text-to-speech.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createKeptLog } from '../../support/silent-log.js';
import { lost, mulaw, ScriptedVoice } from './scripted-voice.js';

const pieces = [
  'Good morning,',
  'you have reached the salon on Harbour Street.',
  'We are open until six today and I can offer you half past two or a quarter to five.',
];
const allWords = pieces.flatMap((piece) => piece.split(' '));

/** Collects the events of an utterance as they come. */
function collect(utterance: TextToSpeechUtterance): TextToSpeechEvent[] {
  const events: TextToSpeechEvent[] = [];
  void (async () => {
    for await (const event of utterance.events) events.push(event);
  })();
  return events;
}

async function setUp(...voices: ScriptedVoice[]) {
  const clock = new FakeClock();
  const controller = new AbortController();
  const voice = failOverTextToSpeech(voices, { clock });
  const session = await voice.open({ output: mulaw }, controller.signal);
  return { clock, controller, session, voice };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const typesOf = (events: readonly TextToSpeechEvent[], type: TextToSpeechEvent['type']): number =>
  events.filter((event) => event.type === type).length;

function sayAll(utterance: TextToSpeechUtterance): void {
  for (const piece of pieces) utterance.append(piece);
  utterance.finish();
}

test('a voice that does not fail is passed through, and nobody else is asked', async () => {
  const [first, second] = [new ScriptedVoice(), new ScriptedVoice()];
  const { session, clock } = await setUp(first, second);
  const utterance = session.begin();
  const events = collect(utterance);
  sayAll(utterance);
  await settle();
  expect(first.words).toEqual(allWords);
  expect(second.opened).toBe(0);
  expect(events.filter(({ type }) => type === 'piece')).toEqual(pieces.map((_, index) => ({ type: 'piece', index })));
  expect(events.at(-1)).toEqual({ type: 'end', spokenPieces: 3 });
  expect(clock.pendingTimers).toBe(0);
});

test('each voice is told whether the call is private, and signs are for voices that all take them', async () => {
  const [first, second] = [new ScriptedVoice({ failsAfterWords: 0, voiceSigns: true }), new ScriptedVoice()];
  const voice = failOverTextToSpeech([first, second], { clock: new FakeClock() });
  expect(voice.capabilities.voiceSigns).toBe(false);
  const { capabilities } = failOverTextToSpeech([first, first], { clock: new FakeClock() });
  expect(capabilities.voiceSigns).toBe(true);
  const session = await voice.open({ output: mulaw, private: true }, new AbortController().signal);
  sayAll(session.begin());
  await settle();
  expect([first, second].map(({ requests }) => requests)).toEqual(Array(2).fill([{ output: mulaw, private: true }]));
  session.close();
});

test('wherever a voice breaks off, the next is given all that is left, from a word on', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: allWords.length - 1 }),
      fc.integer({ min: 50, max: 80 }),
      fc.constantFrom('sentence' as const, 'stream' as const),
      async (failsAfterWords, letterMs, text) => {
        const first = new ScriptedVoice({ failsAfterWords, letterMs, text });
        const second = new ScriptedVoice({ text });
        const { session } = await setUp(first, second);
        const utterance = session.begin();
        const events = collect(utterance);
        sayAll(utterance);
        await settle();
        expect(first.words).toEqual(allWords.slice(0, failsAfterWords));
        expect(second.words).toEqual(allWords.slice(allWords.length - second.words.length));
        expect(first.words.length + second.words.length).toBeGreaterThanOrEqual(allWords.length);
        expect(events.at(-1)).toEqual({ type: 'end', spokenPieces: 3 });
        expect(typesOf(events, 'warning')).toBe(1);
      },
    ),
    { numRuns: 100, seed: 5 },
  );
});

test('the words of later pieces follow, also those that are appended while another voice is sought', async () => {
  const first = new ScriptedVoice({ failsAfterWords: 1 });
  const second = new ScriptedVoice();
  const { session } = await setUp(first, second);
  const utterance = session.begin();
  const events = collect(utterance);
  utterance.append('Good morning,');
  await Promise.resolve();
  utterance.append('how can I help?');
  await settle();
  utterance.append('We are open.');
  utterance.finish();
  await settle();
  expect(second.words.slice(-7)).toEqual(['how', 'can', 'I', 'help?', 'We', 'are', 'open.']);
  expect(events.filter((event) => event.type === 'piece').map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(first.closed).toBe(1);
});

test('a voice that says nothing is taken for broken after a second', async () => {
  const first = new ScriptedVoice({ hangsAfterWords: 0 });
  const second = new ScriptedVoice();
  const { session, clock } = await setUp(first, second);
  const utterance = session.begin();
  collect(utterance);
  utterance.append('Good morning.');
  await settle();
  clock.advance(990);
  await settle();
  expect(second.words).toEqual([]);
  clock.advance(20);
  await settle();
  expect(second.words).toEqual(['Good', 'morning.']);
});

test('a voice that stops in mid-sentence is replaced when the caller has heard what there was', async () => {
  const first = new ScriptedVoice({ hangsAfterWords: 12 });
  const second = new ScriptedVoice();
  const { session, clock } = await setUp(first, second);
  const utterance = session.begin();
  const events = collect(utterance);
  sayAll(utterance);
  await settle();
  let replacedMs: number | undefined;
  for (let step = 0; step < 1_000 && events.at(-1)?.type !== 'end'; step += 1) {
    clock.advance(10);
    await settle();
    if (second.opened > 0) replacedMs ??= clock.now();
  }
  expect(replacedMs).toBeGreaterThan(first.spokenMs + 450);
  expect(replacedMs).toBeLessThan(first.spokenMs + 550);
  expect(second.words.at(-1)).toBe('five.');
});

test('behind a piece that has come whole a voice that hangs is left in time, and nothing of the piece said again', async () => {
  const first = new ScriptedVoice({ text: 'stream', hangsAfterWords: 8 });
  const second = new ScriptedVoice({ text: 'stream' });
  const { session, clock } = await setUp(first, second);
  const utterance = session.begin();
  collect(utterance);
  for (const piece of pieces.slice(1)) utterance.append(piece);
  utterance.finish();
  await settle();
  for (; second.words.length === 0; await settle()) clock.advance(10);
  expect(second.words).toEqual(pieces[2]?.split(' '));
  expect(clock.now()).toBeLessThan(first.spokenMs);
});

test('a slow model is not held against the voice', async () => {
  const [first, second] = [new ScriptedVoice(), new ScriptedVoice()];
  const { session, clock } = await setUp(first, second);
  const utterance = session.begin();
  collect(utterance);
  utterance.append('Let me see.');
  await settle();
  clock.advance(30_000);
  await settle();
  utterance.append('Half past two.');
  utterance.finish();
  await settle();
  expect(second.opened).toBe(0);
  expect(first.words).toHaveLength(6);
});

test('where nobody is left, the utterance ends with the error and says how far it came', async () => {
  const first = new ScriptedVoice({ failsAfterWords: 5 });
  const second = new ScriptedVoice({ openError: new FlavorError('ERR_FLAVOR_AUTH', 'no key', false) });
  const { session } = await setUp(first, second);
  const utterance = session.begin();
  const events = collect(utterance);
  sayAll(utterance);
  await settle();
  const end = events.at(-1);
  // The first is asked again, since nobody else is there, and fails at once.
  expect(end).toMatchObject({ type: 'end', spokenPieces: 1, error: { code: 'ERR_FLAVOR_NETWORK' } });
  expect(typesOf(events, 'end')).toBe(1);
});

test('an engine that is never ready is passed over after a second; its session is closed should it come late', async () => {
  const clock = new FakeClock();
  const [first, second] = [new ScriptedVoice({ opensNever: true }), new ScriptedVoice()];
  const opening = failOverTextToSpeech([first, second], { clock }).open(
    { output: mulaw },
    new AbortController().signal,
  );
  await settle();
  clock.advance(1_000);
  await opening;
  expect(second.opened).toBe(1);
});

test('an engine that broke off is preferred again after a while', async () => {
  const clock = new FakeClock();
  const [first, second] = [new ScriptedVoice({ failsAfterWords: 1 }), new ScriptedVoice()];
  const voice = failOverTextToSpeech([first, second], { clock });
  const { signal } = new AbortController();
  const utterance = (await voice.open({ output: mulaw }, signal)).begin();
  collect(utterance);
  sayAll(utterance);
  await settle();
  await voice.open({ output: mulaw }, signal);
  expect([first.opened, second.opened]).toEqual([1, 2]);
  clock.advance(20_000);
  await voice.open({ output: mulaw }, signal);
  expect([first.opened, second.opened]).toEqual([2, 2]);
});

test('cancelled, it ends at once and nobody takes over', async () => {
  const [first, second] = [new ScriptedVoice({ hangsAfterWords: 3 }), new ScriptedVoice()];
  const { session, clock } = await setUp(first, second);
  const utterance = session.begin();
  const events = collect(utterance);
  sayAll(utterance);
  await settle();
  utterance.cancel();
  clock.advance(60_000);
  await settle();
  expect(events.at(-1)).toMatchObject({ type: 'end' });
  expect(second.opened).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('the end of the call ends it', async () => {
  const [first, second] = [new ScriptedVoice({ hangsAfterWords: 3 }), new ScriptedVoice()];
  const { session, controller, clock } = await setUp(first, second);
  const utterance = session.begin();
  const events = collect(utterance);
  sayAll(utterance);
  await settle();
  controller.abort();
  await settle();
  expect(events.at(-1)).toMatchObject({ type: 'end' });
  expect(events.at(-1)).not.toHaveProperty('error');
  expect(clock.pendingTimers).toBe(0);
});

test('engines without a format in common are refused', () => {
  const wide = new ScriptedVoice({ output: [{ encoding: 'pcm16', sampleRate: 24000 }] });
  expect(() => failOverTextToSpeech([new ScriptedVoice(), wide], { clock: new FakeClock() })).toThrow(
    /no audio format/,
  );
});

test('checked, it works as long as one engine does', async () => {
  const down = new ScriptedVoice({ openError: lost });
  const deps = { clock: new FakeClock() };
  const { signal } = new AbortController();
  const log = createKeptLog();
  await failOverTextToSpeech([new ScriptedVoice(), down], { ...deps, log }).check(signal);
  expect(log.lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'warn', message: expect.any(String), ...down.identity, code: lost.code, detail: lost.message },
  ]);
  await failOverTextToSpeech([down, new ScriptedVoice()], deps).check(signal);
  await expect(failOverTextToSpeech([down, down], deps).check(signal)).rejects.toBe(lost);
});
