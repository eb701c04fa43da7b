import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Clock } from '../base/clock.js';
import { pause } from './call-watch.js';

/** Where the build puts the fakes. They are not part of the published package. */
const FAKES = new URL('../../test/fakes/main.js', import.meta.url);

/** Longest time for its start, ms: it speaks all that its callers may say. */
const START_MS = 60_000;
/** Longest time for an answer, and for its end once it was told to, ms. */
const ANSWER_MS = 2_000;

const ready = z.object({ url: z.url({ protocol: /^(?:ws|http)$/ }) });

const account = z.object({
  timeline: z.object({
    truncations: z.array(z.object({ audioEndMs: z.number(), audioMs: z.number(), refused: z.boolean() })),
  }),
});

/** What the fake was told in the call. */
export interface FakeAccount {
  /** Where its speech was cut off, and how much of it there was, ms. */
  readonly cuts: readonly { readonly audioEndMs: number; readonly audioMs: number }[];
}

/** A fake provider in a process of its own, ended when disposed of, and with this process. */
export interface FakeProvider extends AsyncDisposable {
  readonly url: string;
  /** From now on it fails in this way, as `npm run fake` knows it. */
  fail(fault: string): void;
  /** `undefined` if it does not say. */
  account(): Promise<FakeAccount | undefined>;
}

export interface FakeProviderOptions {
  /** As `npm run fake` knows it. */
  readonly name: string;
  /** Which of its kinds. */
  readonly variant?: string;
  /** Which of its scripts. */
  readonly script?: string;
  /** The program; another one is of use to tests only. */
  readonly program?: URL;
  readonly clock: Clock;
}

/** Starts a fake. Rejects when there is none, when it ends or does not say in time where it listens, and with the reason of `signal`. */
export async function startFakeProvider(options: FakeProviderOptions, signal?: AbortSignal): Promise<FakeProvider> {
  const { name, variant, script, program = FAKES, clock } = options;
  const path = fileURLToPath(program);
  if (!existsSync(path)) {
    throw new Error(
      `the fake of ${name} is not part of the package: it comes with a clone of the repository. ` +
        'With OPENAI_API_KEY set, the demo calls the real service.',
    );
  }
  signal?.throwIfAborted();
  const kind = [
    ...(variant === undefined ? [] : ['--variant', variant]),
    ...(script === undefined ? [] : ['--script', script]),
  ];
  // The channel is how it learns that this process is gone, whatever ended it.
  const child = spawn(process.execPath, [path, name, ...kind, '--port', '0', '--json'], {
    stdio: ['pipe', 'pipe', 'ignore', 'ipc'],
  });
  const fake = new ChildFake(child, clock);
  try {
    await fake.start(signal);
    return fake;
  } catch (error) {
    await fake[Symbol.asyncDispose]();
    signal?.throwIfAborted();
    throw error;
  }
}

class ChildFake implements FakeProvider {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #exited: Promise<unknown>;
  readonly #lines: Interface | undefined;
  #url = '';

  constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.#exited = once(child, 'exit').catch(() => {});
    this.#lines = child.stdout ? createInterface({ input: child.stdout }) : undefined;
    // A fake that ends early breaks the pipe; its end is what is reported.
    child.stdin?.on('error', () => {});
  }

  get url(): string {
    return this.#url;
  }

  async start(signal: AbortSignal | undefined): Promise<void> {
    const line = await this.#line(START_MS, signal);
    const said = ready.safeParse(parsed(line));
    if (!said.success) throw new Error('the fake provider did not start');
    this.#url = said.data.url;
  }

  fail(fault: string): void {
    this.#child.stdin?.write(`${fault}\n`);
  }

  async account(): Promise<FakeAccount | undefined> {
    if (this.#child.exitCode !== null) return undefined;
    const answer = this.#line(ANSWER_MS);
    this.#child.stdin?.write('timeline\n');
    const told = account.safeParse(parsed(await answer));
    return told.success ? { cuts: told.data.timeline.truncations.filter(({ refused }) => !refused) } : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines?.close();
    this.#child.kill('SIGTERM');
    await pause(ANSWER_MS, this.#clock, this.#exited);
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** The next line it prints; `undefined` when none comes. */
  async #line(patienceMs: number, signal?: AbortSignal): Promise<string | undefined> {
    let line: string | undefined;
    const next = new Promise<void>((resolve) => {
      this.#lines?.once('line', (text) => {
        line = text;
        resolve();
      });
    });
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    await pause(patienceMs, this.#clock, Promise.race([next, this.#exited, aborted]));
    return line;
  }
}

function parsed(line: string | undefined): unknown {
  try {
    return line === undefined ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}
