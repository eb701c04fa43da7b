import { expect, test } from 'vitest';
import { type Mind, type MindTurn, salonCallerLines, salonScript, scriptOf, toneVoice } from './index.js';
import { memberAt } from './json-value.js';
import { phoneSession } from './raw-client.js';
import { callerLine, useScene } from './scene.js';
import { verbatimOf } from './script.js';

const { start, connect } = useScene();

function turn(heard: string, rest: Partial<MindTurn> = {}): MindTurn {
  return { cause: 'caller', heard, toolResults: [], instructions: '', tools: ['hang_up', 'transfer'], ...rest };
}

async function said(mind: Mind, of: MindTurn): Promise<string> {
  return (await mind.reply(of)).text ?? '';
}

test('the salon greets, books, explains at length, transfers and hangs up', async () => {
  const mind = salonScript();
  expect(await said(mind, turn('', { cause: 'greeting' }))).toMatch(/salon/);
  expect(await said(mind, turn('I would like to book a haircut'))).toMatch(/which day/i);
  expect(await said(mind, turn('On Friday afternoon, please.'))).toMatch(/three thirty/);
  expect((await said(mind, turn('What does a haircut include?'))).length).toBeGreaterThan(400);
  expect(await mind.reply(turn('Put me through to a real person'))).toMatchObject({
    toolCalls: [{ name: 'transfer', arguments: { target: 'reception' } }],
  });
  expect(await mind.reply(turn('Goodbye!'))).toMatchObject({ toolCalls: [{ name: 'hang_up' }] });
  expect(await mind.reply(turn('Goodbye!', { tools: [] }))).not.toHaveProperty('toolCalls');
  const failed = { cause: 'tool-result', toolResults: [{ name: 'transfer', output: '{"error":"busy"}' }] } as const;
  expect(await said(mind, turn('', failed))).toMatch(/did not work/);
});

test('free times come out of a tool, where there is one', async () => {
  const mind = salonScript();
  expect(await mind.reply(turn('On Tuesday, please.', { tools: ['find_slots'] }))).toEqual({
    toolCalls: [{ name: 'find_slots', arguments: { day: 'Tuesday' } }],
  });
  const found = { cause: 'tool-result', toolResults: [{ name: 'find_slots', output: '{"free":["15:30"]}' }] } as const;
  expect(await said(mind, turn('', found))).toMatch(/three thirty/);
});

test('a caller whom the salon cannot understand is taken to say its lines, over and over, or to murmur', () => {
  const mind = salonScript();
  const guesses = Array.from({ length: salonCallerLines.length + 1 }, () => mind.guess(3000));
  expect(guesses).toEqual([...salonCallerLines, salonCallerLines[0]]);
  expect(mind.guess(1200)).toBe('Mm-hm.');
});

test('after a line that was understood, the salon expects the one behind it', async () => {
  const mind = salonScript();
  await mind.reply(turn(salonCallerLines[2]));
  expect(mind.guess(3000)).toBe(salonCallerLines[3]);
});

test('lines are picked by what was heard, and each answers once', async () => {
  const mind = scriptOf([{ caller: 'One.', reply: 'first' }, { caller: 'Two', reply: 'second' }, { reply: 'third' }])();
  expect(await said(mind, turn('two!'))).toBe('second');
  expect(mind.guess(3000)).toBe('One.');
  expect(await said(mind, turn('whatever'))).toBe('first');
  expect(await said(mind, turn('one'))).toBe('third');
  expect(await said(mind, turn('one'))).toMatch(/anything else/i);
});

test.each([
  ['Say exactly: "Hello there."', 'Hello there.'],
  ['Please say exactly the following words, and nothing else: "Hello"', 'Hello'],
  ['SAY VERBATIM "two\\nlines"', 'two\nlines'],
  ['say word for word: “curly”', 'curly'],
  ['Greet the caller.', undefined],
  ['Say exactly what you like.', undefined],
])('%j asks for %j', (instructions, text) => {
  expect(verbatimOf(instructions)).toBe(text);
});

test('a mind that throws fails the response, not the session', async () => {
  const script = (): Mind => ({
    guess: () => '',
    reply: () => {
      throw new Error('out of ideas');
    },
  });
  const client = await connect(await start({ script }));
  client.send({ type: 'response.create' });
  expect(await client.next('response.done')).toMatchObject({
    response: { status: 'failed', status_details: { error: { type: 'server_error' } } },
  });
  client.send({ type: 'response.create', response: { instructions: 'Say exactly: "well"' } });
  expect(await client.next('response.done')).toMatchObject({ response: { status: 'completed' } });
});

test('a reply that is cut by max_output_tokens is incomplete', async () => {
  const client = await connect(await start(), { ...phoneSession, max_output_tokens: 10 });
  client.send({ type: 'response.create', response: { instructions: 'Say exactly: "one two three four five"' } });
  const done = await client.next('response.done');
  expect(done).toMatchObject({
    response: {
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
    },
  });
  // A token of the assistant's audio is 50 ms.
  expect(client.audioOf(memberAt(done, ['response', 'id']))).toHaveLength(500 * 8);
});

test('a response of text is written, not spoken', async () => {
  const client = await connect(await start(), { ...phoneSession, output_modalities: ['text'] });
  client.send({ type: 'response.create', response: { instructions: 'Say exactly: "on paper"' } });
  const { response } = await client.next('response.done');
  expect(client.members('response.output_text.delta', 'delta').join('')).toBe('on paper');
  expect(client.members('response.output_text.done', 'text')).toEqual(['on paper']);
  expect(response).toMatchObject({ output_modalities: ['text'], output: [{ content: [{ type: 'output_text' }] }] });
  expect(client.types().filter((type) => type.includes('output_audio'))).toEqual([]);
});

test('usage counts the audio of both sides, and what was cached is part of the input', async () => {
  const client = await connect(await start(), { ...phoneSession, instructions: 'y'.repeat(4000) });
  client.say(await toneVoice(callerLine));
  const first = memberAt(await client.next('response.done'), ['response', 'usage']);
  const { bytes } = { bytes: client.audioOf(client.members('response.created', 'response', 'id')[0]) };
  expect(memberAt(first, ['output_token_details', 'audio_tokens'])).toBe(Math.ceil(bytes.length / 8 / 50));
  expect(memberAt(first, ['input_token_details', 'cached_tokens'])).toBe(0);
  client.send({ type: 'response.create', response: { instructions: 'x'.repeat(4000) } });
  client.send({ type: 'response.cancel' });
  await client.next('response.done');
  client.send({ type: 'response.create', response: { instructions: 'x'.repeat(4000) } });
  const later = memberAt(await client.next('response.done'), ['response', 'usage']);
  const cached = Number(memberAt(later, ['input_token_details', 'cached_tokens']));
  expect(cached).toBeGreaterThan(0);
  expect(cached % 64).toBe(0);
  expect(cached).toBeLessThanOrEqual(Number(memberAt(later, ['input_tokens'])));
});
