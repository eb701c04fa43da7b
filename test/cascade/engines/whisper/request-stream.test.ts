import { expect, test } from 'vitest';
import { Slots } from '../../../../src/cascade/engines/speech-server/slots.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { Scene, ScriptedWhisper } from './scene.js';

test('silence, hum and clicks are never sent', async () => {
  const scene = new Scene();
  await scene.silence(10_000);
  for (let click = 0; click < 20; click += 1) {
    await scene.speak(20);
    await scene.silence(300);
  }
  scene.stream.finalize();
  await scene.settle();
  expect(scene.server.asked).toEqual([]);
  // Whoever asked for the rest is told that there is none.
  expect(scene.transcripts).toEqual(['']);
});

test('at the first silence the whole is asked for, and that is the text when the silence lasts', async () => {
  const scene = new Scene({ partials: false });
  await scene.silence(400);
  await scene.speak(1_000);
  await scene.silence(180);
  expect(scene.server.asked).toHaveLength(0);
  await scene.silence(40);
  expect(scene.server.asked).toHaveLength(1);
  expect(scene.server.last.audioMs).toBeGreaterThan(1_200);
  scene.server.last.answer(' Hello there. ');
  await scene.settle();
  expect(scene.transcripts).toEqual(['Hello there....']);
  await scene.silence(280);
  scene.stream.finalize();
  await scene.settle();
  expect(scene.transcripts).toEqual(['Hello there....', 'Hello there.']);
  expect(scene.server.asked).toHaveLength(1);
  expect(scene.events[0]).toMatchObject({ type: 'speech-started', positionMs: 160 });
});

test('without a word from the host, a silence of endSilenceMs makes the segment final', async () => {
  const scene = new Scene({ partials: false, endSilenceMs: 600 });
  await scene.speak(600);
  await scene.silence(500);
  scene.server.last.answer('Yes.');
  await scene.settle();
  expect(scene.transcripts).toEqual(['Yes....']);
  await scene.silence(140);
  expect(scene.transcripts).toEqual(['Yes....', 'Yes.']);
});

test('a caller who goes on after a pause is asked about again, with everything', async () => {
  const scene = new Scene({ partials: false });
  await scene.speak(800);
  await scene.silence(300);
  await scene.speak(800);
  await scene.silence(300);
  expect(scene.server.asked).toHaveLength(2);
  expect(scene.server.last.audioMs).toBeGreaterThan(2_000);
  expect(scene.server.asked[0]?.signal.aborted).toBe(true);
  scene.server.last.answer('One and two.');
  await scene.settle();
  scene.stream.finalize();
  await scene.settle();
  expect(scene.transcripts).toEqual(['One and two....', 'One and two.']);
});

test('words that two hypotheses agree upon are shown while the caller speaks, one request at a time', async () => {
  const scene = new Scene({ partialMs: 500 });
  await scene.speak(900);
  expect(scene.server.asked).toHaveLength(1);
  await scene.speak(1_500);
  expect(scene.server.asked).toHaveLength(1);
  scene.server.last.answer('I would like too');
  await scene.speak(40);
  expect(scene.transcripts).toEqual(['I would like...']);
  // It took the server 1.6 s: it is left in peace for as long.
  await scene.speak(1_700);
  expect(scene.server.asked).toHaveLength(2);
  scene.server.last.answer('I would like to book a hair');
  await scene.speak(20);
  expect(scene.transcripts).toEqual(['I would like...']);
  await scene.speak(4_000);
  scene.server.last.answer('I would like to book a haircut on');
  await scene.settle();
  expect(scene.transcripts.at(-1)).toBe('I would like to book a...');
});

test('a partial request that is under way when the caller finishes is given up for the whole', async () => {
  const scene = new Scene();
  await scene.speak(900);
  const [partial] = scene.server.asked;
  scene.stream.finalize();
  await scene.settle();
  expect(partial?.signal.aborted).toBe(true);
  expect(scene.server.asked).toHaveLength(2);
  scene.server.last.answer('Done.');
  await scene.settle();
  expect(scene.transcripts).toEqual(['Done.']);
});

