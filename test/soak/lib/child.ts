import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorMessage } from '../../../src/base/connector-error.js';

/** Methods that a child process answers. Parameters and results cross by structured clone. */
export type ChildApi = { readonly [Method: string]: (params: never) => unknown };

type Params<Api extends ChildApi, Method extends keyof Api> = Parameters<Api[Method]>[0];
type Result<Api extends ChildApi, Method extends keyof Api> = Awaited<ReturnType<Api[Method]>>;

type Message =
  | { readonly type: 'request'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly message: string }
  | { readonly type: 'event'; readonly event: unknown };

/** Ticks a second of the times in `/proc/PID/stat`: fixed by the Linux kernel's interface. */
const TICKS_PER_SECOND = 100;
const EXIT_LIMIT_MS = 5_000;

/** Another process of the measurement: it does one thing and answers questions. */
export class Child<Api extends ChildApi, Event = never> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  readonly #exited: Promise<void>;
  #lastId = 0;

  private constructor(process: ChildProcess, name: string, onEvent: (event: Event) => void) {
    this.#process = process;
    process.on('message', (message: Message) => {
      if (message.type === 'event') onEvent(message.event as Event);
      else this.#settle(message);
    });
    this.#exited = new Promise((resolve) => {
      process.on('exit', (code, signal) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended: ${signal ?? code}`));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** @param module a compiled module that calls {@link serve}. */
  static start<Api extends ChildApi, Event = never>(
    module: URL,
    onEvent: (event: Event) => void = () => {},
  ): Child<Api, Event> {
    const process = fork(module, { serialization: 'advanced', execArgv: ['--expose-gc'] });
    return new Child<Api, Event>(process, module.pathname.split('/').at(-1) ?? '', onEvent);
  }

  /** Rejects with what the method threw, or when the process ends before it has answered. */
  ask<Method extends keyof Api & string>(method: Method, params: Params<Api, Method>): Promise<Result<Api, Method>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#process.send({ type: 'request', id, method, params } satisfies Message);
    return answer as Promise<Result<Api, Method>>;
  }

  /** Processor time used so far, all threads, ms. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8');
    // The name in brackets may hold anything; fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const killed = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_LIMIT_MS);
    await this.#exited;
    clearTimeout(killed);
  }

  #settle(message: Exclude<Message, { type: 'event' }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'result') waiting?.resolve(message.result);
    if (message.type === 'failure') waiting?.reject(new Error(message.message));
  }
}

/**
 * Answers a parent's questions until it disconnects; then `close` is awaited and the process ends. Returns the way to
 * tell the parent something without being asked.
 */
export function serve<Api extends ChildApi, Event = never>(
  api: Api,
  close: () => Promise<void> | void,
): (event: Event) => void {
  const send = (message: Message): void => {
    if (process.connected) process.send?.(message);
  };
  process.on('message', (message: Message) => {
    if (message.type !== 'request') return;
    const { id, method, params } = message;
    const answer = async (): Promise<unknown> => await api[method]?.(params as never);
    answer().then(
      (result) => send({ type: 'result', id, result }),
      (error: unknown) => send({ type: 'failure', id, message: errorMessage(error) }),
    );
  });
  process.on('disconnect', () => {
    void Promise.resolve(close()).finally(() => process.exit());
  });
  return (event) => send({ type: 'event', event });
}
