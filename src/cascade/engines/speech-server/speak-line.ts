import type { Clock } from '../../../base/clock.js';
import { pause } from '../../../base/pause.js';
import type { Random } from '../../../base/random.js';
import { type AudioFormat, FlavorError } from '../../../flavor-api/index.js';
import { settle } from '../../stages/settle.js';
import type { SpeakDesk, SpeakUtterance } from '../shared/speak-utterance.js';
import type { SpeechBackend, SpeechChunk } from './backend.js';
import { protocolFault } from './failures.js';
import { JoinedSound } from './joined-sound.js';

export interface SpeakLineOptions {
  readonly backend: SpeechBackend;
  readonly format: AudioFormat;
  /** Further requests for a piece of which nothing was heard. */
  readonly retries: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** A piece from its text to its sound. */
interface Piece {
  readonly utterance: SpeakUtterance;
  readonly index: number;
  readonly text: string;
  readonly controller: AbortController;
  asked: boolean;
  /** Its requests are over, and have told what they used. */
  settled: Promise<void> | undefined;
  retries: number;
  /** Sound that waits for the pieces before this one. */
  readonly early: Sound[];
  heard: boolean;
  outcome: { readonly error?: FlavorError } | undefined;
}

interface Sound {
  readonly samples: Int16Array;
  readonly sampleRate: number;
}

/** Requests for one call under way: the one that is heard, and the next. */
const MAX_REQUESTS = 2;
/** Before the first retry, ms; doubled for each further one, and each time between half of it and all. */
const FIRST_DELAY_MS = 150;
/** What a request that was given up has used is waited for so long, ms. */
const SETTLE_MS = 250;
/** The same where the voice has failed: somebody else waits to go on, ms. */
const SETTLE_FAILED_MS = 50;

/**
 * One call's way to a speech server: a request for each piece, the next one sent while the present one is heard (where
 * the server works on several; else as soon as it is free), and their sound in order.
 */
export class SpeakLine implements SpeakDesk {
  readonly #options: SpeakLineOptions;
  readonly #maxRequests: number;
  readonly #sounds = new WeakMap<SpeakUtterance, JoinedSound>();
  #pieces: Piece[] = [];
  #closed = false;

  constructor(options: SpeakLineOptions) {
    this.#options = options;
    this.#maxRequests = Math.min(MAX_REQUESTS, options.backend.capabilities.concurrency);
  }

  append(utterance: SpeakUtterance, index: number, text: string): void {
    if (this.#closed) return;
    const controller = new AbortController();
    const outcome = isSpeakable(text) ? undefined : {};
    this.#pieces.push({
      utterance,
      index,
      text,
      controller,
      asked: false,
      settled: undefined,
      retries: 0,
      early: [],
      heard: false,
      outcome,
    });
    this.#advance();
  }

