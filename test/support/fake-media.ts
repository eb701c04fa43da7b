import type { Clock } from '../../src/base/clock.js';
import type { AudioFormat } from '../../src/flavor-api/index.js';
import type {
  BackgroundLayer,
  BackgroundSound,
  CallerFrame,
  CommandSequence,
  MediaEngine,
  MediaStream,
  StreamEvent,
  StreamListener,
  StreamOptions,
  StreamParameters,
  StreamTap,
} from '../../src/media/engine.js';

type AckedCommand = Extract<StreamEvent, { type: 'ack' }>['command'];

/** A media stream without sockets: plays on the test's clock, one 20 ms slot per {@link slot}. mu-law, 8 bytes a ms. */
export class FakeStream implements MediaStream {
  readonly local = { address: '127.0.0.1', port: 40_000 };
  readonly parameters: StreamParameters[] = [];
  closed = false;
  paused = false;
  touched = 0;
  voiceModel = false;
  /** What the caller sends, in mu-law: silence, where a test says nothing else. */
  callerCode = 0xff;
  /** Of what is played, set last. */
  output: AudioFormat | undefined;
  /** Frames that may wait are kept, as a media thread does it. */
  keepsFrames = false;
  /** What is mixed in, by layer. */
  readonly background: { [Layer in BackgroundLayer]?: BackgroundSound | undefined } = {};
  /** Names of the responses of which something was played, in order. */
  readonly played: string[] = [];
  /** What {@link sendDigits} was asked for. */
  readonly digits: string[] = [];
  readonly #listener: StreamListener;
  readonly #clock: Clock;
  readonly #queue: { id: string; leftMs: number; heardMs: number; done: boolean }[] = [];
  readonly #acks: { sequence: CommandSequence; command: AckedCommand }[] = [];
  readonly #marks: { sequence: CommandSequence; after: readonly string[] }[] = [];
  #sequence = 0;
  #positionMs = 0;
  readonly #kept: CallerFrame[] = [];
  #awaited = 1;
  #sound = '';

