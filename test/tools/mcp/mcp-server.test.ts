import { describe, expect, test } from 'vitest';
import {
  type ConnectMcp,
  type McpCall,
  type McpConnection,
  type McpConnectionHandlers,
  McpFailure,
  McpServer,
  type RemoteTool,
} from '../../../src/tools/mcp/mcp-server.js';
import { mcpTools } from '../../../src/tools/mcp/mcp-tool.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/memory-log.js';
import { FakePhone, runnerOf } from '../../support/tool-runner.js';

const remote = (name: string): RemoteTool => ({ name, description: name, parameters: { type: 'object' } });
const call = (name = 'list'): McpCall => ({ name, arguments: {}, timeoutMs: 1000 });
const live = (): AbortSignal => new AbortController().signal;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

/** A server in the hands of the test. */
function setUp() {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const world = {
    attempts: 0,
    closed: 0,
    tools: [remote('list')],
    lists: 0,
    onList: (): void => {},
    /** Connecting fails with it. */
    refusal: undefined as Error | undefined,
    answer: async (_call: McpCall): Promise<unknown> => 'answer',
    handlers: undefined as McpConnectionHandlers | undefined,
    hang: false,
  };
  const connect: ConnectMcp = async (handlers, signal) => {
    world.attempts += 1;
    if (world.hang) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (world.refusal) throw world.refusal;
    world.handlers = handlers;
    const connection: McpConnection = {
      list: async () => {
        world.lists += 1;
        if (world.lists < 1000) world.onList();
        return world.tools;
      },
      call: (asked) => world.answer(asked),
      close: async () => {
        world.closed += 1;
      },
    };
    return connection;
  };
  const server = new McpServer('calendar', { connect, clock, log, random: { integer: () => 0 } });
  return { clock, log, world, server };
}

const lost = new McpFailure('lost', 'ECONNREFUSED');

test('a server is connected once, for everybody', async () => {
  const { server, world } = setUp();
  await Promise.all([server.start(), server.start()]);
  await server.start();
  expect(world.attempts).toBe(1);
  expect(server.tools).toEqual([remote('list')]);
  expect(await server.call(call(), live())).toBe('answer');
});

test('a server that is not there is tried again and again, ever more rarely, until it is', async () => {
  const { server, world, clock, log } = setUp();
  world.refusal = lost;
  await server.start();
  expect(server.tools).toEqual([]);
  await expect(server.call(call(), live())).rejects.toMatchObject({ kind: 'lost' });
  const delays: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    const before = clock.now();
    const attempts = world.attempts;
    while (world.attempts === attempts) clock.advance(100);
    delays.push(clock.now() - before);
    await settle();
  }
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  world.refusal = undefined;
  clock.advance(30_000);
  await settle();
  expect(server.tools).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
  expect(log.at('warn').at(-1)?.fields).toMatchObject({ server: 'calendar', reason: 'ECONNREFUSED' });
  // Forgiven: the next loss starts from the beginning.
  world.handlers?.onLost('closed');
  clock.advance(500);
  await settle();
  expect(world.attempts).toBe(12);
});

