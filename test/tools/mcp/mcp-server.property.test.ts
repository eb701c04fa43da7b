import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type McpConnection,
  type McpConnectionHandlers,
  McpFailure,
  McpServer,
} from '../../../src/tools/mcp/mcp-server.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/memory-log.js';

/** Numbers that choose what happens next. */
const choices = fc.array(fc.nat(1_000_000), { minLength: 20, maxLength: 80, size: 'max' });

async function settle(turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

/** A server that answers when it is told to, and of which each connection is one that lives until it is closed. */
class World {
  readonly clock = new FakeClock();
  readonly server: McpServer;
  readonly open = new Set<McpConnection>();
  /** What is asked now is answered at once. */
  prompt = false;
  /** What has been asked and not answered. */
  readonly #asked: (() => void)[] = [];
  #handlers: McpConnectionHandlers | undefined;
  #version = 0;
  #calls = 0;

  constructor() {
    this.server = new McpServer('calendar', {
      connect: (handlers, signal) => this.#connect(handlers, signal),
      clock: this.clock,
      log: new MemoryLog(),
      random: { integer: () => 0 },
    });
  }

  get version(): string {
    return `v${this.#version}`;
  }

  /** Calls that have neither succeeded nor failed. */
  get openCalls(): number {
    return this.#calls;
  }

  answer(which = 0): void {
    const [answer] = this.#asked.splice(which % Math.max(1, this.#asked.length), 1);
    answer?.();
  }

  lose(): void {
    this.#handlers?.onLost('gone');
  }

  change(): void {
    this.#version += 1;
    if (this.open.size > 0) this.#handlers?.onToolsChanged();
  }

  call(): void {
    this.#calls += 1;
    const over = (): void => {
      this.#calls -= 1;
    };
    const { signal } = new AbortController();
    void this.server.call({ name: 'list', arguments: {}, timeoutMs: 1000 }, signal).then(over, over);
  }

  /** Everything that is asked is answered, and time goes on. */
  async calm(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      for (let left = this.#asked.length; left > 0; left -= 1) this.answer();
      await settle();
      this.clock.advance(2000);
      await settle();
    }
  }

  async #connect(handlers: McpConnectionHandlers, signal: AbortSignal): Promise<McpConnection> {
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    await Promise.race([this.#ask(() => undefined), aborted]);
    const connection: McpConnection = {
      list: () => {
        const { version } = this;
        return this.#ask(() => {
          if (!this.open.has(connection)) throw new McpFailure('lost', 'closed');
          return [{ name: version, description: '', parameters: {} }];
        });
      },
      call: () =>
        this.#ask(() => {
          throw new McpFailure('forgotten', 'HTTP 404');
        }),
      close: async () => {
        this.open.delete(connection);
      },
    };
    this.open.add(connection);
    this.#handlers = handlers;
    return connection;
  }

  #ask<Value>(make: () => Value): Promise<Value> {
    if (this.prompt) return Promise.resolve().then(make);
    return new Promise((resolve, reject) => {
      this.#asked.push(() => {
        try {
          resolve(make());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

function happen(world: World, choice: number): void {
  const rest = Math.floor(choice / 8);
  world.prompt = rest % 3 === 0;
  const events = [
    () => world.answer(rest),
    () => world.answer(rest),
    () => world.answer(rest),
    () => world.lose(),
    () => world.change(),
    () => world.call(),
    () => world.clock.advance(rest % 3000),
    () => void world.server.start(),
  ];
  events[choice % events.length]?.();
}

test('whatever a server does, its tools are those that it has now, and nothing of it is left when it is closed', async () => {
  await fc.assert(
    fc.asyncProperty(choices, async (order) => {
      const world = new World();
      void world.server.start();
      for (const choice of order) {
        happen(world, choice);
        await settle(choice % 9);
        if (world.open.size > 1) await settle();
        expect(world.open.size).toBeLessThanOrEqual(1);
      }
      await world.calm(10);
      expect(world.server.tools.map(({ name }) => name)).toEqual([world.version]);
      const disposed = world.server[Symbol.asyncDispose]();
      world.lose();
      await settle();
      expect(world.clock.pendingTimers).toBe(0);
      await world.calm(2);
      await disposed;
      expect([world.open.size, world.openCalls]).toEqual([0, 0]);
    }),
    { numRuns: 150 },
  );
});
