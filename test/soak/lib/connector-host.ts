import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallEvent } from '../../../src/ops/call-event.js';
import type { CallRecord } from '../../../src/ops/call-record.js';
import type { ListeningAddress } from '../../../src/signaling/port.js';
import { Child } from './child.js';
import type {
  ConnectorApi,
  ConnectorEvent,
  ProcessResources,
  ProcessStalls,
  ProcessTroubles,
} from './connector-api.js';

/** Time a connector may take to write the record of a call that is over, ms. */
const RECORD_LIMIT_MS = 20_000;
const POLL_MS = 20;

export interface ConnectorHostOptions {
  /** Sections besides signaling, media, admin and cdr, which are for loopback. JSON is YAML too. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Tells nothing of its calls: for measurements of its memory. Default false. */
  readonly quiet?: boolean;
}

/** A connector of its own process on loopback, and what it has told of its calls. */
export class ConnectorHost implements AsyncDisposable {
  readonly directory: string;
  /** Where it takes calls. */
  readonly sip: readonly ListeningAddress[];
  readonly #child: Child<ConnectorApi, ConnectorEvent>;
  readonly #events: ConnectorEvent[];

  private constructor(
    child: Child<ConnectorApi, ConnectorEvent>,
    events: ConnectorEvent[],
    directory: string,
    sip: readonly ListeningAddress[],
  ) {
    this.#child = child;
    this.#events = events;
    this.directory = directory;
    this.sip = sip;
  }

  /** Rejects with the mistakes of a configuration that is not taken. */
  static async start({ config, env = {}, quiet = false }: ConnectorHostOptions): Promise<ConnectorHost> {
    const directory = await mkdtemp(join(tmpdir(), 'voice-connector-soak-'));
    const events: ConnectorEvent[] = [];
    const child = Child.start<ConnectorApi, ConnectorEvent>(new URL('connector-child.js', import.meta.url), (event) =>
      events.push(event),
    );
    try {
      const yaml = JSON.stringify({ ...loopback(directory), ...config }, undefined, 2);
      const { sip } = await child.ask('start', { yaml, directory, env, quiet });
      return new ConnectorHost(child, events, directory, sip);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The port of the first address. */
  get sipPort(): number {
    return this.sip[0]?.port ?? 0;
  }

  /** All events so far, in order. */
  get events(): readonly ConnectorEvent[] {
    return this.#events;
  }

  /** Forgets the events so far: a long measurement need not keep them. */
  forget(): void {
    this.#events.length = 0;
  }

  /** Events of one kind of one call. */
  eventsOf<Type extends CallEvent['type']>(
    callId: string,
    type: Type,
  ): readonly (Extract<CallEvent, { type: Type }> & { readonly atMachineMs: number })[] {
    return this.#events.flatMap(({ event, atMachineMs }) =>
      isOfType(event, type) && event.callId === callId ? [{ ...event, atMachineMs }] : [],
    );
  }

  /** The record of the caller with that From user: of its one call that is over. Rejects when none comes in time. */
  async recordOf(from: string): Promise<CallRecord> {
    const deadlineMs = performance.now() + RECORD_LIMIT_MS;
    for (;;) {
      const [record] = this.recordsOf(from);
      if (record) return record;
      if (performance.now() > deadlineMs) throw new Error(`no record of ${from} was written`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  recordsOf(from: string): readonly CallRecord[] {
    return this.records().filter((record) => record.from === from);
  }

  records(): readonly CallRecord[] {
    return this.#events.flatMap(({ event }) => (event.type === 'call-ended' ? [event.record] : []));
  }

  cpuMs(): number {
    return this.#child.cpuMs();
  }

  async resources(): Promise<ProcessResources> {
    return await this.#child.ask('resources', undefined);
  }

  /** Since the last look. */
  async stalls(): Promise<ProcessStalls> {
    return await this.#child.ask('stalls', undefined);
  }

  /** Keeps its main thread busy with garbage, or lets it be. */
  async strain(on: boolean): Promise<void> {
    await this.#child.ask('strain', { on });
  }

  async troubles(): Promise<ProcessTroubles> {
    return await this.#child.ask('troubles', undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function isOfType<Type extends CallEvent['type']>(
  event: CallEvent,
  type: Type,
): event is Extract<CallEvent, { type: Type }> {
  return event.type === type;
}

function loopback(directory: string): Readonly<Record<string, unknown>> {
  return {
    signaling: { driver: 'embedded', embedded: { listen: ['udp:127.0.0.1:0'], allow: ['127.0.0.0/8'] } },
    media: { bind: '127.0.0.1' },
    limits: { calls: 400, callsPerSecond: 200, perSourcePerSecond: 200 },
    admin: { listen: '127.0.0.1:0', token: 'token-of-a-measurement-on-loopback' },
    cdr: { path: join(directory, 'cdr.jsonl'), include: ['transcript', 'heardText'] },
  };
}
