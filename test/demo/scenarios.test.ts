import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { CallRefused, whyRefused } from '../../src/demo/demo-call.js';
import { demoConfig } from '../../src/demo/demo-config.js';
import type { Setting } from '../../src/demo/scenario.js';
import { echoScenario } from '../../src/demo/scenarios/echo.js';
import { realtimeScenario } from '../../src/demo/scenarios/realtime.js';
import { salonLines } from '../../src/demo/scenarios/salon.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { salonUtterances } from '../fakes/openai-realtime/index.js';
import { FakeClock } from '../support/fake-clock.js';
import { sampleRecord } from '../support/sample-record.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { answer, CallerScene, speaking, tool, verdict } from './caller-scene.js';

const setting = (env: Setting['env'] = {}): Setting => ({
  env,
  tell: () => {},
  clock: new FakeClock(0),
  signal: undefined,
});
const key = { OPENAI_API_KEY: 'sk-real' };
const realtime = realtimeScenario({ model: undefined, voice: undefined });

async function load(agents: string, env: Readonly<Record<string, string>>) {
  const directory = temporaryDirectory();
  const file = join(directory, 'connector.yaml');
  writeFileSync(file, demoConfig(directory, agents));
  return loadConfig(file, { env: { ...env, DEMO_ADMIN_TOKEN: 'f'.repeat(48) }, cwd: directory });
}

test('a directory may be called what would be a reference', async () => {
  const directory = join(temporaryDirectory(), `a$\${HOME}-\${file:x}`);
  mkdirSync(directory);
  const file = join(directory, 'connector.yaml');
  const { config } = await echoScenario.open(setting());
  writeFileSync(file, demoConfig(directory, config));
  const loaded = await loadConfig(file, { env: { DEMO_ADMIN_TOKEN: 'f'.repeat(48) }, cwd: directory });
  expect(loaded).toMatchObject({ ok: true, config: { recording: { path: join(directory, 'recordings') } } });
});

test('the echo’s caller asks, presses keys, interrupts, hangs up', async () => {
  const scene = new CallerScene(echoScenario.lines);
  const stage = await echoScenario.open(setting());
  void stage.play(scene.caller);
  for (const events of [[speaking(true)], [speaking(false)]]) await scene.pass(1000, ...events);
  for (const events of [[speaking(true), answer], [speaking(false)]]) await scene.pass(1000, ...events);
  await scene.pass(1500);
  expect(scene.done).toEqual(['request', ...'4271950']);
  await scene.pass(2100, speaking(true));
  expect(scene.done.at(-1)).toBe('interruption');
  await scene.pass(1000, speaking(false), speaking(true), answer);
  await scene.pass(1000, speaking(false));
  expect(scene.done.at(-1)).toBe('hang up');
  expect(scene.clock.pendingTimers).toBe(0);
});

