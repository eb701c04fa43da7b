import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cliPath, sourcePath } from './programs.js';
import type { Target } from './target.js';

export interface ConnectorOptions {
  /** The one flavor, as the configuration file has it. */
  readonly flavor: Readonly<Record<string, unknown>>;
  /** `media.engine`. */
  readonly engine?: string | undefined;
  /** The main thread computes for 30 ms in every 100, as a flavor may. */
  readonly stalling?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const NUMBER = '2001';
const READY_LIMIT_MS = 30_000;
/** Calls set up a second. */
const SETUP_RATE = 150;

/** `voice-connector run` in a process of its own, pinned to one core, everything else as an operator has it. */
export async function startConnector(options: ConnectorOptions, calls: number, cpu: number): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), 'voice-connector-bench-'));
  const file = join(directory, 'connector.yaml');
  // JSON is YAML too.
  await writeFile(file, JSON.stringify(configOf(options, calls, directory)));
  const node = [
    process.execPath,
    ...(options.stalling === true ? ['--import', sourcePath('stall.mjs')] : []),
    cliPath(),
    'run',
    '--config',
    file,
  ];
  const child = spawn('taskset', ['-c', String(cpu), ...node], {
    cwd: directory,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const target = new ConnectorTarget(child, directory);
  try {
    await target.ready();
    return target;
  } catch (error) {
    await target[Symbol.asyncDispose]();
    throw error;
  }
}

function configOf({ flavor, engine }: ConnectorOptions, calls: number, directory: string): object {
  return {
    signaling: { driver: 'embedded', embedded: { listen: ['udp:127.0.0.1:0'], allow: ['127.0.0.1/32'] } },
    media: { bind: '127.0.0.1', ...(engine !== undefined && { engine }) },
    limits: {
      calls: calls + 10,
      callsPerSecond: 1000,
      perSourcePerSecond: 1000,
      callSeconds: 3600,
      silenceSeconds: 3600,
    },
    admin: { listen: '127.0.0.1:0' },
    cdr: { path: join(directory, 'cdr.jsonl') },
    flavors: { measured: flavor },
    routes: [{ match: { to: NUMBER }, flavor: 'measured' }],
  };
}

class ConnectorTarget implements Target {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #log: string[] = [];
  readonly #closed: Promise<unknown>;
  #sip: string | undefined;

  constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#closed = once(child, 'close');
    const take = (line: string): void => this.#take(line);
    if (child.stdout) createInterface({ input: child.stdout }).on('line', take);
    if (child.stderr) createInterface({ input: child.stderr }).on('line', take);
  }

  /** `taskset` becomes the program that it starts. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get loadArgs(): readonly string[] {
    return ['--sip', this.#sip ?? '', '--user', NUMBER, '--rate', String(SETUP_RATE)];
  }

  complaint(): string {
    return this.#log.slice(-5).join('\n');
  }

  async ready(): Promise<void> {
    const deadlineMs = performance.now() + READY_LIMIT_MS;
    while (this.#sip === undefined) {
      if (this.#child.exitCode !== null || performance.now() > deadlineMs) {
        throw new Error(`the connector did not become ready:\n${this.#log.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Keeps warnings and errors, and whatever is no line of the log. */
  #take(line: string): void {
    const entry = parse(line);
    const level = entry?.['level'];
    if (level === undefined || level === 'warn' || level === 'error' || Number(level) >= 40) {
      if (this.#log.length < 200) this.#log.push(line);
    }
    const sip = entry?.['msg'] === 'ready' ? entry['sip'] : undefined;
    const [first]: unknown[] = Array.isArray(sip) ? sip : [];
    if (typeof first === 'object' && first !== null && 'port' in first) this.#sip = `127.0.0.1:${first.port}`;
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
