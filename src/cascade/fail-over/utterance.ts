import { inTurns, type Steps } from '../../base/steps.js';
import { bytesPerMs, type FlavorError } from '../../flavor-api/index.js';
import { leftVoice } from '../seam/take-over.js';
import { EventStream } from '../stages/event-stream.js';
import { settle } from '../stages/settle.js';
import { asFlavorError, mayBeTakenOver } from '../stages/stage-error.js';
import type { TextToSpeechEvent, TextToSpeechUtterance } from '../stages/text-to-speech.js';
import type { EngineDesk, SpeakingEngine } from './engine-desk.js';
import {
  type BrokenOff,
  Joining,
  type Place,
  restFrom,
  restOf,
  type Said,
  searchFailed,
  speedOf,
  waitMs,
} from './joining.js';
import type { Part } from './part.js';
import { PieceSound, type Sound } from './piece-sound.js';
import { Reserve } from './reserve.js';
import { restByPace } from './seam.js';
import { SpeechWatch } from './speech-watch.js';

/** Engines that fail one after the other are not asked for ever. */
const MAX_PARTS = 5;
/** Where the silence would be longer until a piece has been said again, what of it was before included, it goes on by estimate, ms. */
const MOST_SILENCE_MS = 1_150;
/** From so much audio on it is known how fast an engine speaks, ms. */
const TELLING_MS = 300;
/** What engines that were left have used is waited for so long, ms: an engine may take 250 to tell, the contract allows 500. */
const SETTLE_MS = 300;
/** An engine that speaks as text comes is given up so long before the caller notices, ms. */
const EARLY_MS = 1_300;

/**
 * One utterance, whoever speaks it. Pieces are kept until they have been said, and audio that the caller is not to hear
 * yet is held back. When an engine fails, what is held goes out up to a gap between two words; the next says the piece
 * under way again, and is heard from that gap on, which is found by comparing the sounds. Where that would take too long
 * it is given the rest of the piece, by estimate.
 */
export class FailOverUtterance implements TextToSpeechUtterance {
  readonly #desk: EngineDesk;
  readonly #signal: AbortSignal;
  /** Aborts when the utterance is over. */
  readonly #controller = new AbortController();
  readonly #events = new EventStream<TextToSpeechEvent>();
  readonly #pieces: string[] = [];
  readonly #watch: SpeechWatch;
  #part: Part | undefined;
  #parts = 0;
  /** What is still said by engines, also by those that were left: what they have used. */
  readonly #unsettled = new Map<Part, Promise<void>>();
  #over = false;
  #finished = false;
  readonly #reserve: Reserve;
  readonly #sound: PieceSound;
  /** The newest piece that has come, and where its audio begins in the utterance, ms. */
  #piece = -1;
  #pieceStartMs = 0;
  /** The newest piece that the caller hears of. */
  #told = -1;

  constructor(desk: EngineDesk, signal: AbortSignal) {
    this.#desk = desk;
    this.#signal = signal;
    this.#reserve = new Reserve(desk.clock, desk.output, this.#handOn);
    this.#sound = new PieceSound(desk.output);
    this.#watch = new SpeechWatch(desk.clock, desk.options, (error) => {
      if (!this.#part || !desk.hasOther(this.#part.speaker)) return 'wait';
      this.#onFailure(this.#part, error, this.#part.inner.spokenPieces ?? 0);
      return 'left';
    });
    if (signal.aborted) this.#end(undefined);
    else signal.addEventListener('abort', this.#onAbort, { once: true });
    if (desk.current) this.#speak(desk.current, { from: 0 });
    else void this.#findSpeaker(undefined, { from: 0 });
  }

  get events(): AsyncIterable<TextToSpeechEvent> {
    return this.#events;
  }

  get takes(): TextToSpeechUtterance['takes'] {
    return this.#part?.speaker.engine.capabilities.text;
  }

