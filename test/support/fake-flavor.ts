import {
  type AudioFrame,
  type CallContext,
  type Flavor,
  type FlavorCapabilities,
  type FlavorEvent,
  FlavorEventQueue,
  type FlavorSession,
  type InterruptCause,
  type PlayoutReport,
  type SpeakRequest,
  type ToolResult,
} from '../../src/flavor-api/index.js';

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;

export const agentCapabilities: FlavorCapabilities = {
  kind: 'speech-to-speech',
  input: [mulaw],
  output: [mulaw],
  turnTaking: 'host',
  truncation: false,
  tools: true,
  verbatimSpeech: true,
  needsVad: true,
  interruptible: true,
};

/** A session that does what the test says, and writes down what the host does to it. */
export class FakeSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  /** In order: `start`, `interrupt speech`, `end-turn`, `voice started`, `onset accepted`, `dtmf 5` ... */
  readonly told: string[] = [];
  /** What it was asked to say. */
  readonly spoken: SpeakRequest[] = [];
  readonly playouts: PlayoutReport[] = [];
  readonly results: ToolResult[] = [];
  /** `started 100`, `accepted 100`: what was told about voices, with its position. */
  readonly voices: string[] = [];
  /** Of the frames written. */
  readonly positionsMs: number[] = [];
  frames = 0;
  /** Frames of which it makes one piece: the rest of it is what it awaits. */
  pieceFrames = 1;
  /** Said last, before `end`. */
  lastWords: FlavorEvent[] = [];
  readonly call: CallContext;

  constructor(call: CallContext) {
    this.call = call;
    call.signal.addEventListener('abort', () => this.#onAbort(), { once: true });
    if (call.signal.aborted) this.#onAbort();
  }

  #onAbort(): void {
    for (const event of this.lastWords) this.events.push(event);
    this.events.push({ type: 'end', reason: 'aborted' });
  }

  get awaitedInputMs(): number {
    return 20 * (this.pieceFrames - (this.frames % this.pieceFrames));
  }

  write(frame: AudioFrame): void {
    this.frames += 1;
    this.positionsMs.push(frame.positionMs);
  }

  start(): void {
    this.told.push('start');
  }

  speak(request: SpeakRequest): void {
    this.told.push('speak');
    this.spoken.push(request);
  }

  interrupt(cause: InterruptCause): void {
    this.told.push(`interrupt ${cause}`);
  }

  onVoice(event: { readonly type: 'started' | 'stopped'; readonly positionMs: number }): void {
    this.told.push(`voice ${event.type}`);
    this.voices.push(`${event.type} ${event.positionMs}`);
  }

  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): void {
    this.told.push(`onset ${verdict}`);
    this.voices.push(`${verdict} ${positionMs}`);
  }

  endTurn(): void {
    this.told.push('end-turn');
  }

  onPlayout(report: PlayoutReport): void {
    this.playouts.push(report);
  }

  onDtmf(digits: string): void {
    this.told.push(`dtmf ${digits}`);
  }

  onToolResult(result: ToolResult): void {
    this.results.push(result);
  }

  async update(): Promise<void> {}

  /** Says `words`, 400 ms each, as one response. */
  say(responseId: string, words: readonly string[], done = true): void {
    for (const [index, word] of words.entries()) {
      const text = index === words.length - 1 ? word : `${word} `;
      this.events.push({ type: 'text', responseId, text, atMs: index * 400 });
    }
    this.events.push({ type: 'audio', responseId, data: new Uint8Array(words.length * 400 * 8) });
    if (done) this.events.push({ type: 'audio-done', responseId });
  }
}

/** A flavor whose sessions the test holds in its hand. */
export class FakeFlavor implements Flavor {
  readonly capabilities: FlavorCapabilities;
  readonly sessions: FakeSession[] = [];
  /** Awaited by `open`; a rejection makes it fail. */
  opening: Promise<void> = Promise.resolve();
  disposed = 0;

  constructor(capabilities: Partial<FlavorCapabilities> = {}) {
    this.capabilities = { ...agentCapabilities, ...capabilities };
  }

  async check(): Promise<void> {}

  async open(call: CallContext): Promise<FlavorSession> {
    await this.opening;
    const session = new FakeSession(call);
    this.sessions.push(session);
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1;
  }
}
