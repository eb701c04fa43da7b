import { describe, expect, test } from 'vitest';
import { ArgumentSchemas } from '../../src/tools/tool-arguments.js';
import { fitError, fitOutput } from '../../src/tools/tool-output.js';
import { ToolRunner } from '../../src/tools/tool-runner.js';
import { MemoryLog } from '../support/memory-log.js';
import { FakePhone, runnerOf, sampleFacts, scriptedTool } from '../support/tool-runner.js';

const call = (name: string, args: unknown = {}) => ({ id: 't1', name, arguments: args, responseId: undefined });
const { signal } = new AbortController();

test('an unknown tool is answered with the names there are', async () => {
  const runner = runnerOf(scriptedTool(async () => ({ output: 1, reply: true }), { name: 'book' }));
  expect(await runner.run(call('bok'), new FakePhone(), signal)).toEqual({
    id: 't1',
    output: null,
    error: 'There is no tool of that name; there are: book.',
    reply: true,
  });
});

test('a tool that throws at once, rejects, or gives back what is not JSON, is a result with an error', async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const runner = runnerOf(
    scriptedTool(
      () => {
        throw new Error('at once');
      },
      { name: 'throws' },
    ),
    scriptedTool(() => Promise.reject(new Error('later')), { name: 'rejects' }),
    scriptedTool(async () => ({ output: cyclic, reply: true }), { name: 'cyclic' }),
    scriptedTool(async () => ({ output: 1n, reply: true }), { name: 'bigint' }),
  );
  const error = async (name: string) => (await runner.run(call(name), new FakePhone(), signal)).error;
  expect(await error('throws')).toBe('at once');
  expect(await error('rejects')).toBe('later');
  expect(await error('cyclic')).toMatch(/circular/);
  expect(await error('bigint')).toMatch(/BigInt/);
});

test('whatever a tool throws is a result with an error, also what is no text', async () => {
  const throws = (error: unknown) => scriptedTool(() => Promise.reject(error));
  const error = async (thrown: unknown) =>
    (await runnerOf(throws(thrown)).run(call('scripted'), new FakePhone(), signal)).error;
  expect(await error(Object.assign(new Error(), { message: { code: 7 } }))).toBe('[object Object]');
  expect(await error(Object.create(null))).toBe('unknown');
  expect(await error(Symbol('gone'))).toBe('Symbol(gone)');
  expect(await error(undefined)).toBe('undefined');
});

test('a tool learns whose call it is', async () => {
  const seen: unknown[] = [];
  const runner = runnerOf(
    scriptedTool(async (_call, scope) => {
      seen.push(scope.call);
      return { output: null, reply: true };
    }),
  );
  await runner.run(call('scripted'), new FakePhone(), signal);
  expect(seen).toEqual([sampleFacts]);
});

test('tools that come later are there when they are asked for', async () => {
  const tools = [scriptedTool(async () => ({ output: 'late', reply: true }), { name: 'late' })];
  const offered: typeof tools = [];
  const runner = new ToolRunner(() => offered, { call: sampleFacts, log: new MemoryLog() });
  expect(runner.definitions).toEqual([]);
  offered.push(...tools);
  expect(runner.definitions).toHaveLength(1);
  expect(await runner.run(call('late'), new FakePhone(), signal)).toMatchObject({ output: 'late' });
});

describe('what a model gets to read', () => {
  test('JSON stays JSON, without control characters', () => {
    expect(fitOutput({ a: ['x\u0000y\u001b[31m', 1, null], b: 'line\nline\t2' })).toEqual({
      a: ['xy[31m', 1, null],
      b: 'line\nline\t2',
    });
    expect(fitOutput('half \ud800 pair')).toBe('half  pair');
    const named = fitOutput({ list: [{ 'na\ud800me\u0007': 'x', ['__proto__']: 1 }] });
    expect(JSON.stringify(named)).toBe('{"list":[{"name":"x","__proto__":1}]}');
  });

  test('nothing is null', () => {
    expect(fitOutput(undefined)).toBeNull();
    expect(fitOutput(() => 1)).toBeNull();
  });

  test('what is long becomes a text that says so, and is no longer than it may be', () => {
    const long = fitOutput({ items: Array.from({ length: 2000 }, (_, n) => ({ n, name: 'customer' })) });
    expect(long).toMatch(/^\{"items":\[\{"n":0,.*\(cut\)$/);
    expect(String(long).length).toBeLessThanOrEqual(8192);
    expect(fitOutput('é'.repeat(10), 9)).toBe('é … (cut)');
    expect(fitOutput(`${'a'.repeat(8180)}😀😀😀😀😀😀😀😀`)).not.toMatch(/\p{Surrogate}/u);
  });

  test('an error is a sentence of bounded length, and never empty', () => {
    expect(fitError('x'.repeat(10_000)).length).toBe(500);
    expect(fitError('\u0007')).toBe('The tool failed.');
  });
});

describe('arguments', () => {
  const schemas = new ArgumentSchemas();
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    properties: {
      day: { type: 'string', format: 'date' },
      service: { enum: ['cut', 'colour'], default: 'cut' },
      name: { type: 'string', maxLength: 80 },
    },
    required: ['day'],
    additionalProperties: false,
  };

  test('that fit are handed on with defaults, and the originals stay as they are', () => {
    const given = { day: '2026-03-01' };
    expect(schemas.compile(schema).check(given)).toEqual({
      ok: true,
      values: { day: '2026-03-01', service: 'cut' },
    });
    expect(given).toEqual({ day: '2026-03-01' });
  });

  test.each([
    [{}, "The arguments do not fit: the arguments must have required property 'day'."],
    [{ day: 'soon' }, 'The arguments do not fit: day must match format "date".'],
    [{ day: '2026-03-01', service: 'wash' }, 'The arguments do not fit: service must be one of cut, colour.'],
    [{ day: '2026-03-01', admin: true }, 'The arguments do not fit: the arguments must not have admin.'],
    [['2026-03-01'], 'The arguments do not fit: the arguments must be object.'],
    ['2026-03-01', 'The arguments do not fit: the arguments must be object.'],
  ])('%j do not fit, and the model is told why', (given, problem) => {
    expect(schemas.compile(schema).check(given)).toEqual({ ok: false, problem });
  });

  test('a problem never repeats a value', () => {
    const checked = schemas.compile(schema).check({ day: 'canary', service: 'canary', name: 'canary'.repeat(99) });
    expect(JSON.stringify(checked)).not.toContain('canary');
  });

  test('a tool without arguments may be called with none', () => {
    expect(schemas.compile({}).check(undefined)).toEqual({ ok: true, values: {} });
    expect(schemas.compile({}).check(null)).toEqual({ ok: true, values: {} });
  });

  test.each([
    { type: 'string' },
    { properties: { a: { type: 'text' } } },
    { required: 'day' },
    { $ref: 'http://x.test/s' },
  ])('%j is no schema for arguments', (wrong) => {
    expect(() => schemas.compile(wrong)).toThrowError(expect.objectContaining({ code: 'ERR_TOOL_INVALID' }));
  });
});
