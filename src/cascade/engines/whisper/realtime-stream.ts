import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { AudioFormat, AudioFrame, FlavorError } from '../../../flavor-api/index.js';
import { EventStream } from '../../stages/event-stream.js';
import type { SpeechToTextEvent, SpeechToTextStream } from '../../stages/speech-to-text.js';
import type { StageIdentity } from '../../stages/stage.js';
import { late } from '../speech-server/failures.js';
import { CallerEar } from './caller-ear.js';
import type { WhisperListenConfig } from './config.js';
import { wordsSaid } from './hypothesis.js';
import { REALTIME_SAMPLE_RATE, type RealtimeConnection, type RealtimeListener } from './realtime-session.js';
import { RenewedSession } from './renewed-session.js';
import { SampleBatch } from './sample-batch.js';
import { TextSeam } from './text-seam.js';
import { UsageMeter } from './usage-meter.js';

export interface RealtimeStreamParts {
  readonly config: WhisperListenConfig;
  readonly identity: StageIdentity;
  readonly format: AudioFormat;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** @throws FlavorError */
  connect(listener: RealtimeListener, signal: AbortSignal): Promise<RealtimeConnection>;
}

/** Audio of one message, ms. */
const MESSAGE_MS = 100;
/** Silence that is kept for the case that the caller goes on, ms. */
const TAIL_MS = 300;
const LEAST_VOICE_MS = 80;
/** Speech that is cut where nobody pauses is sent again for so long: some whole words. ms */
const OVERLAP_MS = 2_000;

/** Audio that was committed. */
interface Piece {
  readonly recording: number;
  text: string | undefined;
  readonly voicedMs: number;
}

/** What the caller said between two silences that ended it. */
class Utterance {
  readonly pieces: Piece[] = [];
  voicedMs = 0;
  closed = false;
  shown = '';
  /** The one before was cut in the middle of speech. */
  readonly seam: TextSeam | undefined;
  /** This one was, and goes on as that. */
  next: Utterance | undefined;

  constructor(seam?: TextSeam) {
    this.seam = seam;
  }

  /** What it says, after the one before. */
  get text(): string {
    const text = this.pieces
      .map((piece) => piece.text ?? '')
      .filter((part) => part !== '')
      .join(' ');
    return this.seam === undefined ? text : this.seam.rest(text);
  }

  /** Its first words are known, or will never be. */
  get heard(): boolean {
    const [first] = this.pieces;
    return first === undefined ? this.closed : first.text !== undefined;
  }

  get complete(): boolean {
    return this.closed && this.pieces.every(({ text }) => text !== undefined);
  }
}

/**
 * One caller's recogniser over a session that takes audio as it comes. Every silence commits what was said: if it lasts,
 * the text is there already; if not, what follows is a further piece of the same segment.
 */
export class RealtimeStream implements SpeechToTextStream {
  readonly events = new EventStream<SpeechToTextEvent>();
  readonly #parts: RealtimeStreamParts;
  readonly #ear: CallerEar;
  readonly #usage: UsageMeter;
  readonly #onAbort = (): void => this.close();
  readonly #batch = new SampleBatch((MESSAGE_MS * REALTIME_SAMPLE_RATE) / 1_000);
  readonly #tail = new SampleBatch((TAIL_MS * REALTIME_SAMPLE_RATE) / 1_000);
  readonly #session: RenewedSession;
  /** In order; the last one may be under way. */
  #utterances: Utterance[] = [];
  #current: Utterance | undefined;
  #uncommitted = false;
  /** The latest of what was sent of the utterance under way. */
  readonly #latest = new SampleBatch((OVERLAP_MS * REALTIME_SAMPLE_RATE) / 1_000);
  #timer: TimerHandle | undefined;

