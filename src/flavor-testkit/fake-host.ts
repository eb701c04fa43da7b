import {
  type AudioFormat,
  bytesPerMs,
  type ConversationItem,
  type Flavor,
  type FlavorCapabilities,
  type FlavorEvent,
  type FlavorSession,
  type InterruptCause,
  type Logger,
  type SpeakRequest,
  type ToolDefinition,
  type ToolResult,
} from '../flavor-api/index.js';
import type { CallLog, LoggedEvent } from './call-log.js';
import { byteLength, CallRecorder, type EventOf } from './call-recorder.js';
import { canaries } from './canaries.js';
import { FakePlayout, type Playing } from './fake-playout.js';
import { FakeTurns } from './fake-turns.js';
import { formatsOf } from './formats.js';
import type { CallerAction } from './harness.js';
import { outcome, Pacer } from './pacer.js';
import type { Patience } from './patience.js';
import { silenceOctet } from './sound.js';

const FRAME_MS = 20;
/** Between two keys the caller presses, frames. */
const KEY_FRAMES = 5;
/** No sound for this long, on the caller's clock, is silence between turns. */
const QUIET_MS = 400;

/** What a frame's memory is overwritten with once `write` has returned: a host reuses it. */
export const poison = [0xa5, 0x5a] as const;

/** What a check may choose about one call. */
export interface FakeHostOptions {
  readonly input?: AudioFormat;
  readonly output?: AudioFormat;
  readonly greeting?: string;
  readonly history?: readonly ConversationItem[];
  /** Aborted, it ends the session. Default: one of the host's own. */
  readonly controller?: AbortController;
  /** `manual`: the check sends tool results itself. Default `quiet`: every call gets a result that asks no reply. */
  readonly toolResults?: 'quiet' | 'manual';
  /** False: events are read and dropped, `end` excepted. For checks that make very many. Default true. */
  readonly keepEvents?: boolean;
}

/** What every call of one run has in common. */
export interface FakeHostSettings {
  readonly log: Logger;
  readonly tools: readonly ToolDefinition[];
  readonly frameIntervalMs: number;
  readonly answerMs: number;
  readonly patience: Patience;
  callerSpeech(format: AudioFormat, durationMs: number): Uint8Array;
  /** Told the position of every frame, so that the flavor's clock can keep up. */
  onPosition(positionMs: number): void;
}

/**
 * The connector's side of one call, as far as a flavor can see it: frames 50 times a second of the caller's clock,
 * voice detection, turn-taking, barge-in, a playout with heard clock and reports, tool results.
 */
export class FakeHost {
  readonly session: FlavorSession;
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  readonly #capabilities: FlavorCapabilities;
  readonly #settings: FakeHostSettings;
  readonly #options: FakeHostOptions;
  readonly #controller: AbortController;
  readonly #playout: FakePlayout;
  readonly #turns: FakeTurns;
  readonly #pacer: Pacer;
  readonly #frame: { data: Uint8Array; positionMs: number; concealed: boolean };
  readonly #speech: Uint8Array[] = [];
  readonly #keys: string[] = [];
  readonly #toolResults: ToolResult[] = [];
  readonly #recorder: CallRecorder;
  #positionMs = 0;
  #keyWait = 0;

  /** Opens a session. Rejects as `open` does, or when it has done neither within the deadline. */
  static async open(flavor: Flavor, settings: FakeHostSettings, options: FakeHostOptions = {}): Promise<FakeHost> {
    const controller = options.controller ?? new AbortController();
    const formats = formatsOf(flavor.capabilities)[0];
    if (!formats) throw new Error('capabilities.input and capabilities.output must each name a format');
    const input = options.input ?? formats.input;
    const output = options.output ?? formats.output;
    const opened = await outcome(
      flavor.open({
        id: 'contract-kit-call',
        signal: controller.signal,
        direction: 'inbound',
        from: canaries.caller,
        to: '2000',
        headers: new Map([['x-customer', canaries.header]]),
        variables: { customer: canaries.header },
        ...(options.greeting === undefined ? {} : { greeting: options.greeting }),
        render: (text) => text,
        input,
        output,
        tools: settings.tools,
        history: options.history ?? [],
        log: settings.log,
      }),
      settings.answerMs,
    );
    if (opened.state === 'rejected') throw opened.error;
    if (opened.state === 'pending') {
      controller.abort();
      throw new Error(`open() neither resolved nor rejected within ${settings.answerMs} ms`);
    }
    return new FakeHost(opened.value, flavor.capabilities, settings, { ...options, controller, input, output });
  }