test('segments become final in the order in which they were said, whatever the server does first', async () => {
  const scene = new Scene({ partials: false });
  for (let i = 0; i < 2; i += 1) {
    await scene.speak(600);
    await scene.silence(900);
  }
  const [first, second] = scene.server.asked;
  second?.answer('Second.');
  await scene.settle();
  expect(scene.transcripts).toEqual([]);
  first?.answer('First.');
  await scene.settle();
  expect(scene.transcripts).toEqual(['First.', 'Second.']);
});

test('what was said before, and the names to expect, go along', async () => {
  const scene = new Scene({ partials: false, prompt: 'A salon.', keyterms: ['Nguyen', 'balayage'] });
  await scene.speak(600);
  await scene.silence(900);
  expect(scene.server.last.prompt).toBe('A salon. Nguyen, balayage.');
  scene.server.last.answer('My name is Nguyen.');
  await scene.speak(600);
  await scene.silence(300);
  expect(scene.server.last.prompt).toBe('A salon. Nguyen, balayage. My name is Nguyen.');
});

test('what Whisper makes up is not said: marks, its own doubts, subtitles, its prompt', async () => {
  const scene = new Scene({ partials: false, prompt: 'The caller books a haircut.' });
  const made = [
    { text: ' [BLANK_AUDIO]\n' },
    { text: '(wind howling) *coughs* ♪ la la ♪' },
    { text: 'Thanks for watching!' },
    { text: 'Untertitel im Auftrag des ZDF für funk, 2017' },
    { text: 'The caller books a haircut.' },
    { text: 'Thank you.', segments: [{ text: 'Thank you.', noSpeech: 0.5, avgLogProb: -0.4 }] },
    { text: 'ha ha', segments: [{ text: 'ha ha ha ha', compression: 3.1 }] },
    { text: 'Bye', segments: [{ text: 'Bye', noSpeech: 0.9, avgLogProb: -1.4 }] },
    { text: 'nobody can say as much as this in the time that it took to say it, can they' },
  ];
  for (const { text, ...more } of made) {
    await scene.speak(400);
    await scene.silence(900);
    scene.server.last.answer(text, more);
    await scene.settle();
  }
  expect(scene.transcripts).toEqual(made.map(() => ''));
  await scene.speak(500);
  await scene.silence(900);
  scene.server.last.answer(' Thank you.\n');
  await scene.settle();
  expect(scene.transcripts.at(-1)).toBe('Thank you.');
});

test('who talks without end is cut at a pause, and nothing is lost or sent twice', async () => {
  const scene = new Scene({ partials: false, longestMs: 10_000, pauseMs: 400 });
  for (let i = 0; i < 9; i += 1) {
    await scene.speak(2_000);
    await scene.silence(200);
  }
  await scene.silence(900);
  const finals = scene.server.asked.filter(({ signal }) => !signal.aborted);
  expect(finals.length).toBeGreaterThanOrEqual(2);
  for (const { audioMs } of finals) expect(audioMs).toBeLessThanOrEqual(10_300);
  const sumMs = finals.reduce((sum, { audioMs }) => sum + audioMs, 0);
  // All of it, but for silence before and after.
  expect(sumMs).toBeGreaterThan(19_700);
  expect(sumMs).toBeLessThan(20_700);
  for (const [index, asked] of finals.entries()) asked.answer(`Part ${index}.`);
  await scene.settle();
  expect(scene.transcripts.filter((text) => !text.endsWith('...'))).toEqual(finals.map((_, index) => `Part ${index}.`));
});

