import { expect, test } from 'vitest';
import { openTurns } from './call.js';

/** The host's account of one stretch of speech, told as late as a real detector would. */
async function speak(call: Awaited<ReturnType<typeof openTurns>>, fromMs: number, toMs: number): Promise<void> {
  await call.listen(100);
  call.session.onVoice?.({ type: 'started', positionMs: fromMs });
  call.session.onOnset?.('accepted', fromMs);
  await call.listen(toMs - fromMs + 100);
  call.session.onVoice?.({ type: 'stopped', positionMs: toMs });
}

test('the caller hears their own words: from 200 ms before the onset to shortly after the last sound', async () => {
  const call = await openTurns();
  call.session.start();
  await call.listen(900);
  await speak(call, 900, 1_700);
  await call.listen(400);
  call.session.endTurn?.();
  await call.listen(20);
  expect(call.played()).toEqual([`${200 + 800 + 120} ms from 700`]);
  expect(call.events.find(({ type }) => type === 'turn')).toEqual({
    type: 'turn',
    turnId: 'turn-1',
    timing: { endOfTurnMs: 600, firstAudioMs: 600 },
  });
});

test('words with a pause inside are one turn, the pause included', async () => {
  const call = await openTurns();
  call.session.start();
  await call.listen(900);
  await speak(call, 900, 1_300);
  await call.listen(200);
  await speak(call, 1_700, 2_100);
  await call.listen(300);
  call.session.endTurn?.();
  await call.listen(20);
  expect(call.played()).toEqual([`${200 + 1_200 + 120} ms from 700`]);
});

test('a cough over the agent is not repeated', async () => {
  const call = await openTurns();
  call.session.start();
  await call.listen(600);
  call.session.onVoice?.({ type: 'started', positionMs: 560 });
  await call.listen(100);
  call.session.onVoice?.({ type: 'stopped', positionMs: 660 });
  call.session.onOnset?.('rejected', 560);
  call.session.endTurn?.();
  await call.listen(100);
  expect(call.played()).toEqual([]);
});

test('a rejected sound after accepted words does not lengthen them', async () => {
  const call = await openTurns();
  call.session.start();
  await call.listen(900);
  await speak(call, 900, 1_300);
  call.session.onVoice?.({ type: 'started', positionMs: 1_400 });
  await call.listen(100);
  call.session.onVoice?.({ type: 'stopped', positionMs: 1_450 });
  call.session.onOnset?.('rejected', 1_400);
  call.session.endTurn?.();
  await call.listen(20);
  expect(call.played()).toEqual([`${200 + 400 + 120} ms from 700`]);
});

test('the words that interrupt are the next turn', async () => {
  const call = await openTurns();
  call.session.start();
  call.session.speak({ text: 'one two three' });
  await call.listen(600);
  call.session.onVoice?.({ type: 'started', positionMs: 500 });
  await call.listen(200);
  call.session.onOnset?.('accepted', 500);
  call.session.interrupt('speech');
  await call.listen(400);
  call.session.onVoice?.({ type: 'stopped', positionMs: 1_000 });
  await call.listen(300);
  call.session.endTurn?.();
  await call.listen(20);
  expect(call.spoken()).toEqual(['one two three']);
  expect(call.played()).toEqual([`${200 + 500 + 120} ms from 300`]);
});

test('a turn longer than the limit is cut', async () => {
  const call = await openTurns({ maxTurnSeconds: 2 });
  call.session.start();
  await call.listen(900);
  await speak(call, 900, 9_900);
  call.session.endTurn?.();
  await call.listen(20);
  expect(call.played()).toEqual(['2000 ms from 700']);
  await call.listen(2_000);
  const now = 900 + 100 + 9_100 + 20 + 2_000;
  await speak(call, now, now + 500);
  call.session.endTurn?.();
  await call.listen(20);
  expect(call.played()[1]).toMatch(/^820 ms/);
});

test('the greeting comes at start and not before; the route may replace it', async () => {
  const own = await openTurns({ greeting: 'Hello you.' });
  await own.listen(100);
  expect(own.events).toEqual([]);
  own.session.start();
  await own.listen(20);
  expect(own.spoken()).toEqual(['Hello you.']);

  const routed = await openTurns({ greeting: 'Hello you.' }, { greeting: 'London salon.' });
  routed.session.start();
  await routed.listen(20);
  expect(routed.spoken()).toEqual(['London salon.']);

  const none = await openTurns({ greeting: 'Hello you.' }, { greeting: '' });
  none.session.start();
  await none.listen(20);
  expect(none.events).toEqual([]);
});

