import { afterEach, describe, expect, it, test } from 'vitest';
import { createLanguageModel } from '../../../src/cascade/engines/create-language-model.js';
import { languageModelConfig } from '../../../src/cascade/engines/language-model-config.js';
import type { LanguageModel, LanguageModelRequest } from '../../../src/cascade/stages/language-model.js';
import { type FakeAnthropic, type FakeAnthropicOptions, startFakeAnthropic } from '../../fakes/anthropic/index.js';
import { afterTool, ask, callsOf, endOf, failureOf, question, textOf, usageOf } from './ask.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function fakeOf(options: Partial<FakeAnthropicOptions> = {}): Promise<FakeAnthropic> {
  const fake = await startFakeAnthropic(options);
  open.push(fake);
  return fake;
}

function modelAt(fake: FakeAnthropic, more: Readonly<Record<string, unknown>> = {}): LanguageModel {
  const section = { provider: 'anthropic', apiKey: 'secret-key', baseUrl: fake.baseUrl, ...more };
  const model = createLanguageModel(languageModelConfig.parse(section));
  open.push(model);
  return model;
}

interface SentBlock {
  readonly type: string;
  readonly cache_control?: object;
}

function sent(fake: FakeAnthropic): Readonly<Record<string, unknown>> & {
  readonly messages: readonly { readonly role: string; readonly content: readonly SentBlock[] }[];
} {
  return fake.requests.at(-1)?.body as ReturnType<typeof sent>;
}

const friday = { id: 'toolu_1', name: 'find_slot', arguments: { day: 'friday' } };

describe('Anthropic', () => {
  it('speaks as it comes, reports its tokens, and ends once', async () => {
    const fake = await fakeOf({ apiKey: 'secret-key', mind: () => ({ text: 'Yes, at ten.' }) });
    const events = await ask(modelAt(fake));
    expect(events.map(({ type }) => type)).toEqual(['usage', 'text', 'text', 'text', 'usage', 'done']);
    expect(textOf(events)).toBe('Yes, at ten.');
    expect(usageOf(events)).toMatchObject({ 'input-tokens': expect.any(Number), 'output-tokens': 3 });
    expect(endOf(events)).toEqual({ type: 'done', reason: 'completed' });
  });

  it('calls tools whose arguments come in pieces, or not at all', async () => {
    const toolCalls = [friday, { id: 'toolu_2', name: 'find_slot', arguments: {} }];
    const events = await ask(modelAt(await fakeOf({ mind: () => ({ text: 'One moment.', toolCalls }) })));
    expect(callsOf(events)).toEqual(toolCalls);
    expect(endOf(events)).toEqual({ type: 'done', reason: 'tool-calls' });
  });

  it('makes no call of arguments that the limit has cut off', async () => {
    const toolCalls = [{ name: 'find_slot', arguments: '{"day":' }];
    const events = await ask(modelAt(await fakeOf({ mind: () => ({ toolCalls, end: 'length' }) })));
    expect(callsOf(events)).toEqual([]);
    expect(endOf(events)).toEqual({ type: 'done', reason: 'length' });
  });

  it('says that it was refused', async () => {
    const events = await ask(modelAt(await fakeOf({ mind: () => ({ text: 'I', end: 'refused' }) })));
    expect(endOf(events)).toEqual({ type: 'done', reason: 'refused' });
  });

  it('gets all results of a turn in one message, before any words, and no blank ones', async () => {
    const fake = await fakeOf();
    const messages: LanguageModelRequest['messages'] = [
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: ' \n', toolCalls: [friday, { ...friday, id: 'call:2', arguments: 'no json' }] },
      {
        role: 'tool',
        results: [
          { id: 'toolu_1', name: 'find_slot', output: '', failed: false },
          { id: 'call:2', name: 'find_slot', output: 'none', failed: true },
        ],
      },
      { role: 'assistant', text: '  ', toolCalls: [] },
      { role: 'user', text: 'And now?' },
    ];
    expect(textOf(await ask(modelAt(fake), { ...question, messages }))).toBe('Hello.');
    const turns = sent(fake).messages.map(({ role, content }) => [role, content.map(({ type }) => type).join()]);
    expect(turns).toEqual([
      ['user', 'text'],
      ['assistant', 'tool_use,tool_use'],
      ['user', 'tool_result,tool_result,text'],
    ]);
    expect(sent(fake).messages[2]?.content[1]).toMatchObject({ is_error: true });
  });

  it('must answer in words when it may not call tools, and keeps the tools for the cache', async () => {
    const fake = await fakeOf({ mind: () => ({ text: 'No.', toolCalls: [friday] }) });
    const events = await ask(modelAt(fake), { ...question, mayCallTools: false });
    expect(sent(fake)).toMatchObject({ tool_choice: { type: 'none' }, tools: [{ name: 'find_slot' }] });
    expect(callsOf(events)).toEqual([]);
  });

  it('sends no temperature, which newer models refuse, unless it is told to', async () => {
    const fake = await fakeOf();
    expect(textOf(await ask(modelAt(fake, { model: 'claude-sonnet-5' })))).toBe('Hello.');
    const failure = await failureOf(ask(modelAt(fake, { model: 'claude-sonnet-5', temperature: 0.2 })));
    expect(failure).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL', retryable: false });
    expect(textOf(await ask(modelAt(fake, { temperature: 0.2 })))).toBe('Hello.');
  });

  it('never speaks its thoughts, and gets them back unchanged while its tools run', async () => {
    const mind = (_asked: unknown, turn: number) =>
      turn === 0 ? { reasoning: 'They want Friday, über all.', toolCalls: [friday] } : { text: 'Ten.' };
    const fake = await fakeOf({ mind });
    const model = modelAt(fake, { model: 'claude-sonnet-5', thinking: 'adaptive' });
    const events = await ask(model);
    expect(textOf(events)).toBe('');
    const done = endOf(events);
    if (done?.type !== 'done' || done.opaque === undefined) throw new Error('nothing to pass back');
    const messages = [
      ...question.messages,
      { role: 'assistant' as const, text: '', toolCalls: [friday], opaque: done.opaque },
      { role: 'tool' as const, results: [{ id: 'toolu_1', name: 'find_slot', output: 'ten', failed: false }] },
    ];
    expect(textOf(await ask(model, { ...question, messages }))).toBe('Ten.');
    expect(sent(fake).messages[1]?.content.map(({ type }) => type)).toEqual([
      'thinking',
      'redacted_thinking',
      'tool_use',
    ]);
    await ask(modelAt(fake), { ...question, messages });
    expect(sent(fake).messages[1]?.content.map(({ type }) => type)).toEqual(['tool_use']);
  });
});

