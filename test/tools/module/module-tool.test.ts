import { fileURLToPath } from 'node:url';
import { defineTool, type UserTool } from 'sip-voice-connector/tools';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type LoadedTool, loadToolModule } from '../../../src/tools/module/module-loader.js';
import { createModuleTool } from '../../../src/tools/module/module-tool.js';
import { ArgumentSchemas } from '../../../src/tools/tool-arguments.js';
import { ToolRunner } from '../../../src/tools/tool-runner.js';
import { MemoryLog } from '../../support/memory-log.js';
import { FakePhone, sampleFacts } from '../../support/tool-runner.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/tools/${name}`, import.meta.url));
const timing = { timeoutMs: 1000, filler: undefined, fillerAfterMs: 700 };

function runner(loaded: LoadedTool) {
  const log = new MemoryLog();
  const tool = createModuleTool('mine', loaded, timing, new ArgumentSchemas());
  const tools = new ToolRunner(() => [tool], { call: sampleFacts, log });
  const run = (args: unknown, signal = new AbortController().signal) =>
    tools.run({ id: 't1', name: 'mine', arguments: args, responseId: undefined }, new FakePhone(), signal);
  return { log, definition: tool.definition, run };
}

describe('a module', () => {
  test('gives its default export, which needs no import of ours', async () => {
    const { run } = runner(await loadToolModule(fixture('json-schema.mjs')));
    expect(await run({})).toEqual({ id: 't1', output: 'Hello, +441234', reply: true });
    expect(await run({ greeting: 7 })).toMatchObject({ error: expect.stringContaining('greeting must be string') });
  });

  test('may be TypeScript, with a zod schema, where Node.js strips types', async () => {
    const { definition, run } = runner(await loadToolModule(fixture('typed.ts'), true));
    expect(definition).toMatchObject({
      name: 'mine',
      description: 'Books a haircut.',
      cancellable: true,
      parameters: { type: 'object', properties: { length: { enum: ['short', 'long'], default: 'short' } } },
    });
    expect(await run({ day: '2026-03-01' })).toMatchObject({
      output: { day: '2026-03-01', length: 'short', shop: 'London' },
    });
    expect(await run({ day: 'soon' })).toMatchObject({ error: expect.stringMatching(/do not fit: day: Invalid/) });
  });

  test('may be CommonJS, compiled from ESM', async () => {
    const { run } = runner(await loadToolModule(fixture('compiled.cjs')));
    expect(await run(undefined)).toMatchObject({ output: 7 });
  });

  test.each([
    ['nowhere.mjs', /there is no file .*nowhere\.mjs$/],
    ['', /there is no file/],
    ['broken.mjs', /broken\.mjs does not load: no database \(at \/.*\/broken\.mjs:\d+:\d+\)$/],
    ['no-default.mjs', /is no tool: it has no default export/],
    ['no-run.mjs', /is no tool: its default export has no run\(\)$/],
    ['no-description.mjs', /is no tool: its default export has no description$/],
  ])('%s is refused with its reason', async (name, message) => {
    await expect(loadToolModule(fixture(name))).rejects.toMatchObject({
      code: 'ERR_TOOL_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('of TypeScript is refused by a Node.js that does not strip types, in so many words', async () => {
    await expect(loadToolModule(fixture('typed.ts'), false)).rejects.toMatchObject({
      code: 'ERR_TOOL_INVALID',
      message: expect.stringMatching(/is TypeScript, which Node\.js runs from 22\.18 on; this is v/),
    });
  });
});

describe('a tool', () => {
  test('learns whose call it is, and nothing of the phone', async () => {
    let seen: unknown;
    const { run } = runner({
      description: 'x',
      run: (_args, scope) => {
        seen = scope;
        return null;
      },
    });
    await run({});
    expect(seen).toEqual({ call: sampleFacts, log: expect.anything() });
  });

  test('without parameters takes none', async () => {
    const { definition, run } = runner({ description: 'x', run: () => 1 });
    expect(definition.parameters).toEqual({ type: 'object', properties: {}, additionalProperties: false });
    expect(await run({ a: 1 })).toMatchObject({ error: expect.stringContaining('must not have a') });
  });

  test('that fails tells the model why, and the log no more than where', async () => {
    const { log, run } = runner({
      description: 'x',
      run: () => {
        throw new RangeError('canary: Mrs Jones is no customer');
      },
    });
    expect(await run({})).toMatchObject({ error: 'canary: Mrs Jones is no customer', reply: true });
    expect(log.at('warn')).toMatchObject([
      { fields: { tool: 'mine', error: 'RangeError', at: expect.stringContaining('module-tool.test.ts') } },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('canary');
  });

  test('hears when nobody waits any more', async () => {
    const abort = new AbortController();
    const { log, run } = runner({
      description: 'x',
      run: (_args, _scope, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
    });
    const result = run({}, abort.signal);
    await Promise.resolve();
    abort.abort(new Error('The call is over.'));
    expect(await result).toMatchObject({ error: 'The call is over.' });
    expect(log.lines).toEqual([]);
  });

  test.each([
    [z.string(), /expected an object schema/],
    [z.object({ a: z.custom(() => true).transform(() => 1) }), /has no JSON Schema/],
    [{ type: 'array' }, /expected type: object/],
  ])('whose parameters cannot be shown to a model is refused', (parameters, message) => {
    const loaded: LoadedTool = { description: 'x', parameters, run: () => 1 };
    expect(() => runner(loaded)).toThrow(message);
  });
});

test('defineTool gives back what it was given, with types', () => {
  const tool: UserTool<{ day: string }> = defineTool({
    description: 'x',
    parameters: z.object({ day: z.string() }),
    run: ({ day }) => day.length,
  });
  expect(tool.description).toBe('x');
  const plain = defineTool({ description: 'y', parameters: { type: 'object' }, run: (args) => args['day'] });
  expect(plain.description).toBe('y');
});
