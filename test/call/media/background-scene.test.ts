import { expect, test } from 'vitest';
import { BackgroundScene, type CallSounds } from '../../../src/call/media/background-scene.js';
import type { BackgroundSound } from '../../../src/media/engine.js';
import { noSounds } from '../../support/call-policies.js';
import { FakeClock } from '../../support/fake-clock.js';
import { runnerOf, scriptedTool } from '../../support/tool-runner.js';
import { answer, bye, settle, setUp as setUpCall, slots } from '../call-setup.js';

const sound = (): BackgroundSound => ({ samples: new Int16Array(8), sampleRate: 8000 });
const sounds = {
  ambient: sound(),
  thinking: { sound: sound(), afterMs: 900 },
  hold: sound(),
} as const satisfies CallSounds;

const nameOf = (heard: BackgroundSound | undefined): string => {
  if (heard === undefined) return '-';
  if (heard === sounds.ambient) return 'room';
  return heard === sounds.hold ? 'music' : 'thinking';
};

function setUp(given: CallSounds = sounds) {
  const clock = new FakeClock(0);
  const told: string[] = [];
  const heard = { ambient: '-', foreground: '-' };
  const stream = {
    setBackground: (layer: 'ambient' | 'foreground', what: BackgroundSound | undefined): void => {
      heard[layer] = nameOf(what);
      told.push(`${layer} ${nameOf(what)}`);
    },
  };
  const scene = new BackgroundScene(given, () => stream, clock);
  return { clock, heard, told, scene };
}

test('the room is heard from the answer to the end', () => {
  const { heard, told, scene } = setUp();
  scene.onSpeaking(true);
  expect(told).toEqual([]);
  scene.begin();
  expect(heard.ambient).toBe('room');
  scene.onSpeaking(false);
  scene.close();
  expect(told).toEqual(['ambient room', 'ambient -']);
});

test('a caller who waits hears the agent at work, from 900 ms after their last word until it speaks', () => {
  const { clock, heard, scene } = setUp();
  scene.begin();
  clock.advance(5000);
  scene.onWaiting(clock.now() - 500);
  clock.advance(399);
  expect(heard.foreground).toBe('-');
  clock.advance(1);
  expect(heard).toEqual({ ambient: 'room', foreground: 'thinking' });
  scene.onSpeaking(true);
  expect(heard.foreground).toBe('-');
  scene.onWaiting(undefined);
  scene.onSpeaking(false);
  clock.advance(10_000);
  expect(heard.foreground).toBe('-');
});

test('an answer in time lets nothing be heard, nor does a caller who goes on', () => {
  const { clock, told, scene } = setUp();
  scene.begin();
  scene.onWaiting(clock.now());
  clock.advance(899);
  scene.onWaiting(undefined);
  clock.advance(10_000);
  expect(told).toEqual(['ambient room']);
});

test('a tool that goes on after "one moment" is heard once the agent has been silent for as long', () => {
  const { clock, heard, scene } = setUp();
  scene.begin();
  scene.onWaiting(clock.now());
  scene.onSpeaking(true);
  clock.advance(5000);
  expect(heard.foreground).toBe('-');
  scene.onSpeaking(false);
  clock.advance(899);
  expect(heard.foreground).toBe('-');
  clock.advance(1);
  expect(heard.foreground).toBe('thinking');
});

test('music takes the place of room and work, and is silent while the agent speaks', () => {
  const { clock, heard, scene } = setUp();
  scene.begin();
  scene.onWaiting(clock.now());
  clock.advance(2000);
  scene.onParked(true);
  expect(heard).toEqual({ ambient: '-', foreground: 'music' });
  scene.onSpeaking(true);
  expect(heard).toEqual({ ambient: '-', foreground: '-' });
  scene.onSpeaking(false);
  expect(heard.foreground).toBe('music');
  scene.onParked(true);
  scene.onParked(false);
  expect(heard.foreground).toBe('music');
  scene.onParked(false);
  expect(heard).toEqual({ ambient: 'room', foreground: '-' });
});

test('a call without sounds never touches its stream', () => {
  const { clock, told, scene } = setUp(noSounds);
  scene.begin();
  scene.onWaiting(0);
  clock.advance(5000);
  scene.onParked(true);
  scene.onParked(false);
  scene.close();
  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('a caller on hold hears music until they are back', async () => {
  const tool = scriptedTool(
    async (_call, { phone }, signal) => {
      await phone.hold(2, signal);
      return { output: 'done', reply: true };
    },
    { name: 'act', timing: { timeoutMs: 600_000, filler: undefined, fillerAfterMs: 600_000 } },
  );
  const setup = setUpCall({ deps: { tools: runnerOf(tool), sounds } });
  const { stream, session } = await answer(setup);
  expect(nameOf(stream.background.ambient)).toBe('room');
  session.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {} });
  await settle();
  expect(nameOf(stream.background.foreground)).toBe('music');
  expect(nameOf(stream.background.ambient)).toBe('-');
  setup.leg.emit(bye);
  await settle();
  expect(nameOf(stream.background.foreground)).toBe('-');
});

test('a caller whose question takes long hears the agent at work until the answer is heard', async () => {
  const setup = setUpCall({ deps: { sounds } });
  const { stream, session } = await answer(setup);
  stream.emit({ type: 'voice-started', positionMs: 0, atMs: setup.clock.now() });
  await slots(setup, stream, 800, true);
  await slots(setup, stream, 500);
  stream.emit({ type: 'voice-stopped', positionMs: 800, speechMs: 800, atMs: setup.clock.now() });
  await slots(setup, stream, 200);
  expect(nameOf(stream.background.foreground)).toBe('-');
  await slots(setup, stream, 600);
  expect(nameOf(stream.background.foreground)).toBe('thinking');
  session.say('r1', ['Well.']);
  await slots(setup, stream, 60);
  expect(nameOf(stream.background.foreground)).toBe('-');
});
