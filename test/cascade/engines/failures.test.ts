import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, test } from 'vitest';
import { createLanguageModel } from '../../../src/cascade/engines/create-language-model.js';
import { createProviderHttp } from '../../../src/cascade/engines/language-model/provider-http.js';
import { languageModelConfig } from '../../../src/cascade/engines/language-model-config.js';
import type { LanguageModel, LanguageModelEvent } from '../../../src/cascade/stages/language-model.js';
import { startFakeAnthropic } from '../../fakes/anthropic/index.js';
import type { ModelFault } from '../../fakes/language-model/faults.js';
import type { Mind } from '../../fakes/language-model/scripted-answer.js';
import type { ModelService } from '../../fakes/language-model/service.js';
import { startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { ask, callsOf, endOf, failureOf, question, textOf } from './ask.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Provider {
  readonly name: string;
  start(mind: Mind): Promise<ModelService & { readonly baseUrl: string }>;
  readonly section: Readonly<Record<string, unknown>>;
}

const providers: readonly Provider[] = [
  { name: 'OpenAI chat', start: (mind) => startFakeOpenAiText({ mind }), section: { provider: 'openai', api: 'chat' } },
  {
    name: 'OpenAI responses',
    start: (mind) => startFakeOpenAiText({ mind }),
    section: { provider: 'openai', api: 'responses' },
  },
  { name: 'Anthropic', start: (mind) => startFakeAnthropic({ mind }), section: { provider: 'anthropic' } },
];

const spoken = { tokens: ['Grüße', ' aus', ' 東京', ' \u{1f44d}', '!'] };

function modelAt(baseUrl: string, section: Readonly<Record<string, unknown>>): LanguageModel {
  const model = createLanguageModel(languageModelConfig.parse({ apiKey: 'secret-key', baseUrl, ...section }));
  open.push(model);
  return model;
}

describe.each(providers)('$name', ({ start, section }) => {
  async function pair(more: Readonly<Record<string, unknown>> = {}, mind: Mind = () => spoken) {
    const fake = await start(mind);
    open.push(fake);
    return { fake, model: modelAt(fake.baseUrl, { ...section, ...more }) };
  }

  const named: readonly (readonly [ModelFault, string, boolean])[] = [
    ['401', 'ERR_FLAVOR_AUTH', false],
    ['404', 'ERR_FLAVOR_CONFIG', false],
    ['429', 'ERR_FLAVOR_QUOTA', true],
    ['insufficient-quota', 'ERR_FLAVOR_QUOTA', false],
    ['500', 'ERR_FLAVOR_NETWORK', true],
    ['529', 'ERR_FLAVOR_NETWORK', true],
    ['hang-up', 'ERR_FLAVOR_NETWORK', true],
    ['cut-before-first', 'ERR_FLAVOR_NETWORK', true],
    ['cut-mid-stream', 'ERR_FLAVOR_NETWORK', true],
    ['silent-end', 'ERR_FLAVOR_NETWORK', true],
    ['error-after-200', 'ERR_FLAVOR_NETWORK', true],
    ['malformed-json', 'ERR_FLAVOR_PROTOCOL', true],
    ['html', 'ERR_FLAVOR_NETWORK', true],
    ['stall-before-headers', 'ERR_FLAVOR_TIMEOUT', true],
    ['stall-before-first', 'ERR_FLAVOR_TIMEOUT', true],
    ['stall-after-first', 'ERR_FLAVOR_TIMEOUT', true],
  ];

  it.each(named)('%s is %s', async (fault, code, retryable) => {
    const impatient = fault.startsWith('stall') ? { firstTokenTimeoutMs: 200, stallTimeoutMs: 200 } : {};
    const { fake, model } = await pair({ retries: 0, ...impatient });
    // Loading the SDK takes longer than that.
    await model.warmup?.(new AbortController().signal);
    fake.fail(fault);
    const failure = await failureOf(ask(model));
    expect(failure).toMatchObject({ name: 'FlavorError', code, retryable });
    expect(String((failure as Error).message)).not.toMatch(/Friday|secret-key|Grüße/);
    expect((failure as Error).cause).toBeUndefined();
  });

  it.each(['split-utf8', 'slow-tokens', 'no-done'] as const)('%s changes nothing', async (fault) => {
    const { fake, model } = await pair();
    fake.fail(fault);
    const events = await ask(model);
    expect(textOf(events)).toBe('Grüße aus 東京 \u{1f44d}!');
    expect(endOf(events)).toEqual({ type: 'done', reason: 'completed' });
  });

  it.each(['500', '529', 'hang-up'] as const)('is asked again after %s, when nothing was said yet', async (fault) => {
    const { fake, model } = await pair();
    fake.fail(fault, { times: 1 });
    expect(textOf(await ask(model))).toBe('Grüße aus 東京 \u{1f44d}!');
    expect(fake.requests).toHaveLength(2);
  });

  it.each(['401', '429', 'cut-mid-stream'] as const)(
    'is asked only once where that helps nobody: %s',
    async (fault) => {
      const { fake, model } = await pair({ retries: 5 });
      fake.fail(fault);
      await failureOf(ask(model));
      expect(fake.requests).toHaveLength(1);
    },
  );

  it('breaks off the request at once when it is aborted, before and after the first word', async () => {
    for (const fault of ['stall-before-headers', 'stall-before-first', 'stall-after-first'] as const) {
      const { fake, model } = await pair();
      fake.fail(fault);
      const abort = new AbortController();
      const answer = failureOf(ask(model, question, abort.signal));
      await until(
        () => fake.requests.length === 1 && (fault !== 'stall-after-first' || fake.requests[0]?.tokensSent === 1),
      );
      const reason = new Error('the caller interrupts');
      abort.abort(reason);
      expect(await answer).toBe(reason);
      await until(() => fake.requests[0]?.abortedAtMs !== undefined);
    }
  });

  it('sends nothing when it was aborted before', async () => {
    const { fake, model } = await pair();
    const reason = new Error('gone');
    expect(await failureOf(ask(model, question, AbortSignal.abort(reason)))).toBe(reason);
    expect(fake.requests).toHaveLength(0);
  });

  it('breaks off the request when its reader leaves', async () => {
    const { fake, model } = await pair({}, () => ({ ...spoken, tokenMs: 50 }));
    for await (const event of model.answer(question, new AbortController().signal)) {
      if (event.type === 'text') break;
    }
    await until(() => fake.requests[0]?.abortedAtMs !== undefined);
  });

  it('shares its connections between answers', async () => {
    const { fake, model } = await pair();
    for (let turn = 0; turn < 8; turn += 1) await ask(model);
    // A question that follows at once may still meet the connection of the one before.
    expect(fake.connectionCount).toBeLessThanOrEqual(2);
    await model[Symbol.asyncDispose]();
    await until(() => fake.openConnections === 0);
  });
});