  append(piece: string): void {
    if (this.#finished || this.#over) return;
    this.#pieces.push(piece);
    this.#part?.inner.append(piece);
    this.#watchIfOwed();
  }

  finish(): void {
    if (this.#finished || this.#over) return;
    this.#finished = true;
    this.#part?.inner.finish();
    this.#watchIfOwed();
  }

  cancel(): void {
    this.#reserve.clear();
    this.#end(undefined);
  }

  readonly #onAbort = (): void => this.cancel();

  readonly #handOn = (event: TextToSpeechEvent): void => {
    if (event.type === 'piece') {
      // It may have been begun by one engine, and begun again by another before anything of it was heard.
      if (event.index <= this.#told) return;
      this.#told = event.index;
    }
    this.#events.push(event);
  };

  #speak(speaker: SpeakingEngine, { from, first, broken }: Place): void {
    if (this.#over) return;
    const inner = speaker.session.begin();
    const part: Part = {
      speaker,
      inner,
      from,
      first,
      startMs: this.#reserve.totalMs,
      audioMs: 0,
      firstAtMs: 0,
      lastAtMs: 0,
      joining: broken && new Joining(broken, this.#desk.output),
    };
    this.#part = part;
    this.#parts += 1;
    if (!broken) this.#sound.restart();
    this.#watch.restart(speaker.engine.capabilities.text === 'stream' ? EARLY_MS : undefined);
    for (let piece = from; piece < this.#pieces.length; piece += 1) inner.append(this.#textOf(part, piece));
    if (this.#finished) inner.finish();
    this.#watchIfOwed();
    this.#unsettled.set(part, this.#follow(part).catch(this.#breakOff));
  }

  /** What a part was given as that piece. */
  #textOf(part: Part, piece: number): string {
    return (piece === part.from ? part.first : undefined) ?? this.#pieces[piece] ?? '';
  }

  async #follow(part: Part): Promise<void> {
    for await (const event of part.inner.events) {
      if (event.type === 'end') this.#unsettled.delete(part);
      if (this.#part === part) {
        const looking = this.#take(part, event);
        if (looking) await looking;
        // What was used is used, whoever speaks now.
      } else if (event.type === 'usage') this.#events.push(event);
    }
    this.#unsettled.delete(part);
  }

  /** The promise is of looking for the place where it goes on. */
  #take(part: Part, event: TextToSpeechEvent): Promise<void> | undefined {
    switch (event.type) {
      case 'audio':
      case 'piece':
      case 'word':
        if (event.type === 'audio') this.#count(part, event.data);
        if (part.joining) return this.#listen(part, part.joining, event);
        this.#say(part, event);
        this.#watchAfter(event);
        return undefined;
      case 'end':
        if (event.error) this.#onFailure(part, event.error, event.spokenPieces);
        else if (part.joining) return this.#endListening(part, part.joining);
        else this.#endWhole(part);
        return undefined;
      default:
        this.#events.push(event);
        return undefined;
    }
  }

  #count(part: Part, data: Uint8Array): void {
    const nowMs = this.#desk.clock.now();
    if (part.audioMs === 0) part.firstAtMs = nowMs;
    part.audioMs += data.length / bytesPerMs(this.#desk.output);
    part.lastAtMs = nowMs;
  }

  #say(part: Part, event: Said): void {
    if (event.type === 'piece') this.#enter(part, part.from + event.index);
    else if (event.type === 'word') this.#reserve.push({ ...event, atMs: event.atMs + part.startMs });
    else {
      if (this.#piece < part.from) this.#enter(part, part.from);
      this.#sound.add(event.data);
      this.#reserve.push(event);
    }
  }

  async #listen(part: Part, joining: Joining, event: Said): Promise<void> {
    joining.push(event);
    // It may take a few turns to find the place: nobody is silent in the meantime.
    this.#watchAfter(event);
    if (event.type === 'audio' || joining.full) await this.#join(part, joining, false);
    if (!this.#over) this.#watchAfter(event);
  }

  async #endListening(part: Part, joining: Joining): Promise<void> {
    if (await this.#join(part, joining, true)) this.#endWhole(part);
  }

  #endWhole(part: Part): void {
    this.#learnPace(part, this.#sound);
    this.#end(undefined);
  }

  #watchAfter({ type }: Said): void {
    if (type === 'audio') this.#watch.heard(this.#reserve.aheadMs);
    this.#watchIfOwed();
  }

