import { expect, onTestFinished, test, vi } from 'vitest';
import { scriptOf, startFakeOpenAiRealtime, toneVoice } from '../fakes/openai-realtime/index.js';
import { CanaryCage } from '../support/canary.js';
import { ConnectorProcess } from '../support/connector-process.js';
import { HttpServer } from '../support/http-server.js';
import { McpHttpServer } from '../support/mcp-http-server.js';
import { TestPhone } from '../support/test-phone.js';

const canaries = {
  secret: 'canary-signing-secret-71',
  header: 'canary-api-key-72',
  argument: 'canary-argument-73',
  result: 'canary-result-74',
  echoed: 'canary-echoed-75',
  provider: 'canary-provider-key-76',
};

const texts = {
  greeting: 'Hello. Press one for a haircut.',
  preamble: 'Let me see.',
  filler: 'One moment, please.',
  answer: 'There is a time at nine.',
  goodbye: 'Goodbye.',
};

/** A model that calls two tools at once, says what came of them, and then hangs up. */
const script = scriptOf(
  [
    {
      reply: {
        text: texts.preamble,
        toolCalls: [
          { name: 'find_slots', arguments: { day: canaries.argument } },
          { name: 'calendar_echo', arguments: { text: canaries.echoed } },
        ],
      },
    },
  ],
  { afterTools: { text: texts.answer, toolCalls: [{ name: 'hang_up', arguments: {} }] } },
);

test('a whole call: two tools at once, words while they take their time, one answer, and nothing of it in a log', async () => {
  const fake = await startFakeOpenAiRealtime({ script, synthesise: toneVoice });
  const calendar = await new McpHttpServer().start();
  // It takes until the caller has been asked to wait.
  const booking = await HttpServer.start(async (_request, response) => {
    await vi.waitUntil(() => fake.timeline.responses.some(({ text }) => text === texts.filler), { timeout: 20_000 });
    response.end(JSON.stringify({ slots: ['9:00'], note: canaries.result }));
  });
  onTestFinished(async () => {
    await fake.close();
    await calendar[Symbol.asyncDispose]();
    await booking[Symbol.asyncDispose]();
  });
  await using connector = await ConnectorProcess.start({
    config: {
      http: { allow: ['127.0.0.1'] },
      tools: {
        find_slots: {
          type: 'webhook',
          description: 'Finds free times.',
          parameters: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
          url: booking.url('/slots?day={{args.day}}'),
          headers: { 'X-Api-Key': canaries.header },
          secret: canaries.secret,
          filler: texts.filler,
          timeoutMs: 30_000,
        },
        calendar: { type: 'mcp', url: calendar.url },
      },
      flavors: {
        agent: { use: 'openai-realtime', url: fake.url, apiKey: canaries.provider, greeting: texts.greeting },
      },
      routes: [{ match: { any: true }, flavor: 'agent', tools: ['hang_up', 'find_slots', 'calendar'] }],
    },
  });
  await using phone = await TestPhone.dial('2000', connector.sip('udp').port, 'customer');
  expect(await phone.call.answered).toBe(true);
  await phone.call.press('1#');
  expect(await phone.call.ended).toMatchObject({ by: 'peer' });

  const record = await connector.recordOf('customer');
  expect(record).toMatchObject({ endedBy: 'agent', cause: { text: 'normal' }, error: null });
  expect(record.tools).toMatchObject([
    { name: 'calendar_echo', ok: true },
    { name: 'find_slots', ok: true },
    { name: 'hang_up', ok: true },
  ]);
  const said = (record.transcript ?? []).map(({ text }) => text);
  // The key interrupts the greeting.
  expect(said.slice(-3)).toEqual([texts.preamble, texts.filler, texts.answer]);
  const answers = fake.timeline.responses.filter(({ text }) => text === texts.answer);
  expect(answers).toMatchObject([{ status: 'completed' }]);
  expect(booking.seen).toMatchObject([{ url: `/slots?day=${canaries.argument}` }]);

  const cage = new CanaryCage();
  cage.collect('log', JSON.stringify(connector.log) + connector.errors);
  cage.collect('record', JSON.stringify(record));
  cage.expectAbsent(...Object.values(canaries));
  expect(connector.errors).toBe('');
});
