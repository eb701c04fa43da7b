import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { holdMusic } from '../../src/demo/hold-music.js';
import { startOutcomeDesk } from '../../src/demo/outcome-desk.js';
import {
  assistantConfig,
  assistantSucceeded,
  calledSalonTexts,
  playCalledSalon,
} from '../../src/demo/scenarios/assistant.js';
import { assistantScript, calledSalonLines } from '../fakes/openai-realtime/assistant-script.js';
import type { MindTurn } from '../fakes/openai-realtime/index.js';
import { sampleRecord } from '../support/sample-record.js';
import { answer, CallerScene, speaking } from './caller-scene.js';

const example = parse(readFileSync(new URL('../../sip-config/assistant.yaml', import.meta.url), 'utf8'));

test('the demo goes by the route and the tool of sip-config/assistant.yaml', () => {
  const demo = parse(assistantConfig('    use: echo\n', 5060, 'http://127.0.0.1:1/'));
  const { variables: _, ...route } = example.routes[0];
  expect(demo.routes).toEqual([route]);
  expect({ ...demo.tools.report_outcome, url: '' }).toEqual({ ...example.tools.report_outcome, url: '' });
});

test('the fakes know by its sound whatever the salon says', () => {
  expect(Object.values(calledSalonTexts).map(({ text }) => text)).toEqual([...calledSalonLines]);
});

test('the salon plays music to who presses two, asks, looks into the book, and leaves it to the assistant to hang up', async () => {
  const scene = new CallerScene(calledSalonTexts);
  let press = (_key: string): void => {};
  const pressed = new Promise<string>((resolve) => {
    press = resolve;
  });
  void playCalledSalon(scene.caller, pressed);
  await scene.pass(1000);
  expect(scene.done).toEqual(['menu']);
  await scene.pass(4050);
  expect(scene.done).toEqual(['menu', 'menu']);
  press('2');
  await scene.pass(1050);
  // Music is no line.
  expect(scene.done.splice(0)).toEqual(['menu', 'menu', '?']);
  await scene.pass(1050);
  expect(scene.done).toEqual(['person']);
  const answers = [speaking(true), answer];
  for (const events of [answers, [speaking(false)]]) await scene.pass(1000, ...events);
  expect(scene.done).toEqual(['person', 'moment']);
  await scene.pass(5000);
  expect(scene.done.slice(2)).toEqual(['offer']);
  for (const events of [answers, [speaking(false)]]) await scene.pass(1000, ...events);
  expect(scene.done.slice(3)).toEqual(['booked']);
  for (const events of [answers, [speaking(false)]]) await scene.pass(1000, ...events);
  scene.end();
  await scene.pass(0);
  expect(scene.done.slice(4)).toEqual(['hang up']);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('an assistant that presses nothing, or says nothing, is asked again and then hung up on', async () => {
  const silent = new CallerScene(calledSalonTexts);
  void playCalledSalon(silent.caller, new Promise(() => {}));
  await silent.pass(60_000);
  expect(silent.done).toEqual(['menu', 'menu', 'menu', 'hang up']);
  const mute = new CallerScene(calledSalonTexts);
  void playCalledSalon(mute.caller, Promise.resolve('2'));
  await mute.pass(200_000);
  const asked = (line: string) => [line, line, line];
  expect(mute.done).toEqual([
    'menu',
    '?',
    ...asked('person'),
    'moment',
    ...asked('offer'),
    ...asked('booked'),
    'hang up',
  ]);
});

test('the call went well when the key was pressed, the outcome reported, and the assistant hung up', () => {
  const tools = ['send_dtmf', 'stay_silent', 'report_outcome', 'hang_up'].map((name) => ({ name, ms: 1, ok: true }));
  const story = { endedBy: 'agent', cause: { sip: 200, text: 'normal' }, tools } as const;
  expect(assistantSucceeded(sampleRecord(story))).toBe(true);
  expect(assistantSucceeded(sampleRecord({ ...story, endedBy: 'caller' }))).toBe(false);
  expect(assistantSucceeded(sampleRecord({ ...story, tools: tools.slice(1) }))).toBe(false);
});

test('the fake’s assistant has an answer to each line, silence for what is no words, and calls no tool that is not there', () => {
  const all = ['send_dtmf', 'stay_silent', 'report_outcome', 'hang_up'];
  const turn = (heard: string, tools = all): MindTurn => ({
    cause: 'caller',
    heard,
    toolResults: [],
    instructions: '',
    tools,
  });
  const mind = assistantScript();
  const called = [...calledSalonLines, mind.guess(3000)].map((heard) => {
    const reply = mind.reply(turn(heard));
    if (reply instanceof Promise) throw new Error('it is written so that nothing is waited for');
    return [reply.text !== undefined, ...(reply.toolCalls ?? []).map(({ name }) => name)];
  });
  expect(called).toEqual([
    [false, 'send_dtmf'],
    [true],
    [false, 'stay_silent'],
    [true],
    [true, 'report_outcome', 'hang_up'],
    [false, 'stay_silent'],
  ]);
  expect(mind.reply(turn('', []))).toEqual({ text: expect.any(String) });
});

test('a report is kept as it came, unless it is endless', async () => {
  await using desk = await startOutcomeDesk();
  const post = async (body: string): Promise<number> => (await fetch(desk.url, { method: 'POST', body })).status;
  expect(await post('{"a":1}')).toBe(200);
  expect(await post('x'.repeat(70_000))).toBe(413);
  expect(desk.report).toBe('{"a":1}');
});

test('the music is as long as it is asked for, and neither silent nor clipped', () => {
  const music = holdMusic(1500);
  expect(music).toHaveLength(12_000);
  const loudest = Math.max(...music.map(Math.abs));
  expect(loudest).toBeGreaterThan(5_000);
  expect(loudest).toBeLessThan(32_000);
});