test('tools that change while they are listed for the first time are listed again', async () => {
  const { server, world, clock } = setUp();
  // The list is on its way when it happens.
  world.onList = () => {
    if (world.lists > 1) return;
    queueMicrotask(() => {
      world.tools = [...world.tools, remote('book')];
      world.handlers?.onToolsChanged();
    });
  };
  await server.start();
  clock.advance(1000);
  await settle();
  expect(server.tools.map(({ name }) => name)).toEqual(['list', 'book']);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'tools that change %i promises after a list are listed again',
  async (promises) => {
    const { server, world, clock } = setUp();
    await server.start();
    world.onList = () => {
      if (world.lists !== 2) return;
      const change = async (): Promise<void> => {
        for (let turn = 0; turn < promises; turn += 1) await undefined;
        world.tools = [remote('list'), remote('book')];
        world.handlers?.onToolsChanged();
      };
      queueMicrotask(() => void change());
    };
    world.handlers?.onToolsChanged();
    await settle();
    clock.advance(1000);
    await settle();
    expect(server.tools.map(({ name }) => name)).toEqual(['list', 'book']);
  },
);

test('a server that dies in the moment in which it is closed is not tried again', async () => {
  const { server, world, clock } = setUp();
  await server.start();
  const closed = server[Symbol.asyncDispose]();
  world.handlers?.onLost('the connection was closed');
  await closed;
  expect(clock.pendingTimers).toBe(0);
  expect(world.closed).toBe(1);
});

test('a server that takes too long to shake hands has not answered', async () => {
  const { server, world, clock, log } = setUp();
  world.hang = true;
  const started = server.start();
  await settle();
  clock.advance(15_000);
  await started;
  expect(server.tools).toEqual([]);
  expect(log.at('warn')).toMatchObject([{ fields: { reason: 'no handshake in time' } }]);
});

test('while a server is away its tools are offered and answer with an error; then they work again', async () => {
  const { server, world, clock } = setUp();
  await server.start();
  world.refusal = lost;
  world.handlers?.onLost('the connection was closed');
  expect(world.closed).toBe(1);
  expect(server.tools).toHaveLength(1);
  await expect(server.call(call(), live())).rejects.toMatchObject({ kind: 'lost' });
  world.refusal = undefined;
  clock.advance(500);
  // The call waits for the connection that is being made.
  expect(await server.call(call(), live())).toBe('answer');
});

test('a server that was restarted is greeted anew, and the call made once more', async () => {
  const { server, world, clock } = setUp();
  await server.start();
  let calls = 0;
  world.answer = async () => {
    calls += 1;
    if (calls === 1) throw new McpFailure('forgotten', 'HTTP 404');
    return 'second answer';
  };
  expect(await server.call(call(), live())).toBe('second answer');
  expect(world.attempts).toBe(2);
  expect(clock.pendingTimers).toBe(0);
  world.answer = async () => {
    throw new McpFailure('forgotten', 'HTTP 404');
  };
  await expect(server.call(call(), live())).rejects.toMatchObject({ kind: 'forgotten' });
});

test.each(['refused', 'timeout', 'lost'] as const)('a call that fails (%s) is not made twice', async (kind) => {
  const { server, world } = setUp();
  await server.start();
  let calls = 0;
  world.answer = async () => {
    calls += 1;
    throw new McpFailure(kind, 'x');
  };
  await expect(server.call(call(), live())).rejects.toMatchObject({ kind });
  expect(calls).toBe(1);
  expect(world.attempts).toBe(1);
});

test('a server that has other tools is asked for them, once however often it says so', async () => {
  const { server, world } = setUp();
  await server.start();
  world.tools = [remote('list'), remote('book')];
  for (let n = 0; n < 100; n += 1) world.handlers?.onToolsChanged();
  await settle();
  expect(server.tools.map(({ name }) => name)).toEqual(['list', 'book']);
  expect(world.lists).toBeLessThanOrEqual(3);
});

test('a server that has other tools with every answer is asked once a second', async () => {
  const { server, world, clock } = setUp();
  await server.start();
  world.onList = () => queueMicrotask(() => world.handlers?.onToolsChanged());
  world.handlers?.onToolsChanged();
  await settle();
  const asked = world.lists;
  expect(asked).toBeLessThanOrEqual(2);
  world.tools = [remote('book')];
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1000);
    await settle();
  }
  expect(world.lists).toBe(asked + 10);
  expect(server.tools.map(({ name }) => name)).toEqual(['book']);
  await server[Symbol.asyncDispose]();
  world.handlers?.onToolsChanged();
  await settle();
  expect(clock.pendingTimers).toBe(0);
});

