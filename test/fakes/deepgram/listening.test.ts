import { expect, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.js';
import { memberAt } from '../openai-realtime/json-value.js';
import { toneVoice } from '../openai-realtime/tone-voice.js';
import { IDLE_REASON } from './listen-v1.js';
import type { RawClient } from './raw-client.js';
import { eventually, fluxPath, novaPath, useScene } from './scene.js';

const { start, connect } = useScene();

const line = 'I would like to book a table';

function transcripts(client: RawClient): readonly string[] {
  return client.events
    .filter(({ type }) => type === 'Results')
    .map((event) => {
      const text = memberAt(event, ['channel', 'alternatives', 0, 'transcript']);
      return `${event['is_final'] === true ? 'final' : 'interim'}${event['speech_final'] === true ? '!' : ''}: ${text}`;
    });
}

test('v1: interim results grow, silence makes them final, a longer one ends the utterance', async () => {
  const client = await connect(await start({ lines: [line] }), novaPath);
  client.say(await toneVoice(line), 1_500);
  await client.next('SpeechStarted');
  await client.next('UtteranceEnd');
  const told = transcripts(client);
  expect(told.at(0)).toMatch(/^interim: I/);
  expect(told.at(-1)).toBe(`final!: ${line}`);
  expect(client.order.indexOf('UtteranceEnd')).toBeGreaterThan(client.order.lastIndexOf('Results') - 1);
});

test('v1: what goes on for long becomes final in parts', async () => {
  const long = `${line} for four people on Friday evening, by the window if there is one left`;
  const client = await connect(await start({ lines: [long] }), novaPath);
  client.say(await toneVoice(long));
  await client.next('Results', (event) => event['speech_final'] === true);
  const finals = transcripts(client).filter((each) => each.startsWith('final'));
  expect(finals.length).toBeGreaterThan(1);
  expect(finals.map((each) => each.replace(/^final!?: /, '')).join(' ')).toBe(long);
});

test.each([
  ['empty-speech-final', [`final: ${line}`, 'final!: ']],
  ['no-speech-final', [`final: ${line}`]],
] as const)('v1: %s', async (fault, finals) => {
  const fake = await start({ lines: [line] });
  fake.fail(fault);
  const client = await connect(fake, novaPath);
  client.say(await toneVoice(line), 2_500);
  await client.next('UtteranceEnd');
  expect(transcripts(client).filter((each) => each.startsWith('final'))).toEqual(finals);
});

test('v1: an utterance may end twice', async () => {
  const fake = await start({ lines: [line] });
  fake.fail('duplicate-utterance-end');
  const client = await connect(fake, novaPath);
  client.say(await toneVoice(line), 2_000);
  await client.next('UtteranceEnd', (event) => Number(event['last_word_end']) > 0);
  await client.next('UtteranceEnd', (event) => event['last_word_end'] === -1);
});

test('v1: Finalize brings what there is, and nothing where there is next to nothing', async () => {
  const client = await connect(await start({ lines: [line] }), novaPath);
  client.silence(100);
  client.send({ type: 'Finalize' });
  client.say(await toneVoice(line), 150);
  client.send({ type: 'Finalize' });
  const result = await client.next('Results', (event) => event['from_finalize'] === true);
  expect(memberAt(result, ['channel', 'alternatives', 0, 'transcript'])).toBe(line);
});

test('v1: CloseStream is answered by Metadata and the end', async () => {
  const client = await connect(await start(), novaPath);
  client.silence(200);
  client.send({ type: 'CloseStream' });
  expect(await client.next('Metadata')).toMatchObject({ duration: 0.2, channels: 1 });
  expect(await client.ending).toMatchObject({ code: 1000 });
});

test('v1: without audio and KeepAlive the connection ends after 10 s, and KeepAlive alone saves nothing', async () => {
  const clock = new FakeClock();
  const fake = await start({ clock });
  const quiet = await connect(fake, novaPath);
  const kept = await connect(fake, novaPath);
  kept.silence(20);
  const unheard = await connect(fake, novaPath);
  unheard.send({ type: 'KeepAlive' });
  await eventually(() => fake.timeline.connections[1]?.audioMs).toBe(20);
  await eventually(() => fake.timeline.connections[2]?.messages.length).toBe(1);
  clock.advance(6_000);
  kept.send({ type: 'KeepAlive' });
  unheard.send({ type: 'KeepAlive' });
  await eventually(() => fake.timeline.connections[1]?.messages.length).toBe(1);
  await eventually(() => fake.timeline.connections[2]?.messages.length).toBe(2);
  clock.advance(6_000);
  expect(await quiet.ending).toEqual({ code: 1011, reason: IDLE_REASON });
  expect(await unheard.ending).toMatchObject({ code: 1011 });
  await eventually(() => fake.connections('listen')).toBe(1);
});

test('v1: a KeepAlive in a binary frame is taken for audio', async () => {
  const fake = await start();
  const client = await connect(fake, novaPath);
  client.sendAudio(Buffer.from('{"type":"KeepAlive"}'));
  await eventually(() => fake.timeline.connections[0]?.audioMs).toBeGreaterThan(0);
  expect(fake.timeline.connections[0]?.messages).toEqual([]);
});

test('v1: an empty binary frame is the end of the stream', async () => {
  const client = await connect(await start(), novaPath);
  client.sendAudio(new Uint8Array(0));
  await client.next('Metadata');
  expect(await client.ending).toMatchObject({ code: 1000 });
});

test('v2: a turn starts with words, grows, ends early and then for certain', async () => {
  const client = await connect(await start({ lines: [line] }), fluxPath);
  expect(await client.next('Connected')).toMatchObject({ sequence_id: 0, request_id: expect.any(String) });
  client.say(await toneVoice(line));
  const end = await client.next('TurnInfo', (event) => event['event'] === 'EndOfTurn');
  expect(end).toMatchObject({ transcript: line, turn_index: 0, trigger: 'model' });
  const told = client.events.filter(({ type, transcript }) => type === 'TurnInfo' && transcript !== '');
  expect(told[0]).toMatchObject({ event: 'StartOfTurn', transcript: expect.stringMatching(/^I/) });
  expect(told.at(-2)).toMatchObject({ event: 'EagerEndOfTurn', transcript: line });
  const numbers = client.events.map((event) => event['sequence_id']);
  expect(numbers).toEqual(numbers.map((_each, index) => index));
});

test('v2: a pause inside a turn ends it early, and it resumes', async () => {
  const client = await connect(await start({ lines: [['My number is', 'zero two zero']] }), fluxPath);
  client.say(await toneVoice('My number is'), 350);
  client.say(await toneVoice('zero two zero'));
  const end = await client.next('TurnInfo', (event) => event['event'] === 'EndOfTurn');
  expect(end['transcript']).toBe('My number is zero two zero');
  const events = client.events
    .filter(({ event }) => event !== undefined && event !== 'Update')
    .map(({ event, transcript }) => `${event}: ${transcript}`);
  expect(events.slice(1, 3)).toEqual(['EagerEndOfTurn: My number is', 'TurnResumed: My number is zero']);
});

test('v2: without an eager threshold nothing ends early', async () => {
  const client = await connect(await start({ lines: [line] }), fluxPath.replace('&eager_eot_threshold=0.4', ''));
  client.say(await toneVoice(line));
  await client.next('TurnInfo', (event) => event['event'] === 'EndOfTurn');
  expect(client.events.some(({ event }) => event === 'EagerEndOfTurn')).toBe(false);
});

test('v2: what is told of one message of audio is told in its order', async () => {
  const delays = { interimMs: 10, finalMs: 30, speechMs: 0 };
  const client = await connect(await start({ lines: [line], delays }), fluxPath);
  client.say(await toneVoice(line), 2_000, undefined, 10_000);
  await client.next('TurnInfo', ({ event, turn_index: turn }) => event === 'Update' && turn === 1);
  const numbers = client.events.map((event) => Number(event['sequence_id']));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

test('v2: settings change in mid-stream, and wrong ones are refused', async () => {
  const client = await connect(await start(), fluxPath);
  client.send({ type: 'Configure', thresholds: { eot_threshold: 0.8 }, keyterms: ['Acme'] });
  expect(await client.next('ConfigureSuccess')).toMatchObject({
    thresholds: { eot_threshold: 0.8 },
    keyterms: ['Acme'],
  });
  client.send({ type: 'Configure', thresholds: { eot_threshold: 0.2 } });
  await client.next('ConfigureFailure');
});

test.each(['KeepAlive', 'Finalize'])('v2: %s is none of its messages', async (type) => {
  const client = await connect(await start(), fluxPath);
  client.send({ type });
  expect(await client.next('Error')).toMatchObject({ code: 'UNPARSABLE_CLIENT_MESSAGE' });
  expect(await client.ending).toMatchObject({ code: 1008 });
});

test('audio that runs ahead of time is noted, and refused where that is wanted', async () => {
  const fake = await start({ enforceRate: true });
  const client = await connect(fake, novaPath);
  client.silence(5_000);
  expect(await client.ending).toMatchObject({ code: 1008 });
  expect(fake.timeline.connections[0]?.aheadMs).toBeGreaterThan(3_000);
});

test.each([
  ['close-1006', 1006],
  ['close-1011', 1011],
  ['close-1008', 1008],
  ['error-close', 1011],
] as const)('%s happens when the caller speaks', async (fault, code) => {
  const fake = await start({ lines: [line] });
  fake.fail(fault);
  const client = await connect(fake, novaPath);
  client.silence(200);
  client.say(await toneVoice(line));
  expect(await client.ending).toMatchObject({ code });
});

test('a message that is none comes on every connection, or on the next', async () => {
  const fake = await start();
  fake.malformNext('listen');
  const client = await connect(fake, novaPath);
  await eventually(() => client.oddFrames.length).toBe(1);
  fake.malformNext();
  await eventually(() => client.oddFrames.length).toBe(2);
});

test('a silent connection takes everything and says nothing', async () => {
  const fake = await start({ lines: [line] });
  fake.fail('hang');
  const client = await connect(fake, fluxPath);
  client.say(await toneVoice(line));
  await eventually(() => fake.timeline.turns[0]?.endedAtMs).toBeDefined();
  expect(client.events).toEqual([]);
});