test('speech comes with its transcript and the time of each word', async () => {
  const call = await openTurns({ greeting: 'Hello you there now again.' });
  call.session.start();
  await call.listen(20);
  expect(call.events.map((event) => ('atMs' in event ? `${event.type} ${event.atMs}` : event.type))).toEqual([
    'transcript',
    'text 0',
    'text 240',
    'text 480',
    'text 720',
    'text 960',
    'audio',
    'audio',
    'audio-done',
  ]);
});

test('digits pressed in quick succession are read back together', async () => {
  const call = await openTurns({ digitPauseMs: 1_000 });
  call.session.start();
  await call.listen(100);
  for (const digit of '12*') {
    call.session.onDtmf(digit);
    await call.listen(900);
  }
  expect(call.spoken()).toEqual([]);
  await call.listen(200);
  expect(call.spoken()).toEqual(['You pressed one, two, star.']);
  call.session.onDtmf('0');
  await call.listen(1_100);
  expect(call.spoken()[1]).toBe('You pressed zero.');
});

test('a caller who hammers the keys fills no memory', async () => {
  const call = await openTurns();
  call.session.start();
  await call.listen(20);
  for (let press = 0; press < 10_000; press += 1) call.session.onDtmf('7');
  await call.listen(1_100);
  expect(call.spoken()[0]?.match(/seven/g)).toHaveLength(32);
});

test('# says goodbye and hangs up once that has been heard', async () => {
  const call = await openTurns();
  call.session.start();
  await call.listen(20);
  call.session.onDtmf('1');
  call.session.onDtmf('#');
  await call.listen(20);
  expect(call.spoken()).toEqual(['You pressed one. Goodbye.']);
  const types = call.events.map(({ type }) => type);
  expect(types.slice(-2)).toEqual(['audio-done', 'tool-call']);
  const done = call.events.at(-2);
  expect(call.events.at(-1)).toEqual({
    type: 'tool-call',
    id: 'hang_up-1',
    responseId: done?.type === 'audio-done' ? done.responseId : '',
    name: 'hang_up',
    arguments: {},
  });
  call.session.onDtmf('#');
  call.session.onVoice?.({ type: 'started', positionMs: 20 });
  call.session.endTurn?.();
  await call.listen(100);
  expect(call.events).toHaveLength(types.length);
});

test('a goodbye that is cut before it is spoken still hangs up', async () => {
  const call = await openTurns();
  call.session.start();
  call.session.onDtmf('#');
  call.session.interrupt('speech');
  await call.listen(20);
  expect(call.spoken()).toEqual([]);
  expect(call.events).toEqual([{ type: 'tool-call', id: 'hang_up-1', name: 'hang_up', arguments: {} }]);
});

test('where nothing can hang up, the session ends after its goodbye', async () => {
  const call = await openTurns({}, { tools: [] });
  call.session.start();
  call.session.onDtmf('#');
  await call.listen(20);
  expect(call.events.slice(-2).map(({ type }) => type)).toEqual(['audio-done', 'end']);
  expect(call.events.at(-1)).toEqual({ type: 'end', reason: 'completed' });
});

test('after a hang-up that failed the call goes on', async () => {
  const call = await openTurns();
  call.session.start();
  call.session.onDtmf('#');
  await call.listen(20);
  call.session.onToolResult({ id: 'hang_up-1', output: undefined, error: 'no', reply: true });
  call.session.onDtmf('3');
  await call.listen(1_100);
  expect(call.spoken()).toEqual(['Goodbye.', 'I cannot hang up.', 'You pressed three.']);
});

test('speech is said in the order asked for, and what is not out yet is dropped by an interruption', async () => {
  const call = await openTurns();
  call.session.start();
  call.session.speak({ text: 'first' });
  call.session.speak({ text: 'second' });
  await call.listen(20);
  call.session.speak({ text: 'third' });
  call.session.interrupt('api');
  call.session.speak({ text: 'fourth' });
  await call.listen(20);
  expect(call.spoken()).toEqual(['first', 'second', 'fourth']);
});

test('speech asked for before the call is answered waits until it is', async () => {
  const call = await openTurns();
  call.session.speak({ text: 'early' });
  await call.listen(100);
  expect(call.events).toEqual([]);
  call.session.start();
  await call.listen(20);
  expect(call.spoken()).toEqual(['early']);
});

test('instructions are refused with a warning, not silence', async () => {
  const call = await openTurns();
  call.session.start();
  call.session.speak({ instructions: 'be nice' });
  await call.listen(20);
  expect(call.events).toMatchObject([{ type: 'warning', error: { code: 'ERR_FLAVOR_UNSUPPORTED' } }]);
});
