import { afterEach, describe, expect, it, test } from 'vitest';
import { createLanguageModel } from '../../../src/cascade/engines/create-language-model.js';
import { languageModelConfig } from '../../../src/cascade/engines/language-model-config.js';
import type { LanguageModel, LanguageModelRequest } from '../../../src/cascade/stages/language-model.js';
import { type FakeOpenAiText, type FakeOpenAiTextOptions, startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { afterTool, ask, callsOf, endOf, failureOf, question, textOf, usageOf } from './ask.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function fakeOf(options: Partial<FakeOpenAiTextOptions> = {}): Promise<FakeOpenAiText> {
  const fake = await startFakeOpenAiText(options);
  open.push(fake);
  return fake;
}

function modelAt(fake: FakeOpenAiText, more: Readonly<Record<string, unknown>> = {}): LanguageModel {
  const provider = { openai: 'openai', azure: 'azure', ollama: 'openai-compatible', 'llama.cpp': 'openai-compatible' };
  const base = fake.variant === 'azure' ? { endpoint: fake.baseUrl, deployment: 'front' } : { baseUrl: fake.baseUrl };
  const model = createLanguageModel(
    languageModelConfig.parse({
      provider: provider[fake.variant],
      apiKey: 'secret-key',
      ...base,
      ...(provider[fake.variant] === 'openai-compatible' && { model: 'llama' }),
      ...more,
    }),
  );
  open.push(model);
  return model;
}

/** The body of the last request. */
function sent(fake: FakeOpenAiText): Readonly<Record<string, unknown>> {
  return fake.requests.at(-1)?.body as Readonly<Record<string, unknown>>;
}

const apis = ['chat', 'responses'] as const;

describe.each(apis)('OpenAI, %s', (api) => {
  it('speaks as it comes, reports its tokens, and ends once', async () => {
    const fake = await fakeOf({ mind: () => ({ text: 'Yes, at ten.' }) });
    const events = await ask(modelAt(fake, { api }));
    expect(events.filter(({ type }) => type === 'text').length).toBe(3);
    expect(textOf(events)).toBe('Yes, at ten.');
    expect(usageOf(events)).toMatchObject({ 'input-tokens': expect.any(Number), 'output-tokens': 3 });
    expect(endOf(events)).toEqual({ type: 'done', reason: 'completed' });
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(1);
  });

  it('calls tools whose arguments come in pieces, several of them, and none with nothing to say', async () => {
    const calls = [
      { id: 'call_a', name: 'find_slot', arguments: { day: 'friday', note: 'über' } },
      { id: 'call_b', name: 'find_slot', arguments: '' },
    ];
    const events = await ask(modelAt(await fakeOf({ mind: () => ({ toolCalls: calls }) }), { api }));
    expect(callsOf(events)).toEqual([calls[0], { id: 'call_b', name: 'find_slot', arguments: {} }]);
    expect(endOf(events)).toMatchObject({ type: 'done', reason: 'tool-calls' });
  });

  it('passes on arguments that are no JSON as they are', async () => {
    const fake = await fakeOf({ mind: () => ({ toolCalls: [{ name: 'find_slot', arguments: '{"day": fri' }] }) });
    expect(callsOf(await ask(modelAt(fake, { api })))).toMatchObject([{ arguments: '{"day": fri' }]);
  });

  it('passes on arguments that nobody can walk as they are', async () => {
    const written = `{"day":${'['.repeat(3_000)}${']'.repeat(3_000)}}`;
    const fake = await fakeOf({ mind: () => ({ toolCalls: [{ name: 'find_slot', arguments: written }] }) });
    expect(callsOf(await ask(modelAt(fake, { api })))).toMatchObject([{ arguments: written }]);
  });

  it('is cut off by the limit without a call whose arguments are cut off too', async () => {
    const toolCalls = [{ name: 'find_slot', arguments: '{"day":' }];
    const fake = await fakeOf({ mind: () => ({ text: 'Well', toolCalls, end: 'length' }) });
    const events = await ask(modelAt(fake, { api }));
    expect(callsOf(events)).toEqual([]);
    expect(endOf(events)).toMatchObject({ reason: 'length' });
  });

  it('says that it was refused', async () => {
    const fake = await fakeOf({ mind: () => ({ text: 'I', end: 'refused' }) });
    expect(endOf(await ask(modelAt(fake, { api })))).toMatchObject({ reason: 'refused' });
  });

  it('knows the results of its tools', async () => {
    const asked: string[] = [];
    const fake = await fakeOf({
      mind: ({ dialogue }) => {
        asked.push(...dialogue);
        return { text: 'Ten.' };
      },
    });
    await ask(modelAt(fake, { api }), afterTool);
    expect(asked).toEqual([
      'user: Hello, is there a slot on Friday?',
      'assistant: One moment.',
      'assistant calls find_slot({"day":"friday"})',
      'tool: {"slot":"10:00"}',
    ]);
  });

  it('must answer in words when it may not call tools', async () => {
    const fake = await fakeOf({ mind: () => ({ text: 'No.', toolCalls: [{ name: 'find_slot', arguments: {} }] }) });
    const events = await ask(modelAt(fake, { api }), { ...question, mayCallTools: false });
    expect(sent(fake)['tool_choice']).toBe('none');
    expect(callsOf(events)).toEqual([]);
  });

  it('takes the calls of another provider, whatever their ids', async () => {
    const id = 'x:y/'.repeat(20);
    const messages = [
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: ' ', toolCalls: [{ id, name: 'find_slot', arguments: 'no json' }] },
      { role: 'tool', results: [{ id, name: 'find_slot', output: 'none', failed: true }] },
      { role: 'assistant', text: '', toolCalls: [] },
      { role: 'user', text: 'And now?' },
    ] as const;
    const fake = await fakeOf();
    expect(textOf(await ask(modelAt(fake, { api }), { ...question, messages }))).toBe('Hello.');
  });

  it('sends no temperature to models that refuse one, unless it is told to', async () => {
    const fake = await fakeOf();
    const model = modelAt(fake, { api, model: 'gpt-5-mini', reasoningEffort: 'minimal' });
    expect(textOf(await ask(model))).toBe('Hello.');
    const failure = await failureOf(ask(modelAt(fake, { api, model: 'gpt-5-mini', temperature: 0.2 })));
    expect(failure).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL', retryable: false });
  });

  it('pays less for what the provider has cached', async () => {
    const fake = await fakeOf();
    const model = modelAt(fake, { api });
    const long = { ...question, tools: [], system: 'Know this. '.repeat(600) };
    const first = usageOf(await ask(model, long));
    const second = usageOf(await ask(model, long));
    expect(first).not.toHaveProperty('cached-tokens');
    expect(second['cached-tokens']).toBeGreaterThan(1_000);
    expect((second['cached-tokens'] ?? 0) + (second['input-tokens'] ?? 0)).toBe(first['input-tokens']);
  });
});

