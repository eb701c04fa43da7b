import type { Clock } from '../../../base/clock.js';
import { pause } from '../../../base/pause.js';
import { type AudioFormat, type AudioFrame, FlavorError } from '../../../flavor-api/index.js';
import { EventStream } from '../../stages/event-stream.js';
import type { SpeechToTextEvent, SpeechToTextStream } from '../../stages/speech-to-text.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { Slots } from '../speech-server/slots.js';
import { CallerEar } from './caller-ear.js';
import { promptOf, type SegmentOptions } from './config.js';
import { wordsSaid } from './hypothesis.js';
import { Attempt, Segment } from './segment.js';
import { SegmentAudio } from './segment-audio.js';
import type { WhisperServer } from './server.js';
import { TextSeam } from './text-seam.js';
import { UsageMeter } from './usage-meter.js';

export interface RequestStreamParts {
  readonly config: SegmentOptions;
  readonly identity: StageIdentity;
  readonly server: WhisperServer;
  /** Places at the server, of all calls. */
  readonly slots: Slots;
  readonly format: AudioFormat;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The server has answered. */
  onWell(): void;
}

/** What Whisper hears, Hz. */
const SAMPLE_RATE = 16_000;
/** Less voice than this is no word, and not sent, ms. */
const LEAST_VOICE_MS = 80;
/** Before the first request while the caller speaks, ms of audio: of less, Whisper makes things up. */
const FIRST_PARTIAL_MS = 800;
/** The server may be busy with one caller's partial transcripts half of the time. */
const SHARE = 2;
const RETRY_MS = 150;
/** Speech that is cut where nobody pauses is in both segments for so long before and after, ms: some whole words. */
const OVERLAP_MS = 1_500;

/**
 * One caller's recogniser, made of requests: while the caller speaks, all of the segment so far is recognised again and
 * again, one request at a time. At the first silence the whole is asked for; if the silence lasts, that is the text.
 */
export class RequestStream implements SpeechToTextStream {
  readonly events = new EventStream<SpeechToTextEvent>();
  readonly #parts: RequestStreamParts;
  readonly #ear: CallerEar;
  readonly #usage: UsageMeter;
  readonly #running = new Set<Attempt>();
  readonly #onAbort = (): void => this.close();
  /** Under way. */
  #segment: Segment | undefined;
  /** Over, and not final yet: in order. */
  readonly #closing: Segment[] = [];
  /** The last words that are final. */
  #before = '';
  /** How long the server takes, ms. */
  #serverMs = 0;

  constructor(parts: RequestStreamParts) {
    this.#parts = parts;
    this.#usage = new UsageMeter(parts.identity, (event) => this.events.push(event));
    const { pauseMs, endSilenceMs, longestMs, minLevelDb } = parts.config;
    this.#ear = new CallerEar(
      { format: parts.format, sampleRate: SAMPLE_RATE, pauseMs, endMs: endSilenceMs, longestMs, minLevelDb },
      {
        begin: (positionMs) => this.#onBegin(positionMs),
        audio: (samples) => this.#segment?.audio.append(samples),
        pause: () => this.#onPause(),
        resume: () => this.#onResume(),
        end: () => this.#onEnd(),
        cut: (atMs, clean) => this.#onCut(atMs, clean ? 0 : OVERLAP_MS),
      },
    );
    parts.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  write(frame: AudioFrame): void {
    if (this.events.ended) return;
    this.#ear.write(frame);
    const segment = this.#segment;
    if (!segment) return;
    this.#measure(segment);
    if (!this.#ear.paused) this.#maybeAsk(segment);
  }

  finalize(): void {
    if (this.events.ended) return;
    this.#ear.end();
    if (this.#segment) this.#onEnd();
    // Somebody waits for words that there are none of.
    else if (this.#closing.length === 0) this.events.push({ type: 'transcript', text: '', final: true });
  }

  close(): void {
    this.#end(undefined);
  }

  #onBegin(positionMs: number): void {
    this.#segment = new Segment(new SegmentAudio(SAMPLE_RATE), positionMs);
    this.events.push({ type: 'speech-started', positionMs });
  }

  #measure(segment: Segment): void {
    segment.voicedMs = this.#ear.voicedMs + (segment.lead?.beforeMs ?? 0);
  }

  #onPause(): void {
    const segment = this.#segment;
    if (!segment) return;
    this.#measure(segment);
    if (segment.voicedMs < LEAST_VOICE_MS) return;
    segment.drop();
    const hope = this.#ask(segment);
    segment.hope = hope;
    hope.text.then(
      (text) => {
        if (segment.hope === hope) this.#show(segment, text);
      },
      () => {},
    );
  }