  constructor(listener: StreamListener, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  connect(parameters: StreamParameters): CommandSequence {
    this.parameters.push(parameters);
    return this.#command('connect');
  }

  setFormats(_input: AudioFormat, output: AudioFormat): void {
    this.output = output;
  }

  useVoiceModel(wanted: boolean): void {
    this.voiceModel = wanted;
  }

  play(responseId: string, audio: Uint8Array): void {
    const entry = this.#queue.find((response) => response.id === responseId);
    const ms = audio.byteLength / 8;
    if (entry) entry.leftMs += ms;
    else this.#queue.push({ id: responseId, leftMs: ms, heardMs: 0, done: false });
  }

  interject(responseId: string, audio: Uint8Array): void {
    this.#queue.unshift({ id: responseId, leftMs: audio.byteLength / 8, heardMs: 0, done: true });
  }

  setBackground(layer: BackgroundLayer, sound: BackgroundSound | undefined): void {
    this.background[layer] = sound;
  }

  endResponse(responseId: string): void {
    const entry = this.#queue.find((response) => response.id === responseId);
    if (entry) entry.done = true;
  }

  pause(): CommandSequence {
    this.paused = true;
    return this.#command('pause');
  }

  resume(): CommandSequence {
    this.paused = false;
    return this.#command('resume');
  }

  flush(): CommandSequence {
    this.paused = false;
    const sequence = this.#command('flush');
    for (const entry of this.#queue.splice(0)) this.#ended(entry, 'interrupted');
    return sequence;
  }

  mark(): CommandSequence {
    this.#sequence += 1;
    this.#marks.push({ sequence: this.#sequence, after: this.#queue.map((entry) => entry.id) });
    return this.#sequence;
  }

  sendDigits(digits: string): CommandSequence {
    this.digits.push(digits);
    return this.#command('send-digits');
  }

  touch(): void {
    this.touched += 1;
  }

  awaitFrames(count: number): void {
    this.#awaited = count;
  }

  takeFrames(): void {
    for (let frame = this.#kept.shift(); frame; frame = this.#kept.shift()) {
      this.#awaited -= 1;
      this.#listener.onFrame(frame);
    }
  }

  queuedMs(): number {
    return this.#queue.reduce((sum, entry) => sum + entry.leftMs, 0);
  }

  stats(): ReturnType<MediaStream['stats']> {
    return {
      in: { packets: 10, lost: 0, lateDropped: 0, duplicates: 0, concealedMs: 0, jitterMs: 0, dropped: {} },
      out: { packets: 12, maxGapMs: 20, skippedSlots: 0 },
      mos: 4.4,
      remote: { lost: undefined, jitterMs: undefined, mos: undefined },
      roundTripMs: undefined,
      rtcp: { sent: 0, received: 0 },
    };
  }

  close(): void {
    if (this.closed) return;
    for (const entry of this.#queue.splice(0)) this.#ended(entry, 'interrupted');
    this.closed = true;
    this.#listener.onEvent({ type: 'closed', atMs: this.#clock.now() });
  }

  emit(event: StreamEvent): void {
    this.takeFrames();
    this.#listener.onEvent(event);
  }

  /** One slot: acknowledges commands, plays 20 ms, delivers a caller frame. */
  slot(voiced = false, stirring = false): void {
    if (this.closed) return;
    const atMs = this.#clock.now();
    for (const ack of this.#acks.splice(0)) this.emit({ type: 'ack', ...ack, atMs, playing: undefined });
    if (!this.paused) this.#playSlot(atMs);
    for (let head = this.#queue[0]; head?.done && head.leftMs === 0; head = this.#queue[0]) this.#finish(head);
    for (const mark of this.#marks.splice(0)) {
      if (this.#queue.some(({ id, leftMs }) => leftMs > 0 && mark.after.includes(id))) this.#marks.push(mark);
      else this.emit({ type: 'ack', sequence: mark.sequence, command: 'mark', atMs, playing: undefined });
    }
    const frame: CallerFrame = {
      data: new Uint8Array(160).fill(this.callerCode),
      positionMs: this.#positionMs,
      concealed: false,
      voiced,
      stirring,
      receivedAtMs: atMs - 40,
    };
    this.#positionMs += 20;
    this.#kept.push(frame);
    const sound = `${voiced} ${stirring}`;
    const kept = this.keepsFrames && sound === this.#sound && this.#kept.length < this.#awaited;
    this.#sound = sound;
    if (!kept) this.takeFrames();
  }

  #playSlot(atMs: number): void {
    const entry = this.#queue[0];
    if (!entry) return;
    if (entry.heardMs === 0 && entry.leftMs > 0) {
      this.played.push(entry.id);
      this.emit({ type: 'response-started', responseId: entry.id, atMs });
      this.emit({ type: 'response-voiced', responseId: entry.id, atMs });
    }
    const ms = Math.min(20, entry.leftMs);
    entry.leftMs -= ms;
    entry.heardMs += ms;
  }

  /** Also while paused: of what was played already, only the end is told. */
  #finish(entry: { id: string; heardMs: number }): void {
    this.#queue.shift();
    this.#ended(entry, 'finished');
  }

  #ended(entry: { id: string; heardMs: number }, state: 'finished' | 'interrupted'): void {
    const atMs = this.#clock.now();
    this.emit({
      type: 'response-ended',
      responseId: entry.id,
      state,
      heardMs: entry.heardMs,
      sentMs: entry.heardMs,
      atMs,
    });
  }

  #command(command: AckedCommand): CommandSequence {
    this.#sequence += 1;
    this.#acks.push({ sequence: this.#sequence, command });
    return this.#sequence;
  }
}

/** Opens fake streams; keeps them for the test to drive. */
export class FakeEngine implements MediaEngine {
  readonly streams: FakeStream[] = [];
  readonly taps: StreamTap[] = [];
  /** Of each stream: where its media may be. */
  readonly nets: StreamOptions['nets'][] = [];
  /** Set to make the next `open` reject. */
  failure: Error | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async open(options: StreamOptions): Promise<MediaStream> {
    if (this.failure) throw this.failure;
    const stream = new FakeStream(options.listener, this.#clock);
    this.streams.push(stream);
    this.nets.push(options.nets);
    if (options.tap) this.taps.push(options.tap);
    return stream;
  }

  usage(): { open: number; resting: number; free: number } {
    return { open: this.streams.filter((stream) => !stream.closed).length, resting: 0, free: 100 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.streams) stream.close();
  }
}
