import { expect, test } from 'vitest';
import type { Announcement } from '../../src/call/speech/announcement.js';
import { FlavorError } from '../../src/flavor-api/index.js';
import { createBuiltIns } from '../../src/tools/built-in.js';
import { announcementOf } from '../support/fake-announcer.js';
import { FakeClock } from '../support/fake-clock.js';
import { runnerOf } from '../support/tool-runner.js';
import { answer, bye, settle, setUp, slots } from './call-setup.js';

const recording = { announcement: { text: 'This call is recorded.' } };

function recorder() {
  const heard: string[] = [];
  const openRecorder = () => ({
    path: '/recordings/c1.wav',
    recorder: {
      begun: true,
      caller: () => heard.push('caller'),
      agent: () => heard.push('agent'),
      close: async () => heard.push('closed'),
    },
  });
  return { heard, openRecorder };
}

test('a caller who is recorded hears so first, then the agent', async () => {
  const { openRecorder } = recorder();
  const setup = setUp({ options: { recording }, deps: { openRecorder } });
  const { stream, session } = await answer(setup);
  await settle();
  expect(session.told).toContain('start');
  session.say('r1', ['Hello.']);
  await slots(setup, stream, 1000);
  expect(stream.played).toEqual(['host/1', 'r1']);
  setup.leg.emit(bye);
  await settle();
  expect(setup.records[0]?.recording).toBe('/recordings/c1.wav');
});

test('record and recording begin at the same moment, however long the answer takes', async () => {
  const { openRecorder } = recorder();
  const origins: number[] = [];
  const setup = setUp({
    deps: {
      openRecorder: (originMs: number) => {
        origins.push(originMs);
        setup.clock.advance(30);
        return openRecorder();
      },
    },
  });
  const { stream } = await answer(setup);
  await slots(setup, stream, 500);
  setup.leg.emit(bye);
  await settle();
  expect(origins).toHaveLength(1);
  expect(setup.records[0]?.durationMs).toBe(setup.clock.now() - (origins[0] ?? 0));
});

test('a session that takes over before those words are there begins behind them, once', async () => {
  const { openRecorder } = recorder();
  let voice = (_said: Announcement): void => {};
  const made = new Promise<Announcement>((resolve) => {
    voice = resolve;
  });
  const announcer = { prepare: () => made };
  const setup = setUp({ options: { recording }, deps: { openRecorder, announcer }, retries: 1 });
  const { session } = await answer(setup);
  const error = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);
  session.events.push({ type: 'end', reason: 'failed', error });
  await settle();
  const next = setup.flavor.sessions[1];
  expect(next?.told).toEqual([]);
  voice(announcementOf(recording.announcement));
  await settle();
  expect(next?.told).toEqual(['start']);
  setup.leg.emit(bye);
  await settle();
});

test('a caller who speaks does not interrupt those words, and is heard by the agent', async () => {
  const { openRecorder } = recorder();
  const setup = setUp({ options: { recording }, deps: { openRecorder } });
  const { stream, session } = await answer(setup);
  await slots(setup, stream, 100);
  const written = session.frames;
  stream.emit({ type: 'voice-started', positionMs: 40, atMs: setup.clock.now() });
  await slots(setup, stream, 700, true);
  expect(stream.paused).toBe(false);
  expect(session.told).not.toContain('interrupt speech');
  expect(session.frames - written).toBeGreaterThan(30);
  expect(stream.played).toEqual(['host/1']);
});

test('nothing that the caller says before the end of those words is kept', async () => {
  const { heard, openRecorder } = recorder();
  const setup = setUp({ options: { recording }, deps: { openRecorder } });
  const { stream } = await answer(setup);
  const tap = setup.engine.taps[0];
  const speak = (): void => {
    tap?.caller(new Int16Array(160), 0, 0);
    tap?.agent(new Int16Array(160), 0);
  };
  speak();
  await slots(setup, stream, 100);
  speak();
  expect(stream.played).toEqual(['host/1']);
  expect(heard).toEqual(['agent', 'agent']);
  await slots(setup, stream, 1000);
  speak();
  expect(heard.slice(2)).toEqual(['caller', 'agent']);
});

test('where it cannot be said nothing is recorded', async () => {
  const { heard, openRecorder } = recorder();
  const prepare = () => Promise.reject(new Error('no voice'));
  const setup = setUp({ options: { recording }, deps: { openRecorder, announcer: { prepare } } });
  const { session } = await answer(setup);
  await settle();
  setup.engine.taps[0]?.agent(new Int16Array(160), 0);
  setup.engine.taps[0]?.caller(new Int16Array(160), 0, 0);
  expect(heard).toEqual([]);
  // Nor does it begin when somebody resumes it.
  expect(setup.call.pauseRecording(false)).toBe(false);
  setup.engine.taps[0]?.caller(new Int16Array(160), 20, 160);
  expect(heard).toEqual([]);
  expect(session.told).toContain('start');
  expect(setup.events).toContainEqual(expect.objectContaining({ type: 'warning' }));
});

test('a recording is paused and resumed from outside; a call that is not recorded says so', async () => {
  const { heard, openRecorder } = recorder();
  const setup = setUp({ deps: { openRecorder } });
  expect(setup.call.pauseRecording(true)).toBe(false);
  await answer(setup);
  const tap = setup.engine.taps[0];
  tap?.agent(new Int16Array(160), 0);
  expect(setup.call.pauseRecording(true)).toBe(true);
  tap?.caller(new Int16Array(160), 20, 0);
  expect(setup.call.pauseRecording(false)).toBe(true);
  tap?.agent(new Int16Array(160), 40);
  expect(heard).toEqual(['agent', 'agent']);
});

test("a pause from outside is not ended by the agent, nor the agent's from outside", async () => {
  const { heard, openRecorder } = recorder();
  const options = { clock: new FakeClock(), transferTargets: [] };
  const tools = runnerOf(...createBuiltIns(['pause_recording', 'resume_recording'], options));
  const setup = setUp({ deps: { openRecorder, tools } });
  const { session } = await answer(setup);
  const hear = (): void => setup.engine.taps[0]?.caller(new Int16Array(160), 0, 0);
  const use = async (name: string): Promise<void> => {
    session.events.push({ type: 'tool-call', id: name, name, arguments: {} });
    await settle();
  };
  setup.call.pauseRecording(true);
  await use('resume_recording');
  hear();
  expect(heard).toEqual([]);
  await use('pause_recording');
  setup.call.pauseRecording(false);
  hear();
  expect(heard).toEqual([]);
});

test('an agent leaves a card number out by its tools, which stand in the record', async () => {
  const { heard, openRecorder } = recorder();
  const options = { clock: new FakeClock(), transferTargets: [] };
  const tools = runnerOf(...createBuiltIns(['pause_recording', 'resume_recording'], options));
  const setup = setUp({ deps: { openRecorder, tools } });
  const { session } = await answer(setup);
  const tap = setup.engine.taps[0];
  for (const [id, name] of ['pause_recording', 'resume_recording'].entries()) {
    tap?.caller(new Int16Array(160), 0, 0);
    session.events.push({ type: 'tool-call', id: `t${id}`, name, arguments: {} });
    await settle();
  }
  tap?.agent(new Int16Array(160), 40);
  expect(heard).toEqual(['caller', 'agent']);
  setup.leg.emit(bye);
  await settle();
  expect(setup.records[0]?.tools).toMatchObject([
    { name: 'pause_recording', ok: true },
    { name: 'resume_recording', ok: true },
  ]);
  expect(setup.records[0]?.recordingPauses).toEqual([{ fromMs: 0, toMs: 0 }]);
});
