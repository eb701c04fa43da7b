import { type RealtimeConfig, realtimeConfigSchema } from '../../../flavors/openai-realtime/config.js';
import { AppendMessages } from '../../../flavors/openai-realtime/protocol/append-message.js';
import { isObject, type JsonObject, objectIn, textIn } from '../../../flavors/openai-realtime/protocol/json.js';
import type { SessionSetup } from '../../../flavors/openai-realtime/protocol/session-setup.js';
import { RealtimeSession } from '../../../flavors/openai-realtime/session.js';
import type { CallContext, FlavorError, FlavorEvent, PlayoutReport } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ScriptedConnection } from './scripted-connection.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;

export type Config = Readonly<Record<string, unknown>>;

export function configOf(config: Config = {}): RealtimeConfig {
  return realtimeConfigSchema.parse({ apiKey: 'key', greeting: '', ...config });
}

export function contextOf(context: Partial<CallContext> = {}): CallContext {
  return {
    id: 'call-1',
    signal: new AbortController().signal,
    direction: 'inbound',
    from: '+15550100',
    to: '2000',
    headers: new Map(),
    variables: {},
    render: (text) => text,
    input: mulaw,
    output: mulaw,
    tools: [],
    history: [],
    log: silent,
    ...context,
  };
}

/** A session whose service is the test, on a clock that stands still. */
export class TestCall {
  readonly clock = new FakeClock(1_000);
  readonly controller = new AbortController();
  /** All connections, oldest first. */
  readonly connections: ScriptedConnection[] = [];
  /** Whether the next connections can be made. */
  reachable = true;
  /** What the service answers to the next connections, if it refuses them. */
  refusal: FlavorError | undefined;
  /** What the next connections wait for. */
  connecting: Promise<void> | undefined;
  readonly events: FlavorEvent[] = [];
  readonly session: RealtimeSession;
  readonly setups: SessionSetup[] = [];
  #positionMs = 0;
  #responses = 0;

  constructor(config: Config = {}, context: Partial<CallContext> = {}) {
    const first = this.#connect();
    const session = new RealtimeSession(
      {
        call: contextOf({ signal: this.controller.signal, ...context }),
        config: configOf(config),
        clock: this.clock,
        messages: new AppendMessages(),
        random: () => 0.5,
        obtain: async (setup) => {
          this.setups.push(setup());
          if (!this.reachable) throw new Error('unreachable');
          if (this.refusal) throw this.refusal;
          if (this.connecting) {
            await this.connecting;
            this.setups.push(setup());
          }
          return this.#connect();
        },
      },
      first,
    );
    this.session = session;
    void (async () => {
      for await (const event of session.events) this.events.push(event);
    })();
  }