describe('prompt caching', () => {
  const long: LanguageModelRequest = { ...question, system: 'Know this. '.repeat(2_000) };

  it('writes the beginning once and reads it from the next turn on', async () => {
    const fake = await fakeOf();
    const model = modelAt(fake);
    const first = usageOf(await ask(model, long));
    expect(first['cache-write-tokens']).toBeGreaterThan(4_096);
    const second = usageOf(await ask(model, { ...afterTool, system: long.system }));
    expect(second['cached-tokens']).toBeGreaterThan(4_096);
    expect(second['cache-write-tokens']).toBeLessThan(200);
    const marks = JSON.stringify(sent(fake)).split('"cache_control"').length - 1;
    expect(marks).toBe(2);
  });

  it('silently does nothing for short prompts, and nothing where it is off', async () => {
    const fake = await fakeOf();
    const model = modelAt(fake);
    await ask(model);
    expect(Object.keys(usageOf(await ask(model)))).toEqual(['input-tokens', 'output-tokens']);
    await ask(modelAt(fake, { promptCaching: 'off' }), long);
    expect(JSON.stringify(sent(fake))).not.toContain('cache_control');
  });
});

test('a check asks for the model, and costs nothing', async () => {
  const signal = new AbortController().signal;
  const fake = await fakeOf({ models: ['claude-haiku-4-5'], apiKey: 'secret-key' });
  await modelAt(fake).check(signal);
  await modelAt(fake).warmup?.(signal);
  expect(fake.requests.every(({ method }) => method === 'GET')).toBe(true);
  expect(await failureOf(modelAt(fake, { model: 'claude-0' }).check(signal))).toMatchObject({
    code: 'ERR_FLAVOR_CONFIG',
  });
  expect(await failureOf(modelAt(fake, { apiKey: 'wrong' }).check(signal))).toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
});

test('what the environment holds is not sent', async () => {
  process.env['ANTHROPIC_AUTH_TOKEN'] = 'token-of-another';
  try {
    const fake = await fakeOf();
    await ask(modelAt(fake));
    expect(JSON.stringify(fake.requests[0]?.headers)).not.toContain('token-of-another');
  } finally {
    delete process.env['ANTHROPIC_AUTH_TOKEN'];
  }
});