  finish(utterance: SpeakUtterance): void {
    if (!this.#owes(utterance)) utterance.complete();
  }

  cancel(utterance: SpeakUtterance): void {
    this.#drop(utterance);
    this.#advance();
  }

  /** A machine that was at work has worked, whoever still listens. */
  abandon(utterance: SpeakUtterance): Promise<void> | undefined {
    const underWay = this.#drop(utterance).filter(isUnderWay);
    this.#advance();
    return underWay.length === 0 ? undefined : this.#settled(underWay, SETTLE_MS);
  }

  /** Ends everything. Never throws. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const utterance of new Set(this.#pieces.map((piece) => piece.utterance))) utterance.cancel();
  }

  #owes(utterance: SpeakUtterance): boolean {
    return this.#pieces.some((piece) => piece.utterance === utterance);
  }

  #settled(pieces: readonly Piece[], mostMs: number): Promise<void> {
    return settle(
      pieces.map(({ settled }) => settled),
      this.#options.clock,
      mostMs,
    );
  }

  #drop(utterance: SpeakUtterance): readonly Piece[] {
    const dropped = this.#pieces.filter((piece) => piece.utterance === utterance);
    this.#pieces = this.#pieces.filter((piece) => piece.utterance !== utterance);
    for (const { controller } of dropped) controller.abort();
    return dropped;
  }

  /** Lets out what the first piece has, ends what is over, and asks for what is next. */
  #advance(): void {
    // Between two utterances that end together, nothing is asked for the second.
    if (this.#closed) return;
    for (;;) {
      const [first] = this.#pieces;
      if (first === undefined) return;
      this.#letOut(first);
      // Letting out may have ended it.
      if (this.#pieces[0] !== first) continue;
      if (first.outcome === undefined) break;
      this.#over(first, first.outcome.error);
    }
    let underWay = this.#pieces.filter(isUnderWay).length;
    for (const piece of this.#pieces.slice(0, MAX_REQUESTS)) {
      if (underWay >= this.#maxRequests) return;
      if (piece.asked || piece.outcome !== undefined) continue;
      piece.asked = true;
      underWay += 1;
      piece.settled = this.#ask(piece);
    }
  }

  #over({ utterance, index, heard }: Piece, error: FlavorError | undefined): void {
    if (error !== undefined) {
      // What was heard of it ends softly: somebody else may go on from here.
      if (heard) utterance.audio(this.#soundOf(utterance).end(), index);
      const underWay = this.#drop(utterance).filter(isUnderWay);
      utterance.finished = true;
      if (underWay.length === 0) utterance.end(error);
      else void this.#settled(underWay, SETTLE_FAILED_MS).then(() => utterance.end(error));
      return;
    }
    this.#pieces.shift();
    // Named also where there was nothing to be heard: whoever waits for it may give the next.
    utterance.audio(heard ? this.#soundOf(utterance).end() : new Uint8Array(0), index);
    utterance.spoken(index + 1);
    if (utterance.finished && !this.#owes(utterance)) utterance.complete();
  }

  #letOut(piece: Piece): void {
    const { utterance, index } = piece;
    const sound = this.#soundOf(utterance);
    for (const { samples, sampleRate } of piece.early.splice(0)) {
      piece.heard = true;
      try {
        utterance.audio(sound.push(samples, sampleRate), index);
      } catch {
        piece.controller.abort();
        const { provider } = this.#options.backend.identity;
        piece.outcome = { error: protocolFault(provider, `sound at ${sampleRate} Hz`) };
        return;
      }
    }
  }

  #soundOf(utterance: SpeakUtterance): JoinedSound {
    const sound = this.#sounds.get(utterance) ?? new JoinedSound(this.#options.format);
    this.#sounds.set(utterance, sound);
    return sound;
  }

  async #ask(piece: Piece): Promise<void> {
    const { backend, retries, clock, random } = this.#options;
    const { signal } = piece.controller;
    for (;;) {
      const error = await this.#speak(piece, backend);
      if (signal.aborted) return;
      const again = error?.code === 'ERR_FLAVOR_NETWORK' && error.retryable && piece.retries < retries;
      if (!again || piece.heard || piece.early.length > 0) {
        piece.outcome = error === undefined ? {} : { error };
        this.#advance();
        return;
      }
      const ceilingMs = FIRST_DELAY_MS * 2 ** piece.retries;
      piece.retries += 1;
      try {
        await pause(ceilingMs / 2 + random.integer(Math.ceil(ceilingMs / 2) + 1), clock, signal);
      } catch {
        return;
      }
    }
  }

  /** One request; resolves to what was wrong with it. */
  async #speak(piece: Piece, backend: SpeechBackend): Promise<FlavorError | undefined> {
    const { signal } = piece.controller;
    let sampleRate = backend.capabilities.sampleRate;
    try {
      for await (const chunk of backend.synthesize(piece.text, signal)) {
        // Given up: what it has used comes yet.
        if (signal.aborted && chunk.type !== 'usage') continue;
        if (chunk.type === 'format') sampleRate = chunk.sampleRate;
        else this.#take(piece, chunk, sampleRate);
      }
      return undefined;
    } catch (error) {
      return explained(error, backend);
    }
  }

  #take(piece: Piece, chunk: Exclude<SpeechChunk, { readonly type: 'format' }>, sampleRate: number): void {
    if (chunk.type === 'usage') piece.utterance.events.push(chunk);
    if (chunk.type !== 'audio') return;
    piece.early.push({ samples: chunk.samples, sampleRate });
    if (this.#pieces[0] === piece) this.#advance();
  }
}

/** It was asked for, and its answer is not over. */
function isUnderWay({ asked, outcome }: Piece): boolean {
  return asked && outcome === undefined;
}

/** Something in it can be said: of bare punctuation, models make noise. */
function isSpeakable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function explained(error: unknown, { identity }: SpeechBackend): FlavorError {
  if (error instanceof FlavorError) return error;
  return new FlavorError('ERR_FLAVOR_PROTOCOL', `${identity.provider} failed in a way it did not name`, true);
}
