import { expect, test } from 'vitest';
import { SileroVoiceDetector } from '../../../src/media/silero/silero-detector.js';
import type { SileroEar } from '../../../src/media/silero/silero-service.js';
import { FakeVoiceDetector } from '../../support/fake-voice-detector.js';

function setUp() {
  const gate = new FakeVoiceDetector();
  const ear = { speech: undefined as boolean | undefined, pushed: 0, closed: 0 };
  let opened = 0;
  const open = (): SileroEar => {
    opened += 1;
    return {
      get speech() {
        return ear.speech;
      },
      push: () => {
        ear.pushed += 1;
      },
      close: () => {
        ear.closed += 1;
      },
    };
  };
  const detector = new SileroVoiceDetector(gate, open);
  const changes: string[] = [];
  const frames = (count: number, speech: boolean | undefined, level = 0): void => {
    ear.speech = speech;
    for (let frame = 0; frame < count; frame += 1) {
      detector.process(new Int16Array(160).fill(level));
      if (detector.changed !== undefined) changes.push(`${detector.changed} after ${frame + 1}`);
    }
  };
  return { detector, ear, changes, frames, opened: () => opened };
}

test('a call that does not want the model runs the gate alone', () => {
  const { detector, ear, frames, opened } = setUp();
  frames(50, true);
  expect(opened()).toBe(0);
  expect(ear.pushed).toBe(0);
  expect(detector.speaking).toBe(false);
});

test('speech starts when the model says so, and stops 500 ms after its end', () => {
  const { detector, changes, frames } = setUp();
  detector.useModel(true);
  frames(10, false);
  frames(30, true);
  expect(changes).toEqual(['started after 1']);
  expect(detector.onsetMsAgo).toBe(200);
  frames(10, false);
  expect(detector.speaking).toBe(true);
  frames(30, false);
  // The model hangs on for 180 ms.
  expect(changes).toEqual(['started after 1', 'stopped after 6']);
  // 200 ms before the first frame, 29 after it, less what the model hangs on.
  expect(detector.speechMs).toBe(200 + 29 * 20 - 180);
});

test('after a short pause the gate hears first that the caller goes on, and nothing is said to have stopped', () => {
  const { detector, changes, frames } = setUp();
  detector.useModel(true);
  frames(30, true, 1000);
  // 300 ms of silence, less what the model hangs on; then 200 ms until it hears the next word.
  frames(6, false);
  frames(10, false, 1000);
  frames(10, true, 1000);
  expect(changes).toEqual(['started after 1']);
});

test('a model that falls silent hands over to the gate without a word told twice', () => {
  const { detector, changes, frames } = setUp();
  detector.useModel(true);
  frames(20, true, 1000);
  frames(5, undefined, 1000);
  expect(changes).toEqual(['started after 1']);
  frames(5, undefined);
  expect(changes).toEqual(['started after 1', 'stopped after 1']);
});

test('a model that is wanted no more is closed, once', () => {
  const { detector, ear, frames, opened } = setUp();
  detector.useModel(true);
  detector.useModel(true);
  frames(3, false);
  detector.useModel(false);
  detector.useModel(false);
  frames(3, false);
  expect([opened(), ear.pushed, ear.closed]).toEqual([1, 3, 1]);
});