  /** What was asked for in vain is as good as any other request on the way. */
  #onResume(): void {
    const segment = this.#segment;
    if (!segment) return;
    const { hope } = segment;
    segment.hope = undefined;
    if (hope?.sent === false) segment.drop();
    else
      hope?.text.then(
        (text) => this.#show(segment, segment.agreement.add(text)),
        () => {},
      );
  }

  #onEnd(): void {
    const segment = this.#segment;
    if (!segment) return;
    this.#segment = undefined;
    segment.closed = true;
    if (segment.hope === undefined) segment.drop();
    this.#closing.push(segment);
    const asked = this.#begin(segment);
    if (asked === undefined) segment.hear('');
    else asked.text.then((text) => segment.hear(text)).catch(() => {});
    if (this.#closing.length === 1) void this.#settle();
  }

  /** Without a pause to cut in, the two overlap, and their texts are joined. */
  #onCut(atMs: number, overlapMs: number): void {
    const segment = this.#segment;
    if (!segment) return;
    const { audio, positionMs } = segment;
    // What it has of the segment before is no part of what the ear counts.
    const cutMs = atMs + (segment.lead?.beforeMs ?? 0);
    const fromMs = Math.max(0, cutMs - overlapMs);
    const untilMs = Math.min(audio.durationMs, cutMs + overlapMs);
    const lead = overlapMs > 0 ? { seam: new TextSeam(untilMs - fromMs), beforeMs: cutMs - fromMs } : undefined;
    const rest = new Segment(audio.split(fromMs, untilMs), positionMs + fromMs, lead);
    if (lead) segment.next = rest;
    segment.hope = undefined;
    this.#onEnd();
    this.#segment = rest;
  }

  /** While the caller speaks. */
  #maybeAsk(segment: Segment): void {
    const { config, slots } = this.#parts;
    const audioMs = segment.audio.durationMs;
    if (!config.partials || segment.busy || audioMs < FIRST_PARTIAL_MS || segment.voicedMs < LEAST_VOICE_MS) return;
    if (audioMs - segment.askedMs < Math.max(config.partialMs, SHARE * this.#serverMs)) return;
    // Whoever has finished goes first: without a free place there is no partial transcript.
    if (slots.inUse >= slots.limit) return;
    const attempt = this.#ask(segment);
    attempt.text.then(
      (text) => {
        if (segment.attempt === attempt && !segment.closed) this.#show(segment, segment.agreement.add(text));
      },
      () => {},
    );
  }

  /** Shows what is known of the segment under way; those before it come first. */
  #show(segment: Segment, text: string): void {
    if (segment.closed || text === '' || text === segment.shown) return;
    segment.shown = text;
    if (this.#closing.length === 0) this.#showRest(segment);
  }

  #showRest(segment: Segment): void {
    const text = segment.rest(segment.shown);
    if (text !== '') this.events.push({ type: 'transcript', text, final: false });
  }

  /** The final request, unless the one that is under way is it. */
  #begin(segment: Segment): Attempt | undefined {
    if (segment.voicedMs < LEAST_VOICE_MS) return undefined;
    segment.hope ??= this.#ask(segment);
    return segment.hope;
  }

  /** Makes segments final, in the order in which they were said. */
  async #settle(): Promise<void> {
    for (let segment = this.#closing[0]; segment && !this.events.ended; segment = this.#closing[0]) {
      // A request that fails ends the stream.
      const heard = (await this.#begin(segment)?.text.catch(() => '')) ?? '';
      if (this.events.ended) return;
      const text = await this.#untilSeam(segment, segment.rest(heard));
      if (this.events.ended) return;
      if (text !== '') this.#before = text;
      this.events.push({ type: 'transcript', text, final: true, untilMs: endOf(segment) });
      this.#closing.shift();
    }
    if (this.#segment && !this.events.ended) this.#showRest(this.#segment);
  }

  /** Text up to where the next segment takes over: its first words are waited for. */
  async #untilSeam({ audio, next }: Segment, text: string): Promise<string> {
    if (next?.lead === undefined) return text;
    if (text !== '') this.events.push({ type: 'transcript', text, final: false });
    const following = await next.heard;
    return next.lead.seam.close({ text, ms: audio.durationMs }, { text: following, ms: next.askedMs });
  }

  /** Asks for the text of all there is of a segment. */
  #ask(segment: Segment): Attempt {
    const audioMs = segment.audio.durationMs;
    const attempt = new Attempt((own) => this.#transcribe(segment, audioMs, own));
    this.#running.add(attempt);
    attempt.text
      .catch(() => {
        if (attempt.failure && !attempt.controller.signal.aborted) this.#end(attempt.failure);
      })
      .finally(() => this.#running.delete(attempt));
    segment.attempt = attempt;
    segment.askedMs = audioMs;
    return attempt;
  }

  async #transcribe(segment: Segment, audioMs: number, attempt: Attempt): Promise<string> {
    const { server, slots, clock, config, onWell } = this.#parts;
    const { signal } = attempt.controller;
    const wav = segment.audio.toWav();
    const { voicedMs } = segment;
    const before = segment.lead?.seam.before(this.#before) ?? this.#before;
    const prompt = promptOf(config, before);
    const onText = (text: string): void => {
      if (segment.hope === attempt) this.#show(segment, wordsSaid({ text }, { voicedMs, prompt }));
    };
    for (let retry = 0; ; retry += 1) {
      const release = slots.take() ?? (await slots.wait(signal));
      try {
        signal.throwIfAborted();
        attempt.sent = true;
        this.#usage.add(audioMs);
        const sinceMs = clock.now();
        const hypothesis = await server.transcribe({ wav, prompt }, onText, signal);
        this.#serverMs = clock.now() - sinceMs;
        onWell();
        const text = wordsSaid(hypothesis, { voicedMs, prompt });
        segment.hear(text);
        return text;
      } catch (error) {
        if (retry >= config.retries || !mayRecover(error)) throw error;
        if (error.code === 'ERR_FLAVOR_PROTOCOL') this.events.push({ type: 'warning', error });
      } finally {
        release();
      }
      await pause(RETRY_MS * 2 ** retry, clock, signal);
    }
  }

  #end(error: FlavorError | undefined): void {
    if (this.events.ended) return;
    const { signal } = this.#parts;
    signal.removeEventListener('abort', this.#onAbort);
    this.#ear.end();
    this.#segment = undefined;
    this.#usage.report();
    this.events.push({ type: 'end', ...(error && !signal.aborted && { error }) });
    for (const { controller } of this.#running) controller.abort();
  }
}

/** Where its text ends, on the clock of `AudioFrame.positionMs`. */
function endOf({ audio, positionMs, next }: Segment): number {
  return next?.lead === undefined ? positionMs + audio.durationMs : next.positionMs + next.lead.beforeMs;
}

/** Worth another attempt at once; also where the server said something that is no answer. */
function mayRecover(error: unknown): error is FlavorError {
  if (!(error instanceof FlavorError)) return false;
  return (error.retryable && error.code !== 'ERR_FLAVOR_TIMEOUT') || error.code === 'ERR_FLAVOR_PROTOCOL';
}