  private constructor(
    session: FlavorSession,
    capabilities: FlavorCapabilities,
    settings: FakeHostSettings,
    options: FakeHostOptions & {
      readonly controller: AbortController;
      readonly input: AudioFormat;
      readonly output: AudioFormat;
    },
  ) {
    this.session = session;
    this.input = options.input;
    this.output = options.output;
    this.#capabilities = capabilities;
    this.#settings = settings;
    this.#options = options;
    this.#controller = options.controller;
    this.#pacer = new Pacer(settings.frameIntervalMs);
    this.#playout = new FakePlayout(bytesPerMs(this.output), (report) => {
      this.#recorder.reports.push(report);
      this.guard('onPlayout', () => session.onPlayout(report));
    });
    this.#turns = new FakeTurns({
      onStarted: (onsetMs) => this.#onStarted(onsetMs),
      onStopped: (positionMs) => this.#onVoice('stopped', positionMs),
      onVerdict: (verdict, onsetMs, interrupts) => this.#onVerdict(verdict, onsetMs, interrupts),
      onEndOfTurn: () => {
        if (capabilities.turnTaking === 'host') this.guard('endTurn', () => session.endTurn?.());
      },
    });
    this.#frame = { data: new Uint8Array(FRAME_MS * bytesPerMs(this.input)), positionMs: 0, concealed: false };
    this.#recorder = new CallRecorder({
      events: session.events,
      output: this.output,
      keepEvents: options.keepEvents !== false,
      positionMs: () => this.#positionMs,
      onEvent: (logged) => this.#receive(logged),
    });
  }

  /** What has happened so far. */
  get log(): CallLog {
    return this.#recorder.log;
  }

  get playing(): Playing | undefined {
    return this.#playout.playing;
  }

  /** The memory that every frame is handed over in, as it stands. */
  get frameBytes(): Uint8Array {
    return this.#frame.data;
  }

  /** Ids of responses that are queued or playing. */
  get pending(): readonly string[] {
    return this.#playout.pending;
  }

  get positionMs(): number {
    return this.#positionMs;
  }

  /** The `end` event, once it has come. */
  get ended(): LoggedEvent | undefined {
    return this.#recorder.ended;
  }

  /** Calls a method of the session that must not throw, and records it if it does. */
  guard(method: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#recorder.thrown.push({ method, error });
    }
  }

  /** The call is answered. */
  start(): void {
    this.#recorder.markStart();
    this.guard('start', () => this.session.start());
  }

  speak(request: SpeakRequest): void {
    this.#recorder.stir();
    this.guard('speak', () => this.session.speak(request));
  }

  /** The caller does something; it happens in the frames to come. */
  act(action: CallerAction): void {
    if (action.type === 'presses') {
      this.#keys.push(...action.digits);
      return;
    }
    const frameBytes = this.#frame.data.length;
    const sound = this.#settings.callerSpeech(this.input, action.durationMs);
    for (let start = 0; start + frameBytes <= sound.length; start += frameBytes) {
      this.#speech.push(sound.subarray(start, start + frameBytes));
    }
  }

  /** Decides that the caller interrupts, as the real host does: flush, `interrupt`, then the reports. */
  interrupt(cause: InterruptCause): void {
    this.#playout.flush();
    this.guard('interrupt', () => this.session.interrupt(cause));
  }

  sendToolResult(result: ToolResult): void {
    this.#recorder.stir();
    this.guard('onToolResult', () => this.session.onToolResult(result));
  }

  abort(): void {
    this.#controller.abort();
  }

  /** 20 ms of the call. */
  tick(): void {
    const frame = this.#frame;
    const speech = this.#speech.shift();
    if (speech) frame.data.set(speech);
    else frame.data.fill(silenceOctet(this.input.encoding));
    frame.positionMs = this.#positionMs;
    this.#settings.onPosition(this.#positionMs);
    this.guard('write', () => this.session.write(frame));
    for (let index = 0; index < frame.data.length; index += 1) frame.data[index] = poison[index % 2 === 0 ? 0 : 1];
    this.#turns.step(speech !== undefined, this.#positionMs);
    this.#pressKeys();
    for (const result of this.#toolResults.splice(0)) this.sendToolResult(result);
    this.#playout.tick(FRAME_MS);
    this.#positionMs += FRAME_MS;
  }

  /** Lets `ms` of the call pass. */
  async run(ms: number): Promise<void> {
    for (const endMs = this.#positionMs + ms; this.#positionMs < endMs; ) {
      this.tick();
      await this.#pacer.step();
    }
  }

  /** Lets the call go on until `condition` holds. Throws `no <what> within ...` at the deadline. */
  async until(condition: () => boolean, what: string, deadlineMs = this.#settings.answerMs): Promise<void> {
    if (!(await this.reaches(condition, deadlineMs))) {
      const thrown = this.#recorder.thrown[0];
      const hint = thrown ? `; ${thrown.method}() threw ${String(thrown.error)}` : '';
      const over = this.ended ? `; the stream had ended (${JSON.stringify(this.ended.event)})` : '';
      throw new Error(`no ${what} within ${deadlineMs} ms${hint}${over}`);
    }
  }

  /** Like {@link until}, telling by its result whether `condition` held in time. */
  async reaches(condition: () => boolean, deadlineMs = this.#settings.answerMs): Promise<boolean> {
    const endAtMs = performance.now() + deadlineMs;
    while (!condition()) {
      if (performance.now() > endAtMs) return false;
      this.tick();
      await this.#pacer.step();
    }
    return true;
  }

  /** Lets at least `ms` of the call and the settling time of the wall pass. */
  async settle(ms: number): Promise<void> {
    const endAtMs = performance.now() + this.#settings.patience.settleMs;
    const endMs = this.#positionMs + ms;
    await this.until(() => this.#positionMs >= endMs && performance.now() >= endAtMs, 'end of settling');
  }

  /** Until the caller has finished acting and nothing is heard or said any more. */
  async untilQuiet(): Promise<void> {
    this.#recorder.stir();
    const quiet = await this.reaches(
      () =>
        this.#speech.length === 0 &&
        this.#keys.length === 0 &&
        this.#playout.queuedMs < 200 &&
        this.#positionMs - this.#recorder.stirred.positionMs >= QUIET_MS &&
        performance.now() - this.#recorder.stirred.atMs >= this.#settings.patience.settleMs,
      this.#settings.answerMs * 2,
    );
    if (quiet) return;
    const open = this.#playout.unfinished;
    const why = open === undefined ? '' : `: '${open}' was begun and neither interrupted nor closed by audio-done`;
    throw new Error(`no silence between turns${why}`);
  }

  /** Acts, and waits for audible speech that came after the caller had begun. Returns the id of its response. */
  async converse(action: CallerAction, what = 'speech in answer to the caller'): Promise<string> {
    const mark = this.log.events.length;
    const spoken = this.#capabilities.turnTaking === 'host' ? () => this.#speech.length === 0 : () => true;
    this.act(action);
    await this.until(spoken, 'end of what the caller does');
    return this.untilVoiced(mark, what);
  }

  /** Waits for audible speech among the events from index `mark` on. Returns the id of its response. */
  async untilVoiced(mark: number, what: string): Promise<string> {
    const askedAtMs = performance.now();
    await this.until(() => this.voicedSince(mark) !== undefined, what);
    this.#settings.patience.observe(performance.now() - askedAtMs);
    return this.voicedSince(mark) ?? '';
  }

  /** Id of the first response with audible audio among the events from index `mark` on. */
  voicedSince(mark: number): string | undefined {
    return this.#recorder.voicedSince(mark);
  }

  /** The first event from index `mark` on that is of `type`. */
  eventSince<Type extends FlavorEvent['type']>(mark: number, type: Type): EventOf<Type> | undefined {
    return this.#recorder.eventSince(mark, type);
  }

  /** Ends the session if it has not ended, and waits a moment for the stream to finish. */
  async close(): Promise<void> {
    this.#controller.abort();
    await outcome(this.#recorder.finished, 2_000);
  }

  #pressKeys(): void {
    if (this.#keyWait > 0) this.#keyWait -= 1;
    const key = this.#keyWait === 0 ? this.#keys.shift() : undefined;
    if (key === undefined) return;
    this.#keyWait = KEY_FRAMES;
    if (this.#capabilities.interruptible && this.#playout.playing) this.interrupt('dtmf');
    this.guard('onDtmf', () => this.session.onDtmf(key));
  }

  #onStarted(onsetMs: number): boolean {
    const interrupts = this.#capabilities.interruptible && this.#playout.playing !== undefined;
    if (interrupts) this.#playout.pause();
    this.#onVoice('started', onsetMs);
    return interrupts;
  }

  #onVoice(type: 'started' | 'stopped', positionMs: number): void {
    if (this.#capabilities.needsVad) this.guard('onVoice', () => this.session.onVoice?.({ type, positionMs }));
  }

  #onVerdict(verdict: 'accepted' | 'rejected', onsetMs: number, interrupts: boolean): void {
    if (this.#capabilities.needsVad) this.guard('onOnset', () => this.session.onOnset?.(verdict, onsetMs));
    if (!interrupts) return;
    if (verdict === 'accepted') this.interrupt('speech');
    else this.#playout.resume();
  }

  #receive({ event }: LoggedEvent): void {
    if (event.type === 'audio') this.#playout.audio(event.responseId, byteLength(event.data));
    else if (event.type === 'text') this.#playout.text(event.responseId, event.text, event.atMs);
    else if (event.type === 'audio-done') this.#playout.done(event.responseId);
    else if (event.type === 'tool-call' && this.#options.toolResults !== 'manual') {
      this.#toolResults.push({ id: event.id, output: {}, reply: false });
    }
  }
}