test('an address where nobody listens is a network failure, within the time for the first word', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const model = modelAt(`http://127.0.0.1:${port}/v1`, { provider: 'openai' });
  const failure = await failureOf(ask(model));
  expect(failure).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', message: expect.stringContaining('ECONNREFUSED') });
});

test.each([301, 302, 304, 308])('a body of HTTP %i that nobody reads ends no process', async (status) => {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  const server = createHttpServer((_, response) => {
    response.writeHead(status, { location: 'http://127.0.0.1/' }).end('It is elsewhere.');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await using http = createProviderHttp();
  await expect(http.fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off('uncaughtException', note);
  await new Promise((resolve) => server.close(resolve));
  expect(uncaught).toEqual([]);
});

test('a redirect is not followed: the key would go elsewhere', async () => {
  let asked = 0;
  const server = createHttpServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(307, { location: `http://${request.headers.host ?? ''}/elsewhere` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const model = modelAt(`http://127.0.0.1:${port}/v1`, { provider: 'openai' });
  expect(await failureOf(ask(model))).toMatchObject({
    code: 'ERR_FLAVOR_CONFIG',
    message: expect.stringContaining('307'),
    retryable: false,
  });
  expect(asked).toBe(1);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test('an answer without end is cut off', async () => {
  const fake = await startFakeOpenAiText();
  open.push(fake);
  fake.fail('flood');
  const http = createProviderHttp(100_000);
  open.push(http);
  const response = await http.fetch(`${fake.baseUrl}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  await expect(response.text()).rejects.toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
});

test('Azure’s filter of the question is a refusal, not a failure', async () => {
  const fake = await startFakeOpenAiText({ variant: 'azure', filtered: true });
  open.push(fake);
  const section = { provider: 'azure', endpoint: fake.baseUrl, deployment: 'front', apiKey: 'k' };
  const model = createLanguageModel(languageModelConfig.parse(section));
  open.push(model);
  const events: readonly LanguageModelEvent[] = await ask(model);
  expect(events).toEqual([{ type: 'done', reason: 'refused' }]);
});

/** A model whose answer is this stream, whatever it is asked. */
async function modelSaying(
  section: Readonly<Record<string, unknown>>,
  lines: readonly unknown[],
): Promise<LanguageModel> {
  const server = createHttpServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const line of lines) {
      const name = typeof line === 'object' && line !== null && 'type' in line ? `event: ${String(line.type)}\n` : '';
      response.write(`${name}data: ${JSON.stringify(line)}\n\n`);
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return modelAt(`http://127.0.0.1:${port}${section['provider'] === 'anthropic' ? '' : '/v1'}`, section);
}

const chat = { provider: 'openai', api: 'chat', retries: 0 };
const delta = (part: object, finish: string | null = null): object => {
  return { choices: [{ index: 0, delta: part, finish_reason: finish }] };
};

test.each([
  ['chat', chat, [null]],
  ['chat', chat, [delta({ tool_calls: 7 })]],
  ['responses', { ...chat, api: 'responses' }, [{ type: 'response.output_item.done' }]],
  ['messages', { provider: 'anthropic', retries: 0 }, [{ type: 'content_block_delta', index: 0 }]],
])('%s: what is of another shape than the API’s is no fault of the network', async (_, section, lines) => {
  expect(await failureOf(ask(await modelSaying(section, lines)))).toMatchObject({
    code: 'ERR_FLAVOR_PROTOCOL',
    message: 'the language model answered what its API does not have',
    retryable: true,
  });
});

test('of an answer in parts the text is said, and what is no text never', async () => {
  const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'They want Friday.' }] };
  const lines = [
    delta({ content: [thinking] }),
    delta({ content: [{ type: 'text', text: 'On ' }] }),
    delta({ content: 'Friday.' }),
    delta({ content: { text: 'no' }, refusal: 7 }),
    delta({}, 'stop'),
  ];
  const events = await ask(await modelSaying(chat, lines));
  expect(textOf(events)).toBe('On Friday.');
  expect(endOf(events)).toEqual({ type: 'done', reason: 'completed' });
});

test('arguments that come as the object they stand for are those of the call', async () => {
  const call = { index: 0, id: 'call_1', function: { name: 'find_slot', arguments: { day: 'friday' } } };
  const events = await ask(await modelSaying(chat, [delta({ tool_calls: [call] }, 'tool_calls')]));
  expect(callsOf(events)).toEqual([{ id: 'call_1', name: 'find_slot', arguments: { day: 'friday' } }]);
});

/** Turns of the event loop, until it is so. */
async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true);
}