test('all calls share the places at the server, and whoever has finished goes first', async () => {
  const slots = new Slots(1);
  const server = new ScriptedWhisper();
  const [one, two, three] = [0, 1, 2].map(() => new Scene({ pauseMs: 100 }, slots, server));
  await one?.speak(900);
  await two?.speak(900);
  // The place is taken by a partial of the first; the second has none.
  expect(server.asked).toHaveLength(1);
  two?.stream.finalize();
  await three?.speak(900);
  server.asked[0]?.answer('One');
  await two?.settle();
  expect(server.asked).toHaveLength(2);
  server.asked[1]?.answer('Two.');
  await two?.settle();
  expect(two?.transcripts).toEqual(['Two.']);
  expect(slots.inUse).toBe(0);
});

test('a server out of order is asked again, and then the stream ends with the reason', async () => {
  const scene = new Scene({ partials: false, retries: 1 });
  await scene.speak(600);
  scene.stream.finalize();
  await scene.settle();
  scene.server.last.fail(new FlavorError('ERR_FLAVOR_NETWORK', 'out of order', true));
  await scene.silence(200);
  expect(scene.server.asked).toHaveLength(2);
  scene.server.last.fail(new FlavorError('ERR_FLAVOR_NETWORK', 'still out of order', true));
  await scene.settle();
  expect(scene.events.at(-1)).toMatchObject({ type: 'end', error: { message: 'still out of order' } });
  expect(scene.transcripts).toEqual([]);
});

test('a server that comes back has lost nothing', async () => {
  const scene = new Scene({ partials: false });
  await scene.speak(600);
  scene.stream.finalize();
  await scene.settle();
  scene.server.last.fail(new FlavorError('ERR_FLAVOR_NETWORK', 'out of order', true));
  await scene.silence(200);
  scene.server.last.answer('Here I am.');
  await scene.settle();
  expect(scene.transcripts).toEqual(['Here I am.']);
  expect(scene.server.asked.map(({ audioMs }) => audioMs)).toEqual([600, 600]);
});

test('a refused key ends the stream while the caller still speaks', async () => {
  const scene = new Scene();
  await scene.speak(900);
  scene.server.last.fail(new FlavorError('ERR_FLAVOR_AUTH', 'refused', false));
  await scene.settle();
  expect(scene.events.at(-1)).toMatchObject({ type: 'end', error: { code: 'ERR_FLAVOR_AUTH' } });
});

test('a server that fails in a way nobody foresaw ends the stream, and is not taken for silence', async () => {
  const scene = new Scene({ partials: false });
  await scene.speak(600);
  await scene.silence(300);
  scene.server.last.fail(new TypeError('a mistake'));
  await scene.settle();
  expect(scene.events.at(-1)).toMatchObject({ type: 'end', error: { code: 'ERR_FLAVOR_PROTOCOL' } });
});

test('close and abort give requests up, and report what was sent', async () => {
  for (const how of ['close', 'abort'] as const) {
    const scene = new Scene();
    await scene.speak(900);
    const { signal, audioMs } = scene.server.last;
    if (how === 'close') scene.stream.close();
    else scene.controller.abort();
    await scene.settle();
    expect(signal.aborted).toBe(true);
    expect(scene.events.slice(-2)).toEqual([
      { type: 'usage', provider: 'whisper', model: 'whisper-1', unit: 'audio-ms', quantity: Math.round(audioMs) },
      { type: 'end' },
    ]);
    await scene.speak(900);
    expect(scene.server.asked).toHaveLength(1);
    expect(scene.clock.pendingTimers).toBe(0);
  }
});

test('text that the server streams is shown as it comes', async () => {
  const scene = new Scene({ partials: false });
  await scene.speak(900);
  await scene.silence(220);
  scene.server.last.onText('I would');
  await scene.settle();
  scene.server.last.onText('I would like');
  await scene.settle();
  scene.server.last.answer('I would like tea.');
  scene.stream.finalize();
  await scene.settle();
  expect(scene.transcripts).toEqual(['I would...', 'I would like...', 'I would like tea.']);
});