  constructor(parts: RealtimeStreamParts) {
    this.#parts = parts;
    this.#usage = new UsageMeter(parts.identity, (event) => this.events.push(event));
    this.#session = new RenewedSession({
      ...parts,
      onText: (recording, text) => this.#onText(recording, text),
      onLost: (error) => this.#end(error),
    });
    const { pauseMs, endSilenceMs, longestMs, minLevelDb } = parts.config;
    this.#ear = new CallerEar(
      { format: parts.format, sampleRate: REALTIME_SAMPLE_RATE, pauseMs, endMs: endSilenceMs, longestMs, minLevelDb },
      {
        begin: (positionMs) => this.#onBegin(positionMs),
        audio: (samples) => this.#onAudio(samples),
        pause: () => this.#commit(),
        resume: () => this.#onResume(),
        end: () => this.#onEnd(),
        cut: () => this.#onCut(),
      },
    );
  }

  /** @throws FlavorError; `signal.reason` */
  async open(): Promise<void> {
    const { signal } = this.#parts;
    await this.#session.open();
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (!signal.aborted) return;
    this.close();
    throw signal.reason;
  }

  write(frame: AudioFrame): void {
    if (this.events.ended) return;
    this.#ear.write(frame);
    if (this.#current) this.#current.voicedMs = this.#ear.voicedMs;
  }

  finalize(): void {
    if (this.events.ended) return;
    this.#ear.end();
    if (this.#current) this.#onEnd();
    else if (this.#utterances.length === 0) this.events.push({ type: 'transcript', text: '', final: true });
  }

  close(): void {
    this.#end(undefined);
  }

  #onBegin(positionMs: number): void {
    this.#enter();
    this.events.push({ type: 'speech-started', positionMs });
  }

  #enter(seam?: TextSeam): void {
    this.#latest.take();
    // Less than a word, left over from before, would only go to whoever listens from now on.
    this.#batch.take();
    this.#session.begin();
    this.#current = new Utterance(seam);
    this.#utterances.push(this.#current);
    this.#uncommitted = true;
  }

  #onAudio(samples: Int16Array): void {
    if (!this.#uncommitted) {
      this.#tail.keep(samples);
      return;
    }
    this.#latest.keep(samples);
    this.#usage.add((samples.length * 1_000) / REALTIME_SAMPLE_RATE);
    if (this.#batch.add(samples)) this.#flush();
  }

  #flush(): void {
    const samples = this.#batch.take();
    if (samples.length > 0) this.#session.append(samples);
  }

  #onResume(): void {
    this.#uncommitted = true;
    this.#onAudio(this.#tail.take());
  }

  /** The words of what was sent since the last time. */
  #commit(): void {
    const utterance = this.#current;
    if (!this.#uncommitted || !utterance || utterance.voicedMs < LEAST_VOICE_MS) return;
    this.#uncommitted = false;
    this.#flush();
    this.#tail.take();
    utterance.pieces.push({ recording: this.#session.commit(), text: undefined, voicedMs: utterance.voicedMs });
    this.#watch();
  }

  #onEnd(): void {
    const utterance = this.#current;
    if (!utterance) return;
    this.#commit();
    if (this.#uncommitted) this.#session.begin();
    this.#current = undefined;
    this.#uncommitted = false;
    utterance.closed = true;
    this.#settle();
  }

  /** What was sent cannot be taken back, so it is cut here: the end of it is sent once more, and the texts are joined. */
  #onCut(): void {
    const cut = this.#current;
    const again = this.#latest.take();
    const voiced = this.#uncommitted;
    this.#onEnd();
    if (!cut || !voiced) {
      this.#enter();
      return;
    }
    this.#enter(new TextSeam((again.length * 1_000) / REALTIME_SAMPLE_RATE));
    cut.next = this.#current;
    this.#onAudio(again);
  }

  #onText(recording: number, text: string): void {
    const piece = this.#pieces().find((each) => each.recording === recording);
    if (!piece) return;
    piece.text = wordsSaid({ text }, { voicedMs: piece.voicedMs, prompt: '' });
    this.#watch();
    this.#settle();
  }

  #pieces(): readonly Piece[] {
    return this.#utterances.flatMap(({ pieces }) => pieces);
  }

  /** Makes final what is, and shows what is known of the next. */
  #settle(): void {
    for (let first = this.#utterances[0]; first?.complete; first = this.#utterances[0]) {
      if (first.next?.heard === false) break;
      const text = first.next?.seam === undefined ? first.text : this.#untilSeam(first, first.next, first.next.seam);
      this.events.push({ type: 'transcript', text, final: true });
      this.#utterances.shift();
    }
    const [next] = this.#utterances;
    const text = next?.text ?? '';
    if (!next || text === '' || text === next.shown) return;
    next.shown = text;
    this.events.push({ type: 'transcript', text, final: false });
  }

  /** Text up to where the next utterance takes over. */
  #untilSeam(first: Utterance, next: Utterance, seam: TextSeam): string {
    const ms = ({ pieces }: Utterance): number => pieces.findLast((piece) => piece.text !== undefined)?.voicedMs ?? 0;
    return seam.close({ text: first.text, ms: ms(first) }, { text: next.text, ms: ms(next) });
  }

  /** The oldest recording that has no text yet is waited for, from now on. */
  #watch(): void {
    const { clock, config } = this.#parts;
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#pieces().some(({ text }) => text === undefined)) return;
    this.#timer = clock.setTimeout(() => this.#end(late('speaches', 'to answer')), config.answerTimeoutMs);
  }

  #end(error: FlavorError | undefined): void {
    if (this.events.ended) return;
    const { signal, clock } = this.#parts;
    signal.removeEventListener('abort', this.#onAbort);
    this.#ear.end();
    clock.clearTimeout(this.#timer);
    this.#session.close();
    this.#usage.report();
    this.events.push({ type: 'end', ...(error && !signal.aborted && { error }) });
  }
}
