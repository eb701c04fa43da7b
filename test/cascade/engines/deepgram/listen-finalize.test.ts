import { expect, test } from 'vitest';
import { closeFailure, statusError } from '../../../../src/cascade/engines/deepgram/errors.js';
import { Bench, final, interim } from './listen-bench.js';

const finalized = { ...final, from_finalize: true };

test('Finalize while there is no connection goes to the next one, behind all that was missed', async () => {
  const bench = await new Bench().open();
  await bench.hear(500);
  bench.service.last.say(interim);
  bench.service.refusals.push(statusError(503));
  bench.service.last.lose(closeFailure(1006));
  await bench.hear(100);
  bench.line.finalize();
  await bench.pass(4_000);
  const { last, sockets } = bench.service;
  expect(sockets).toHaveLength(2);
  expect(last.audioBytes / 8).toBe(600);
  expect(last.types().filter((type) => type === 'Finalize')).toHaveLength(1);
});

test('Finalize in the middle of what is heard again waits for its end', async () => {
  const bench = await new Bench().open();
  await bench.hear(2_000);
  bench.service.last.say(interim);
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(100);
  bench.line.finalize();
  expect(bench.service.last.types()).toEqual([]);
  await bench.pass(3_000);
  expect(bench.service.last.audioBytes / 8).toBe(2_000);
  expect(bench.service.last.types()).toEqual(['Finalize']);
});

test('Finalize that was not answered is asked for again on the next connection; one that was is not', async () => {
  const bench = await new Bench().open();
  await bench.hear(200);
  bench.service.last.say(interim);
  bench.line.finalize();
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(100);
  expect(bench.service.last.types()).toEqual(['Finalize']);
  bench.service.last.say(finalized);
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(1_000);
  expect(bench.service.sockets).toHaveLength(3);
  expect(bench.service.last.types()).toEqual([]);
});

test('Finalize of a connection that has nothing to hear is answered at once', async () => {
  const bench = await new Bench().open();
  await bench.hear(200);
  bench.service.last.say({ ...final, duration: 0.2 });
  bench.service.last.lose(closeFailure(1006));
  bench.line.finalize();
  const before = bench.events.length;
  await bench.pass(100);
  expect(bench.events.slice(before)).toEqual([{ type: 'transcript', text: '', final: true }]);
  expect(bench.service.last.types()).toEqual([]);
});

test('Finalize that Deepgram never answered is not asked for again once what it was about has been said', async () => {
  const bench = await new Bench().open();
  await bench.hear(200);
  bench.line.finalize();
  await bench.hear(800);
  bench.service.last.say({ ...final, duration: 0.6 });
  bench.service.last.say({ ...interim, start: 0.6 });
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(1_000);
  expect(bench.service.sockets).toHaveLength(2);
  expect(bench.service.last.audioBytes).toBeGreaterThan(0);
  expect(bench.service.last.types()).toEqual([]);
});