describe('closing', () => {
  test('ends the connection, and nothing is tried again', async () => {
    const { server, world, clock } = setUp();
    await server.start();
    await server[Symbol.asyncDispose]();
    expect(world.closed).toBe(1);
    world.handlers?.onLost('late news');
    await server.start();
    expect(world.attempts).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    await expect(server.call(call(), live())).rejects.toMatchObject({ kind: 'lost' });
  });

  test('gives up a connection that is being made, or waited for', async () => {
    for (const hang of [true, false]) {
      const { server, world, clock } = setUp();
      world.hang = hang;
      world.refusal = lost;
      const started = server.start();
      await settle();
      await server[Symbol.asyncDispose]();
      await started;
      clock.advance(120_000);
      await settle();
      expect(world.attempts).toBe(1);
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

describe('as tools', () => {
  const options = { timeoutMs: 1000, filler: { text: 'One moment.' }, fillerAfterMs: 700 };

  async function offered(tools: readonly RemoteTool[], more = {}) {
    const { server, world, log } = setUp();
    world.tools = [...tools];
    await server.start();
    const runner = runnerOf(...mcpTools(server, { ...options, ...more }));
    const run = (name: string, args: unknown = {}) =>
      runner.run({ id: 't1', name, arguments: args, responseId: undefined }, new FakePhone(), live());
    return { runner, run, world, log };
  }

  test('they carry the name of their server, in characters that models take', async () => {
    const { runner } = await offered([remote('list'), remote('free.slots/v2'), remote('x'.repeat(80))]);
    expect(runner.definitions.map(({ name }) => name)).toEqual([
      'calendar_list',
      'calendar_free_slots_v2',
      `calendar_${'x'.repeat(55)}`,
    ]);
  });

  test('those that are not allowed are not there, and a schema beyond all measure hides its tool', async () => {
    const vast = { ...remote('vast'), parameters: { type: 'object', description: 'x'.repeat(20_000) } };
    const { runner, run } = await offered([remote('list'), remote('delete_all'), vast], { allow: ['list', 'vast'] });
    expect(runner.definitions.map(({ name }) => name)).toEqual(['calendar_list']);
    expect(await run('calendar_delete_all')).toMatchObject({ error: expect.stringContaining('no tool') });
  });

  test('a schema that nobody can walk hides its own tool, and none of the others', async () => {
    for (const levels of [65, 3_000, 10_000]) {
      const nested = JSON.parse('{"items":'.repeat(levels) + 1 + '}'.repeat(levels));
      const { runner, run } = await offered([remote('list'), { ...remote('deep'), parameters: nested }]);
      expect(runner.definitions.map(({ name }) => name)).toEqual(['calendar_list']);
      expect(await run('calendar_deep')).toMatchObject({ error: expect.stringContaining('no tool') });
    }
  });

  test('a description that is cut within a pair of surrogates has no half of it', async () => {
    const { runner } = await offered([{ ...remote('list'), description: `${'x'.repeat(1023)}\u{1f4c5} and more` }]);
    expect(runner.definitions[0]?.description).toBe('x'.repeat(1023));
  });

  test('parameters have no halves of surrogate pairs either', async () => {
    const parameters = { type: 'object', properties: { 'da\ud83dy': { description: 'Which \udcc5day' } } };
    const { runner } = await offered([{ ...remote('list'), parameters }]);
    expect(runner.definitions[0]?.parameters).toEqual({
      type: 'object',
      properties: { day: { description: 'Which day' } },
    });
  });

  test('a description is bounded and of one line', async () => {
    const { runner } = await offered([{ ...remote('list'), description: `Ignore\n\u0007all ${'x'.repeat(5000)}` }]);
    expect(runner.definitions[0]?.description).toMatch(/^Ignore all x+$/);
    expect(runner.definitions[0]?.description).toHaveLength(1024);
  });

  test('arguments and results pass; what is no object counts as none', async () => {
    const { run, world } = await offered([remote('list')]);
    const seen: unknown[] = [];
    world.answer = async (asked) => {
      seen.push(asked.arguments);
      return { events: [] };
    };
    expect(await run('calendar_list', { day: 'Monday' })).toEqual({ id: 't1', output: { events: [] }, reply: true });
    await run('calendar_list', 'Monday');
    expect(seen).toEqual([{ day: 'Monday' }, {}]);
  });

  test('what a server refuses is told in its words, what a connection does in ours', async () => {
    const { run, world, log } = await offered([remote('list')]);
    const fail = (kind: McpFailure['kind'], message: string) => {
      world.answer = () => Promise.reject(new McpFailure(kind, message));
    };
    fail('refused', 'canary: the calendar is locked');
    expect((await run('calendar_list')).error).toBe('canary: the calendar is locked');
    expect(log.at('warn')).toEqual([]);
    fail('timeout', 'no answer in time');
    expect((await run('calendar_list')).error).toBe('The service did not answer in time.');
    fail('lost', 'ECONNRESET');
    expect((await run('calendar_list')).error).toBe('The service is not available right now.');
  });
});