  /** The new voice is heard as soon as it is known from where on. False: it is not, or another way was taken. */
  async #join(part: Part, joining: Joining, over: boolean): Promise<boolean> {
    const enterMs =
      (await this.#inTurns(joining.find(over), notFound)) ??
      (this.#isTooSlow(part, joining) ? await this.#inTurns(joining.findNow(), notFound) : undefined);
    if (enterMs === undefined || this.#part !== part) return false;
    part.joining = undefined;
    if (enterMs === 'unlike') {
      this.#part = undefined;
      part.inner.cancel();
      this.#speak(part.speaker, restFrom(part.from, restOf(joining.broken, this.#desk.output)));
      return false;
    }
    part.startMs = this.#reserve.totalMs - enterMs;
    this.#pieceStartMs = part.startMs;
    this.#sound.restart();
    for (const { event, heard } of joining.from(enterMs)) {
      if (event.type !== 'audio') this.#say(part, event);
      else {
        this.#sound.add(event.data);
        if (heard && heard.length > 0) this.#reserve.push({ type: 'audio', data: heard });
      }
    }
    return true;
  }

  #enter(part: Part, piece: number): void {
    if (piece <= this.#piece) return;
    const sound = this.#sound.restart();
    if (piece === this.#piece + 1) this.#learnPace(part, sound);
    this.#piece = piece;
    this.#pieceStartMs = this.#reserve.totalMs;
    this.#reserve.push({ type: 'piece', index: piece });
    // What is owed now is another piece.
    this.#watch.settled();
    this.#watchIfOwed();
  }

  /** The piece under way is over. Only one that this engine said as a whole, and alone, tells how fast it speaks. */
  #learnPace(part: Part, sound: Sound): void {
    const piece = this.#pieces[this.#piece];
    const whole = this.#piece > part.from || (this.#piece === part.from && part.startMs === this.#pieceStartMs);
    if (piece !== undefined && whole) {
      part.speaker.pace.learn(piece, this.#reserve.totalMs - this.#pieceStartMs, sound);
    }
  }

  #watchIfOwed(): void {
    if (!this.#part || this.#over) return;
    if (this.#owesAudio(this.#part)) this.#watch.owed();
    else this.#watch.settled();
  }

  /** An engine that takes text as it comes may wait for the rest of a sentence, once it has begun. */
  #owesAudio({ speaker, audioMs }: Part): boolean {
    if (this.#pieces.length === 0) return false;
    if (this.#finished || audioMs === 0) return true;
    return speaker.engine.capabilities.text === 'sentence' && this.#piece < this.#pieces.length - 1;
  }

  /** @param spoken pieces that the engine says it has told to their end, counted from its own first */
  #onFailure(part: Part, error: FlavorError, spoken: number): void {
    if (this.#over) return;
    this.#part = undefined;
    this.#watch.restart();
    part.inner.cancel();
    void this.#goOn(part, error, spoken).catch(this.#breakOff);
  }

  /** Another goes on. What is held back stays here until it is known how much of it is heard. */
  async #goOn(part: Part, error: FlavorError, spoken: number): Promise<void> {
    this.#reserve.hold();
    const place = await this.#inTurns(this.#place(part, spoken), () => this.#placeByPace(part));
    if (place === undefined || this.#over) return;
    this.#reserve.resume();
    if (this.#parts >= MAX_PARTS || !mayBeTakenOver(error, this.#signal)) {
      this.#end(error, place.from);
      return;
    }
    this.#events.push({ type: 'warning', error });
    await this.#findSpeaker(part.speaker, place);
  }

  /** `undefined`: the utterance is over. A search that fails costs no word: it goes on by `instead`. */
  async #inTurns<Result>(steps: Steps<Result>, instead: () => Result): Promise<Result | undefined> {
    try {
      return await inTurns(steps, this.#desk.clock, this.#controller.signal);
    } catch (cause) {
      if (this.#over) return undefined;
      this.#events.push({ type: 'warning', error: searchFailed(cause) });
      return instead();
    }
  }

  /** Nobody goes on where something is wrong with the utterance itself: it ends, and so does nothing else. */
  readonly #breakOff = (thrown: unknown): void => this.#end(asFlavorError(thrown), Math.max(0, this.#piece));

  /** Where the utterance goes on: the piece, and how it is come by. What is held back is cut there. */
  *#place(part: Part, spoken: number): Steps<Place> {
    const again = part.from;
    if (part.joining) return { from: again, first: part.first, broken: part.joining.broken };
    const whole = again + spoken;
    if (spoken > 0 && this.#piece < whole) return { from: whole };
    // Nothing of the part came: what it was given is still to be said.
    if (part.audioMs === 0) return { from: again, first: part.first };
    const { piece, startMs, texts } = this.#under(part);
    const first = piece === again ? part.first : undefined;
    if (startMs >= this.#reserve.handedMs) {
      // The caller has heard nothing of it.
      this.#reserve.cut(startMs);
      this.#piece = piece - 1;
      return { from: piece, first };
    }
    const samples = this.#sound.samples();
    if (samples === undefined) return this.#placeByPace(part);
    const left = yield* leftVoice(samples, this.#desk.output.sampleRate, this.#reserve.handedMs - startMs);
    const broken = { texts, samples, left, startMs, pace: part.speaker.pace };
    return this.#leave(part, { from: piece, first, broken });
  }

  /** What a part was saying: the piece, where that began, ms, and its text. */
  #under(part: Part): { readonly piece: number; readonly startMs: number; readonly texts: readonly string[] } {
    const piece = Math.max(this.#piece, part.from);
    const stream = part.speaker.engine.capabilities.text === 'stream';
    // It may have gone on to later pieces without a word.
    const pieces = this.#pieces.slice(piece, stream ? undefined : piece + 1);
    const startMs = Math.max(this.#pieceStartMs, part.startMs);
    return { piece, startMs, texts: pieces.map((_, at) => this.#textOf(part, piece + at)) };
  }

  /** Told without the sound. */
  #placeByPace(part: Part): Place {
    const { piece, startMs, texts } = this.#under(part);
    return restFrom(piece, restByPace(texts, this.#reserve.totalMs - startMs, part.speaker.pace));
  }

  /** It takes so long to say the piece again that it is better not said again: only now it is known how fast this voice speaks. */
  #isTooSlow(part: Part, joining: Joining): boolean {
    const untilMs = waitMs(joining.broken.left, speedOf(part), part.audioMs);
    return part.audioMs >= TELLING_MS && untilMs + this.#reserve.silentMs - this.#reserve.aheadMs > MOST_SILENCE_MS;
  }

  /** The voice is cut at a gap between two words; where the piece is better not said again, its rest is. */
  #leave(part: Part, place: Place & { readonly broken: BrokenOff }): Place {
    const { left, startMs } = place.broken;
    this.#reserve.cut(startMs + left.leaveMs);
    const silentMs = waitMs(left, speedOf(part)) + this.#reserve.silentMs - this.#reserve.aheadMs;
    return silentMs <= MOST_SILENCE_MS ? place : restFrom(place.from, restOf(place.broken, this.#desk.output));
  }

  async #findSpeaker(failed: SpeakingEngine | undefined, place: Place): Promise<void> {
    try {
      this.#speak(await this.#desk.another(failed), place);
    } catch (error) {
      if (this.#signal.aborted) this.#end(undefined);
      else this.#end(asFlavorError(error), place.from);
    }
  }

  #end(
    error: FlavorError | undefined,
    spokenPieces = this.#finished ? this.#pieces.length : Math.max(0, this.#piece),
  ): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.abort();
    const part = this.#part;
    this.#part = undefined;
    this.#watch.settled();
    this.#signal.removeEventListener('abort', this.#onAbort);
    part?.inner.cancel();
    // What an engine has said is said, though nobody goes on.
    this.#reserve.release();
    const end = (): void => this.#events.push({ type: 'end', spokenPieces, ...(error && { error }) });
    if (this.#unsettled.size === 0) end();
    else void settle(this.#unsettled.values(), this.#desk.clock, SETTLE_MS).then(end);
  }
}

const notFound = (): 'unlike' => 'unlike';
