import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CallRecord } from '../../src/ops/call-record.js';
import type { ListeningAddress } from '../../src/signaling/port.js';

/** A line of the connector's log: pino's JSON. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface ConnectorProcessOptions {
  /** Sections of the configuration that replace the default ones (design section 5). */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Built, this file stands in `dist/` itself. */
const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url)).replace('/dist/dist/', '/dist/');
/** Two seconds on a quiet machine; the rest is for busy ones. */
const READY_LIMIT_MS = 60_000;
const EXIT_LIMIT_MS = 60_000;
const RECORD_LIMIT_MS = 60_000;
const POLL_MS = 20;

const ADMIN_TOKEN = 'token-of-a-test-that-is-long-enough';

/** Listens on ephemeral ports of loopback only, and says all it knows in the call record. */
function defaultConfig(directory: string): Readonly<Record<string, unknown>> {
  return {
    signaling: {
      driver: 'embedded',
      embedded: {
        listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0', 'udp:[::1]:0'],
        allow: ['127.0.0.1/32', '::1/128'],
      },
    },
    admin: { listen: '127.0.0.1:0', token: ADMIN_TOKEN },
    cdr: { path: join(directory, 'data', 'cdr.jsonl'), include: ['transcript', 'heardText', 'dtmf'] },
    flavors: { bare: { use: 'echo', mode: 'immediate' }, talking: { use: 'echo', mode: 'turns' } },
    routes: [
      { match: { to: '2000' }, flavor: 'talking' },
      { match: { to: '2001' }, flavor: 'bare' },
      { match: { to: '2010' }, flavor: 'bare', answer: { delayMs: 1_000 } },
      { match: { to: '2011' }, flavor: 'bare', answer: { delayMs: 1_000, earlyMedia: true } },
      { match: { any: true }, reject: 404 },
    ],
  };
}

function isListeningAddress(value: unknown): value is ListeningAddress {
  return typeof value === 'object' && value !== null && 'protocol' in value && 'address' in value && 'port' in value;
}

/**
 * A connector of its own process, as an operator runs it (`node dist/src/cli.js run --config FILE`), in a directory of
 * its own below the system's temporary one.
 */
export class ConnectorProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #log: LogLine[] = [];
  #errors = '';
  #ready = false;
  /** Empty where a server in front of it takes the calls. */
  #listening: readonly ListeningAddress[] = [];
  #adminOrigin = '';
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#exited = new Promise((resolve) => child.on('close', resolve));
    let rest = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#takeLine(line);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString('utf8');
    });
  }

  /** Resolves once it can take calls; throws with its output when it ends or is not ready in time. */
  static async start(options: ConnectorProcessOptions = {}): Promise<ConnectorProcess> {
    if (!existsSync(cli)) throw new Error(`${cli} is missing: run \`npm run build\` first`);
    const directory = mkdtempSync(join(tmpdir(), 'voice-connector-'));
    mkdirSync(join(directory, 'data'));
    const file = join(directory, 'connector.yaml');
    // JSON is YAML too.
    writeFileSync(file, JSON.stringify({ ...defaultConfig(directory), ...options.config }, undefined, 2));
    const child = spawn(process.execPath, [cli, 'run', '--config', file], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const connector = new ConnectorProcess(child, directory);
    try {
      await connector.#waitFor(() => connector.#ready, READY_LIMIT_MS, 'did not become ready');
      return connector;
    } catch (error) {
      await connector[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where it takes calls: the first address of that kind. */
  sip(protocol: 'udp' | 'tcp', family: 4 | 6 = 4): { readonly address: string; readonly port: number } {
    const found = this.listening.find(
      (listening) => listening.protocol === protocol && listening.address.includes(':') === (family === 6),
    );
    if (!found) throw new Error(`the connector does not listen on ${protocol}, IPv${family}`);
    return found;
  }

  /** Everywhere it takes calls. */
  get listening(): readonly ListeningAddress[] {
    return this.#listening;
  }

  /** Where its admin interface is: `http://127.0.0.1:8080`. */
  get adminOrigin(): string {
    return this.#adminOrigin;
  }

  /** All of its log so far, in order. */
  get log(): readonly LogLine[] {
    return this.#log;
  }

  /** What it wrote to standard error: nothing, when all is well. */
  get errors(): string {
    return this.#errors;
  }

  /** One request to the admin interface; the body as JSON. Throws on any status but 2xx. */
  async admin(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const response = await fetch(`${this.#adminOrigin}${path}`, { method, headers });
    const body = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body}`);
    return body === '' ? undefined : JSON.parse(body);
  }

  /** The call records written so far. */
  records(): readonly CallRecord[] {
    const file = join(this.#directory, 'data', 'cdr.jsonl');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line): CallRecord => JSON.parse(line));
  }

  /** The one record of the caller with that From user; throws when none is written in time, or when there are more. */
  async recordOf(caller: string): Promise<CallRecord> {
    const own = (): readonly CallRecord[] => this.records().filter(({ from }) => from.includes(caller));
    await this.#waitFor(() => own().length > 0, RECORD_LIMIT_MS, `wrote no call record of ${caller}`);
    const [record, ...others] = own();
    if (!record || others.length > 0) throw new Error(`there are ${others.length + 1} call records of ${caller}`);
    return record;
  }

  /** Asks it to end, as a service manager would. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** Its exit code, once it has ended by itself; `null` when a signal ended it. */
  async exited(): Promise<number | null> {
    await this.#waitFor(
      () => this.#child.exitCode !== null || this.#child.signalCode !== null,
      EXIT_LIMIT_MS,
      'runs on',
    );
    return await this.#exited;
  }

  /** Ends it whatever it does, and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #waitFor(condition: () => boolean, limitMs: number, complaint: string): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (!condition()) {
      const ended = this.#child.exitCode ?? this.#child.signalCode;
      if (ended !== null || performance.now() > deadlineMs) {
        const output = [...this.#log.slice(-20).map((line) => JSON.stringify(line)), this.#errors].join('\n');
        throw new Error(`the connector ${complaint}${ended === null ? '' : ` and ended with ${ended}`}:\n${output}`);
      }
      await sleep(POLL_MS);
    }
  }

  #takeLine(line: string): void {
    let entry: LogLine;
    try {
      entry = JSON.parse(line);
    } catch {
      this.#errors += `${line}\n`;
      return;
    }
    this.#log.push(entry);
    if (entry['msg'] !== 'ready') return;
    this.#ready = true;
    this.#listening = Array.isArray(entry['sip']) ? entry['sip'].filter(isListeningAddress) : [];
    const admin = entry['admin'];
    const port = typeof admin === 'object' && admin !== null && 'port' in admin ? admin.port : undefined;
    this.#adminOrigin = `http://127.0.0.1:${port}`;
  }
}