  /** The connection of the moment. */
  get service(): ScriptedConnection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('no connection');
    return connection;
  }

  /** Answers the call. */
  start(): this {
    this.session.start();
    return this;
  }

  /** The caller says, or is silent for, so long; each frame is filled with `byte`. */
  write(ms: number, byte = 0xff): this {
    for (const endMs = this.#positionMs + ms; this.#positionMs < endMs; this.#positionMs += 20) {
      const data = new Uint8Array(160).fill(byte);
      this.session.write({ data, positionMs: this.#positionMs, concealed: false });
      this.clock.advance(20);
    }
    return this;
  }

  /** The caller speaks, and the service finds a turn in it. `verdict`: the host's; `open`: it gives none. */
  turn(itemId: string, verdict: 'accepted' | 'rejected' | 'open' | 'none' = 'accepted', service = this.service): this {
    const fromMs = this.#positionMs;
    if (verdict !== 'none') this.session.onVoice({ type: 'started', positionMs: fromMs });
    if (verdict === 'accepted' || verdict === 'rejected') this.session.onOnset(verdict, fromMs);
    const audioMs = service.audio.length / 8;
    service.say('input_audio_buffer.speech_started', { item_id: itemId, audio_start_ms: Math.max(0, audioMs - 300) });
    this.write(1_000, 0x11);
    if (verdict !== 'none') this.session.onVoice({ type: 'stopped', positionMs: this.#positionMs });
    this.write(500);
    service.say('input_audio_buffer.speech_stopped', { item_id: itemId, audio_end_ms: audioMs + 1_500 });
    service.say('input_audio_buffer.committed', { item_id: itemId });
    service.say('conversation.item.added', { item: { id: itemId, type: 'message', role: 'user' } });
    return this;
  }

  transcript(itemId: string, transcript: string): this {
    this.service.say('conversation.item.input_audio_transcription.completed', { item_id: itemId, transcript });
    return this;
  }

  /** The `response.create` that was sent last. */
  get lastRequest(): JsonObject {
    const request = this.service.ofType('response.create').at(-1);
    if (!request) throw new Error('nothing was asked for');
    return objectIn(request, 'response');
  }

  /** Begins the response asked for last; returns the service's id of it. */
  created(): string {
    this.#responses += 1;
    const id = `resp_${this.#responses}`;
    this.service.say('response.created', { response: { id, metadata: this.lastRequest['metadata'] } });
    return id;
  }

  /** The response says something. */
  speaks(id: string, ms: number, words = '', itemId = `${id}_item`): this {
    const item = { id: itemId, type: 'message', status: 'in_progress' };
    this.service.say('response.output_item.added', { response_id: id, item });
    if (words !== '')
      this.service.say('response.output_audio_transcript.delta', { response_id: id, item_id: itemId, delta: words });
    const delta = Buffer.alloc(ms * 8, 0x22).toString('base64');
    this.service.say('response.output_audio.delta', { response_id: id, item_id: itemId, delta });
    return this;
  }

  calls(id: string, callId: string, args = '{}', name = 'look_up'): this {
    const item = { id: `${callId}_item`, type: 'function_call', status: 'completed', call_id: callId, name };
    this.service.say('response.output_item.done', { response_id: id, item: { ...item, arguments: args } });
    return this;
  }

  done(id: string, status = 'completed', more: JsonObject = {}): this {
    this.service.say('response.done', { response: { id, status, ...more } });
    return this;
  }

  /** A whole response; returns the service's id of it. */
  response(ms: number, words = ''): string {
    const id = this.created();
    this.speaks(id, ms, words).done(id);
    return id;
  }

  report(responseId: string, state: PlayoutReport['state'], heardMs = 0, heardText = ''): this {
    this.session.onPlayout({ responseId, state, heardMs, heardText, heardChars: heardText.length });
    return this;
  }

  /** Lets promises settle. */
  async settle(): Promise<this> {
    await new Promise((resolve) => setImmediate(resolve));
    return this;
  }

  /** Events of one type. */
  async of<Type extends FlavorEvent['type']>(type: Type): Promise<(FlavorEvent & { type: Type })[]> {
    await this.settle();
    return this.events.filter((event): event is FlavorEvent & { type: Type } => event.type === type);
  }

  /** Codes of the warnings so far. */
  async warnings(): Promise<readonly string[]> {
    return (await this.of('warning')).map(({ error }) => error.code);
  }

  /** Milliseconds of audio by response. */
  async spokenMs(): Promise<Readonly<Record<string, number>>> {
    const ms: Record<string, number> = {};
    for (const { responseId, data } of await this.of('audio')) ms[responseId] = (ms[responseId] ?? 0) + data.length / 8;
    return ms;
  }

  /** Instructions of each `response.create` so far, `''` where it has none. */
  asked(service = this.service): readonly string[] {
    return service.ofType('response.create').map((event) => textIn(objectIn(event, 'response'), 'instructions'));
  }

  /** Items put into the conversation, as `role: text` or `type: content`. */
  items(service = this.service): readonly string[] {
    return service.ofType('conversation.item.create').map((event) => lineOf(objectIn(event, 'item')));
  }

  #connect(): ScriptedConnection {
    const connection = new ScriptedConnection(this.clock.now());
    this.connections.push(connection);
    return connection;
  }
}

function lineOf(item: JsonObject): string {
  const content: unknown = item['content'];
  if (!Array.isArray(content)) return `${textIn(item, 'type')}: ${textIn(item, 'arguments')}${textIn(item, 'output')}`;
  const texts = content.map((part: unknown) => (isObject(part) ? textIn(part, 'text') : ''));
  return `${textIn(item, 'role')}: ${texts.join(' ')}`;
}