test('what only OpenAI knows is not sent to others', async () => {
  const openai = await fakeOf();
  await ask(modelAt(openai));
  expect(sent(openai)).toMatchObject({
    max_completion_tokens: 1_024,
    parallel_tool_calls: true,
    stream_options: { include_usage: true, include_obfuscation: false },
  });
  const ollama = await fakeOf({ variant: 'ollama' });
  await ask(modelAt(ollama));
  expect(sent(ollama)).toMatchObject({ max_tokens: 1_024, stream_options: { include_usage: true } });
  expect(Object.keys(sent(ollama))).not.toContain('parallel_tool_calls');
  expect(sent(ollama)['stream_options']).not.toHaveProperty('include_obfuscation');
});

test('nothing is stored at OpenAI, and nothing of the environment is sent', async () => {
  process.env['OPENAI_ORG_ID'] = 'org-of-another';
  try {
    const fake = await fakeOf({ apiKey: 'secret-key' });
    await ask(modelAt(fake, { api: 'responses' }));
    expect(sent(fake)).toMatchObject({ store: false });
    expect(fake.requests[0]?.headers).not.toHaveProperty('openai-organization');
    expect(fake.requests[0]?.headers.authorization).toBe('Bearer secret-key');
  } finally {
    delete process.env['OPENAI_ORG_ID'];
  }
});

test('what a model thought comes back with the results of its calls, and goes to no other model', async () => {
  const toolCalls = [{ id: 'call_1', name: 'find_slot', arguments: { day: 'friday' } }];
  const fake = await fakeOf({
    mind: (_asked, turn) => (turn === 0 ? { reasoning: 'hm', toolCalls } : { text: 'Ten.' }),
  });
  const config = { api: 'responses', model: 'gpt-5-mini', reasoningEffort: 'low' };
  const events = await ask(modelAt(fake, config));
  expect(textOf(events)).toBe('');
  const done = endOf(events);
  if (done?.type !== 'done' || done.opaque === undefined) throw new Error('nothing to pass back');
  const calls = events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : []));
  const again: LanguageModelRequest = {
    ...question,
    messages: [
      ...question.messages,
      { role: 'assistant', text: '', toolCalls: calls, opaque: done.opaque },
      { role: 'tool', results: [{ id: 'call_1', name: 'find_slot', output: 'ten', failed: false }] },
    ],
  };
  expect(textOf(await ask(modelAt(fake, config), again))).toBe('Ten.');
  const types = (): unknown[] => (sent(fake)['input'] as { type?: string }[]).map(({ type }) => type);
  expect(types()).toEqual([undefined, 'reasoning', 'function_call', 'function_call_output']);
  await ask(modelAt(fake, { ...config, model: 'gpt-5' }), again);
  expect(types()).toEqual([undefined, 'function_call', 'function_call_output']);
});