test('the salon’s caller books, murmurs, interrupts, says goodbye, and leaves it to the agent to hang up', async () => {
  const scene = new CallerScene(salonLines);
  await using stage = await realtime.open(setting(key));
  let played = false;
  void stage.play(scene.caller).then(() => {
    played = true;
  });
  const answers = [speaking(true), answer];
  for (const events of [[speaking(true)], [speaking(false)]]) await scene.pass(1000, ...events);
  for (const events of [answers, [speaking(false)]]) await scene.pass(1000, ...events);
  expect(scene.done).toEqual(['request', 'day']);
  for (const events of [answers, [speaking(false), tool], [speaking(true)], [speaking(false)]]) {
    await scene.pass(1000, ...events);
  }
  expect(scene.done.slice(2)).toEqual(['question']);
  await scene.pass(2600, ...answers);
  expect(scene.done.slice(3)).toEqual(['murmur']);
  await scene.pass(2400, verdict(true));
  expect(scene.done.slice(4)).toEqual([]);
  await scene.pass(200);
  expect(scene.done.slice(4)).toEqual(['interruption']);
  await scene.pass(1000, speaking(false), verdict(false));
  for (const events of [answers, [speaking(false)]]) await scene.pass(1000, ...events);
  expect(scene.done.slice(5)).toEqual(['goodbye']);
  for (const events of [answers, [speaking(false)]]) await scene.pass(1000, ...events);
  scene.end();
  await scene.pass(0);
  expect(played).toBe(true);
  expect(scene.done.slice(6)).toEqual(['hang up']);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('an agent that does not hang up is hung up on', async () => {
  const scene = new CallerScene(salonLines);
  await using stage = await realtime.open(setting(key));
  void stage.play(scene.caller);
  await scene.pass(200_000);
  expect(scene.done).toEqual([...Object.keys(salonLines), 'hang up']);
});

test('the fake knows by its sound whatever the salon’s caller says', () => {
  for (const line of Object.values(salonLines)) expect(salonUtterances).toContainEqual(line);
});

test('both configurations are valid; a key stands in none of them', async () => {
  const echo = await echoScenario.open(setting());
  expect((await load(echo.config, echo.env)).ok).toBe(true);
  await using stage = await realtimeScenario({ model: 'gpt-x', voice: 'cedar' }).open(setting(key));
  expect(stage.config).not.toContain('sk-real');
  const loaded = await load(stage.config, stage.env);
  expect(loaded.ok && loaded.config.flavors['salon']?.options).toEqual({
    apiKey: 'sk-real',
    model: 'gpt-x',
    voice: 'cedar',
  });
  expect(stage.agent).toContain('the real service');
});

test('without a key, a server named in the environment answers', async () => {
  await using stage = await realtime.open(setting({ OPENAI_REALTIME_URL: 'ws://127.0.0.1:9/v1/realtime' }));
  const loaded = await load(stage.config, stage.env);
  expect(loaded.ok && loaded.config.flavors['salon']?.options).toEqual({
    apiKey: 'none',
    url: 'ws://127.0.0.1:9/v1/realtime',
  });
});

test('who left an address in the environment at which nobody listens is told of it, and of no password in it', async () => {
  const url = 'ws://user:sesame@127.0.0.1:9/v1/realtime?key=sesame';
  await using stage = await realtime.open(setting({ OPENAI_REALTIME_URL: url }));
  const error = { code: 'ERR_FLAVOR_NETWORK', message: 'cannot reach 127.0.0.1:9' };
  const refusal = whyRefused(new CallRefused('the call was not answered: 503'), { error }, stage.remedy);
  expect(refusal.message).toMatch(
    /^the call was not answered: 503: cannot reach 127.0.0.1:9 \(ERR_FLAVOR_NETWORK\)\nOPENAI_REALTIME_URL is ws:\/\/127.0.0.1:9\/v1\/realtime: .*unset/,
  );
  expect(refusal.message).not.toContain('sesame');
  await using real = await realtime.open(setting(key));
  expect(real.remedy).toContain('OPENAI_API_KEY');
  expect(whyRefused(new CallRefused('no'), { error: null }, undefined).message).toBe('no');
});

const story = {
  endedBy: 'agent',
  cause: { sip: 200, text: 'normal' },
  bargeIns: [true, false].map((resumed) => ({ onsetMs: 1, onsetToPauseMs: 1, decisionToSilenceMs: 1, resumed })),
  turns: [{ stages: {}, interrupted: true, heardMs: 1, startedMs: 1, endedMs: 2 }],
  tools: [{ name: 'find_slots', ms: 1500, ok: true }],
} as const satisfies Partial<CallRecord>;

test('the salon’s call went well when everything came about that it is to show', async () => {
  await using stage = await realtime.open(setting(key));
  expect(stage.succeeded(sampleRecord(story))).toBe(true);
  for (const [what, changes] of [
    ['the caller hung up', { endedBy: 'caller' }],
    ['it ended otherwise', { cause: { sip: 200, text: 'flavor-error' } }],
    ['nothing was resumed', { bargeIns: story.bargeIns.slice(1) }],
    ['nothing was interrupted', { turns: [] }],
    ['nothing was looked up', { tools: [] }],
    ['the look-up failed', { tools: [{ name: 'find_slots', ms: 1, ok: false }] }],
  ] as const) {
    expect(stage.succeeded(sampleRecord({ ...story, ...changes })), what).toBe(false);
  }
});
