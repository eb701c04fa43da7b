import type { CascadeOptions } from '../../../src/cascade/index.js';
import { createCascade } from '../../../src/cascade/index.js';
import type {
  CallContext,
  FlavorEvent,
  FlavorSession,
  InterruptCause,
  PlayoutReport,
} from '../../../src/flavor-api/index.js';
import { type Script, ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt, type ScriptedSttOptions, type ScriptedSttStream } from '../../fakes/cascade/scripted-stt.js';
import { ScriptedTts, type ScriptedTtsOptions } from '../../fakes/cascade/scripted-tts.js';
import { FakeClock } from '../../support/fake-clock.js';

export interface SceneOptions {
  readonly stt?: ScriptedSttOptions;
  readonly tts?: ScriptedTtsOptions;
  readonly script?: Script;
  readonly options?: Partial<CascadeOptions>;
  readonly call?: Partial<CallContext>;
}

type EventOf<Type extends FlavorEvent['type']> = Extract<FlavorEvent, { readonly type: Type }>;

/** A call with a cascade whose stages are in the test's hands, as is time. */
export class CascadeScene {
  readonly clock = new FakeClock();
  readonly stt: ScriptedStt;
  readonly llm: ScriptedLlm;
  readonly tts: ScriptedTts;
  readonly controller = new AbortController();
  readonly events: FlavorEvent[] = [];
  readonly session: FlavorSession;

  static async open(options: SceneOptions = {}): Promise<CascadeScene> {
    const stt = new ScriptedStt({ manual: true, ...options.stt });
    const llm = new ScriptedLlm(options.script);
    const tts = new ScriptedTts(options.tts);
    const clock = new FakeClock();
    const controller = new AbortController();
    const flavor = createCascade(
      { stt, llm, tts },
      { greeting: '', ...options.options },
      { now: () => clock.now(), clock: () => clock },
    );
    const session = await flavor.open({ ...contextOf(controller.signal), ...options.call });
    return new CascadeScene({ stt, llm, tts, clock, controller, session });
  }

  private constructor(parts: Pick<CascadeScene, 'stt' | 'llm' | 'tts' | 'clock' | 'controller' | 'session'>) {
    this.stt = parts.stt;
    this.llm = parts.llm;
    this.tts = parts.tts;
    this.clock = parts.clock;
    this.controller = parts.controller;
    this.session = parts.session;
    void this.#read();
  }

  get stream(): ScriptedSttStream {
    const stream = this.stt.streams.at(-1);
    if (!stream) throw new Error('nothing was opened');
    return stream;
  }

  of<Type extends FlavorEvent['type']>(type: Type): readonly EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** What was said in each response that has text. */
  get said(): readonly string[] {
    const responses = new Map<string, string>();
    for (const { responseId, text } of this.of('text')) {
      responses.set(responseId, (responses.get(responseId) ?? '') + text);
    }
    return [...responses.values()];
  }

  /** The last request to the model, as one text. */
  get prompt(): string {
    return JSON.stringify(this.llm.requests.at(-1)?.messages ?? []);
  }

  /** Lets everything that can happen without time passing happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 80; turn += 1) await Promise.resolve();
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    while (this.clock.now() < endMs) {
      this.clock.advance(Math.min(20, endMs - this.clock.now()));
      this.session.write({ data: new Uint8Array(160).fill(0xff), positionMs: this.clock.now() - 20, concealed: false });
      for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
    }
    await this.settle();
  }

  talk(): void {
    const positionMs = this.clock.now();
    this.session.onVoice?.({ type: 'started', positionMs });
    this.session.onOnset?.('accepted', positionMs);
  }

  hush(): void {
    this.session.onVoice?.({ type: 'stopped', positionMs: this.clock.now() });
  }

  hear(text: string, final = true): void {
    this.stream.emit({ type: 'transcript', text, final });
  }

  /** The caller says something; the agent answers it. */
  async converse(text: string): Promise<void> {
    this.talk();
    await this.pass(400);
    this.hush();
    this.hear(text);
    await this.pass(200);
  }

  interrupt(cause: InterruptCause = 'speech'): void {
    this.session.interrupt(cause);
  }

  /** The host reports on a response: all of it was heard, or `heard` of its characters. */
  report(responseId: string, heard: 'all' | number): void {
    const text = this.of('text')
      .filter((event) => event.responseId === responseId)
      .map((event) => event.text)
      .join('');
    const state = heard === 'all' ? 'finished' : 'interrupted';
    const heardChars = heard === 'all' ? text.length : heard;
    const report: PlayoutReport = {
      responseId,
      state,
      heardMs: heardChars * 60,
      heardText: text.slice(0, heardChars).trimEnd(),
      heardChars,
    };
    this.session.onPlayout(report);
  }

  async #read(): Promise<void> {
    for await (const event of this.session.events) this.events.push(event);
  }
}

export function contextOf(signal: AbortSignal): CallContext {
  return {
    id: 'call',
    signal,
    direction: 'inbound',
    from: '1000',
    to: '2000',
    headers: new Map(),
    variables: {},
    render: (text) => text,
    input: { encoding: 'mulaw', sampleRate: 8000 },
    output: { encoding: 'mulaw', sampleRate: 8000 },
    tools: [{ name: 'look_up', description: 'Looks up an order.', parameters: { type: 'object' } }],
    history: [],
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  };
}
