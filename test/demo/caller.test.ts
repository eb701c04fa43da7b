import { expect, test } from 'vitest';
import { answer, CallerScene, speaking, tool } from './caller-scene.js';

const texts = { hello: { text: 'Hello!' }, day: { text: 'On Friday.' } };

test('a caller speaks when the agent has been silent for a moment, not between two sentences', async () => {
  const scene = new CallerScene(texts);
  void scene.caller.listen().then(() => scene.caller.say('hello'));
  await scene.pass(1000);
  await scene.pass(1000, speaking(true));
  await scene.pass(300, speaking(false));
  await scene.pass(1000, speaking(true));
  expect(scene.done).toEqual([]);
  await scene.pass(350, speaking(false));
  expect(scene.done).toEqual([]);
  await scene.pass(100);
  expect(scene.done).toEqual(['hello']);
  expect(scene.caller.spoken).toMatchObject([{ text: 'Hello!' }]);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('"one moment" is no answer: who has asked waits for one', async () => {
  const scene = new CallerScene(texts);
  let heard = false;
  void scene.caller.say('hello').then(async () => {
    await scene.caller.listen();
    heard = true;
  });
  await scene.pass(1000, speaking(true));
  await scene.pass(2000, speaking(false));
  expect(heard).toBe(false);
  await scene.pass(1000, speaking(true), answer);
  expect(heard).toBe(false);
  await scene.pass(500, speaking(false));
  expect(heard).toBe(true);
});

test('an answer that was looked up is heard to its end, whatever was said meanwhile', async () => {
  const scene = new CallerScene(texts);
  let heard = false;
  void scene.caller.listenToLookUp(scene.caller.seen).then(() => {
    heard = true;
  });
  await scene.pass(1000, speaking(true), answer);
  await scene.pass(1000, speaking(false));
  await scene.pass(200, tool);
  expect(heard).toBe(false);
  await scene.pass(1000, speaking(true));
  await scene.pass(350, speaking(false));
  expect(heard).toBe(false);
  await scene.pass(100);
  expect(heard).toBe(true);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('digits are pressed one after the other', async () => {
  const scene = new CallerScene(texts);
  void scene.caller.press('42');
  await scene.pass(100);
  expect(scene.done).toEqual(['4']);
  await scene.pass(100);
  expect(scene.done).toEqual(['4', '2']);
  expect(scene.caller.pressed.map(({ digit }) => digit).join('')).toBe('42');
});

test('when the call is over in the middle of a sentence, everything that was to come is left undone', async () => {
  const scene = new CallerScene(texts);
  const { caller } = scene;
  await scene.pass(0, speaking(true));
  let through = false;
  void caller
    .listen()
    .then(() => caller.say('hello'))
    .then(() => caller.press('1'))
    .then(() => caller.wait(1000))
    .then(() => {
      through = true;
    });
  await scene.pass(100);
  scene.end();
  await scene.pass(0);
  expect(through).toBe(true);
  expect([scene.done, caller.spoken, caller.pressed]).toEqual([[], [], []]);
  expect(scene.clock.pendingTimers).toBe(0);
});
