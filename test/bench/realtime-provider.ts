import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startConnector } from './connector-target.js';
import { UsageError } from './options.js';
import { BuildError, buildProgram, tlsFile } from './programs.js';
import type { Target, TargetKind } from './target.js';

/** What lies between the flavor and its provider. */
export interface ProviderKind {
  /** As the table has it: `mulaw-60-wss`. */
  readonly name: string;
  readonly encoding: 'mulaw' | 'pcm24';
  /** Caller audio in one message, and in one of the answer. */
  readonly chunkMs: number;
  readonly tls: boolean;
}

/** Audio in hand at the playout when the next message comes, ms: bridges the waits of the way. */
export const CUSHION_MS = 40;
/** Nothing is echoed before the last session has been open for so long, ms: less than the warm-up lasts after it. */
const SETTLE_MS = 1000;
/** A frame in so many is marked where bytes are not kept: once a second. */
const MARKER_EVERY = 50;

/** `mulaw-60-wss` and its like; `undefined` for another text. */
export function parseProvider(name: string): ProviderKind | undefined {
  const [, encoding, chunk, scheme] = /^(mulaw|pcm24)-(20|40|60|80|100|120|140|160|180|200)-(wss?)$/.exec(name) ?? [];
  if (encoding !== 'mulaw' && encoding !== 'pcm24') return undefined;
  return { name, encoding, chunkMs: Number(chunk), tls: scheme === 'wss' };
}

/** The kind that `--provider` names. Throws {@link UsageError}. */
export function providerOf(name: string): ProviderKind {
  const kind = parseProvider(name);
  if (!kind) throw new UsageError(`--provider: ${name} is none; such as mulaw-60-wss, pcm24-20-ws`);
  return kind;
}

/** The flavor `openai-realtime` against a provider that gives back what it is sent. */
export function realtimeKind(kind: ProviderKind, loadCpu: number, engine: string | undefined): TargetKind {
  return {
    name: kind.name,
    ...(kind.encoding === 'pcm24' && { markerEvery: MARKER_EVERY }),
    start: (calls, cpu) =>
      startPair({ kind, mode: 'echo', loadCpu }, (provider) => startFlavor(kind, provider, engine, calls, cpu)),
  };
}

/** The same flavor against a provider that speaks once a second, and writes into its audio when it did. */
export function burstKind(kind: ProviderKind, loadCpu: number, engine: string | undefined): TargetKind {
  return {
    name: kind.name,
    start: (calls, cpu) =>
      startPair({ kind, mode: 'bursts', loadCpu }, (provider) => startFlavor(kind, provider, engine, calls, cpu)),
  };
}

/** A provider as a target sees it. */
export interface ProviderAddress {
  readonly url: string;
  /** What a process of Node's needs to trust its certificate. */
  readonly env: Readonly<Record<string, string>>;
}

interface PairOptions {
  readonly kind: ProviderKind;
  readonly mode: 'echo' | 'bursts';
  readonly loadCpu: number;
}

/** A provider, and a target that talks to it: they end together. */
export async function startPair(
  { kind, mode, loadCpu }: PairOptions,
  start: (provider: ProviderAddress) => Promise<Target>,
): Promise<Target> {
  const provider = await Provider.start(kind, mode, loadCpu);
  const url = `${kind.tls ? 'wss' : 'ws'}://127.0.0.1:${provider.port}/v1/realtime`;
  try {
    const env: Readonly<Record<string, string>> = kind.tls ? { NODE_EXTRA_CA_CERTS: tlsFile('authority.crt') } : {};
    return new Pair(await start({ url, env }), provider);
  } catch (error) {
    await provider[Symbol.asyncDispose]();
    throw error;
  }
}

function startFlavor(
  kind: ProviderKind,
  { url, env }: ProviderAddress,
  engine: string | undefined,
  calls: number,
  cpu: number,
): Promise<Target> {
  const flavor = {
    use: 'openai-realtime',
    apiKey: 'none',
    url,
    appendMs: kind.chunkMs,
    transcription: 'off',
    // The old protocol knows linear audio alone.
    ...(kind.encoding === 'pcm24' && { dialect: 'beta' }),
  };
  return startConnector({ flavor, engine, env }, calls, cpu);
}

/** Whether the provider can be built with TLS; otherwise why not. */
export function tlsProblem(): string | undefined {
  try {
    buildProgram('realtime-provider-tls');
    return undefined;
  } catch (error) {
    if (error instanceof BuildError) return error.message;
    throw error;
  }
}

class Provider implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start({ encoding, tls }: ProviderKind, mode: string, cpu: number): Promise<Provider> {
    const args = [
      ...['--cpu', String(cpu), '--mode', mode, '--cushion', String(CUSHION_MS), '--settle', String(SETTLE_MS)],
      ...['--pcm24', encoding === 'pcm24' ? '1' : '0'],
      ...(tls ? ['--certificate', tlsFile('server.crt'), '--key', tlsFile('server.key')] : []),
    ];
    const child = spawn(buildProgram(tls ? 'realtime-provider-tls' : 'realtime-provider'), args, {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line]: unknown[] = await once(createInterface({ input: child.stdout }), 'line');
    const { port }: { readonly port: number } = JSON.parse(String(line));
    return new Provider(child, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}

/** A target and the provider that it talks to. */
class Pair implements Target {
  readonly #target: Target;
  readonly #provider: Provider;

  constructor(target: Target, provider: Provider) {
    this.#target = target;
    this.#provider = provider;
  }

  get pid(): number {
    return this.#target.pid;
  }

  get loadArgs(): readonly string[] {
    return this.#target.loadArgs;
  }

  complaint(): string {
    return this.#target.complaint();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target[Symbol.asyncDispose]();
    await this.#provider[Symbol.asyncDispose]();
  }
}
