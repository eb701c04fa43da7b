import { afterAll, expect, test } from 'vitest';
import { echoConfigSchema } from '../../../flavors/echo/config.js';
import echo from '../../../flavors/echo/index.js';
import { createFliteVoice } from '../../../src/cascade/index.js';
import type { FlavorEvent } from '../../../src/flavor-api/index.js';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { hangUp } from './call.js';
import { turnsHarness } from './echo-harness.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const format = { encoding: 'pcm16', sampleRate: 16000 } as const;

/** One voice for all flavors that the kit makes: its thread takes longer to start than most checks. */
const voice = createFliteVoice({ voice: 'slt' });

afterAll(async () => {
  await voice[Symbol.asyncDispose]();
});

const shared = () => ({ speak: voice.speak.bind(voice), [Symbol.asyncDispose]: async () => undefined });

test('the talking echo keeps the whole contract with its real voice', { timeout: 400_000 }, async () => {
  const report = await runContractTests(turnsHarness(shared));
  expect(report.conforms, formatReport(report)).toBe(true);
});

test('the greeting is ready when the call is answered, and shorter than 4 s', async () => {
  await using flavor = await echo.create(echoConfigSchema.parse({}), { log: silent, now: () => 0 });
  await flavor.warmup?.(new AbortController().signal);
  const controller = new AbortController();
  const session = await flavor.open({
    id: 'call-1',
    signal: controller.signal,
    direction: 'inbound',
    from: '',
    to: '2000',
    headers: new Map(),
    variables: {},
    input: format,
    output: format,
    tools: [hangUp],
    history: [],
    render: (text) => text,
    log: silent,
  });
  const events: FlavorEvent[] = [];
  void (async () => {
    for await (const event of session.events) events.push(event);
  })();
  session.start();
  // Not even a turn of the event loop passes between the answer and the whole greeting.
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
  const bytes = events.reduce((sum, event) => sum + (event.type === 'audio' ? event.data.length : 0), 0);
  expect(events.at(-1)?.type).toBe('audio-done');
  expect(bytes / 32).toBeGreaterThan(1_000);
  expect(bytes / 32).toBeLessThan(4_000);
  controller.abort();
});