describe('servers of one’s own', () => {
  it('takes Ollama’s calls, which come whole and all with the same index', async () => {
    const toolCalls = [
      { id: 'call_aaaaaaaa', name: 'find_slot', arguments: { day: 'friday' } },
      { id: 'call_bbbbbbbb', name: 'find_slot', arguments: { day: 'monday' } },
    ];
    const fake = await fakeOf({ variant: 'ollama', mind: () => ({ toolCalls }) });
    expect(callsOf(await ask(modelAt(fake)))).toEqual(toolCalls);
  });

  it.each(['ollama', 'llama.cpp'] as const)('never speaks what a model of %s thinks', async (variant) => {
    const fake = await fakeOf({ variant, mind: () => ({ reasoning: 'The caller wants', text: 'At ten.' }) });
    const events = await ask(modelAt(fake));
    expect(textOf(events)).toBe('At ten.');
    expect(endOf(events)).toEqual({ type: 'done', reason: 'completed' });
  });

  it('never speaks thoughts that are written into the answer', async () => {
    const tokens = ['<th', 'ink>', 'The caller', ' wants</', 'think>\n\n', 'At', ' ten.'];
    const fake = await fakeOf({ variant: 'llama.cpp', mind: () => ({ tokens }) });
    expect(textOf(await ask(modelAt(fake)))).toBe('At ten.');
    const other = await fakeOf({ variant: 'llama.cpp', mind: () => ({ tokens: ['<', 'b> is', ' a tag'] }) });
    expect(textOf(await ask(modelAt(other)))).toBe('<b> is a tag');
  });

  it('shows no tools where none may be called: the server would not know', async () => {
    const fake = await fakeOf({ variant: 'ollama' });
    await ask(modelAt(fake), { ...question, mayCallTools: false });
    expect(sent(fake)).not.toHaveProperty('tools');
  });

  it('names what is wrong: a model that was not pulled, a key of llama.cpp, a server that still loads', async () => {
    const ollama = await fakeOf({ variant: 'ollama', models: ['qwen3'] });
    expect(await failureOf(ask(modelAt(ollama)))).toMatchObject({ code: 'ERR_FLAVOR_CONFIG', retryable: false });
    const llama = await fakeOf({ variant: 'llama.cpp', apiKey: 'other' });
    expect(await failureOf(ask(modelAt(llama)))).toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
    const loading = await fakeOf({ variant: 'llama.cpp' });
    loading.fail('503');
    const failure = await failureOf(ask(modelAt(loading, { retries: 0 })));
    expect(failure).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  });
});

describe('Azure', () => {
  it.each([
    [undefined, '/openai/v1/chat/completions'],
    ['2024-10-21', '/openai/deployments/front/chat/completions?api-version=2024-10-21'],
  ])('finds the deployment with api-version %s', async (apiVersion, path) => {
    const fake = await fakeOf({ variant: 'azure', apiKey: 'secret-key', models: ['front'] });
    const model = modelAt(fake, { model: 'gpt-4.1-mini', ...(apiVersion !== undefined && { apiVersion }) });
    expect(model.identity).toEqual({ provider: 'azure', model: 'gpt-4.1-mini' });
    expect(textOf(await ask(model))).toBe('Hello.');
    const request = fake.requests.at(-1);
    expect(request?.path).toBe(path);
    expect(request?.headers['api-key']).toBe('secret-key');
    expect(request?.headers).not.toHaveProperty('authorization');
  });

  it('wants a resource or an endpoint', () => {
    const config = languageModelConfig.parse({ provider: 'azure', apiKey: 'k', deployment: 'd' });
    expect(() => createLanguageModel(config)).toThrow(expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG' }));
  });
});

test('a check asks for the model, and costs nothing', async () => {
  const signal = new AbortController().signal;
  const fake = await fakeOf({ models: ['gpt-4.1-mini'], apiKey: 'secret-key' });
  await modelAt(fake).check(signal);
  await modelAt(fake).warmup?.(signal);
  expect(fake.requests.every(({ method }) => method === 'GET')).toBe(true);
  expect(await failureOf(modelAt(fake, { model: 'gpt-0' }).check(signal))).toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  expect(await failureOf(modelAt(fake, { apiKey: 'wrong' }).check(signal))).toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
});
