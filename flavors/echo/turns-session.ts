import type { FliteVoice } from 'sip-voice-connector/cascade';
import {
  type AudioFrame,
  bytesPerMs,
  type CallContext,
  FlavorError,
  FlavorEventQueue,
  type FlavorSession,
  type SpeakRequest,
  type ToolResult,
} from 'sip-voice-connector/flavor';
import { CallerTape } from './caller-tape.js';
import type { EchoConfig } from './config.js';
import { spokenDigits } from './digit-words.js';
import { SpeechLine } from './speech-line.js';
import type { Utterance } from './utterance.js';

/** Repeated from before the onset: a detector hears vowels before it hears the consonant in front of them. */
const PREROLL_MS = 200;
/** Repeated after the last voiced sample: words fade. */
const TAIL_MS = 120;
/** Kept while nobody speaks: the pre-roll, and what a detector needs to make up its mind. */
const KEEP_MS = 1_000;
/** Digits read back at once; a caller who presses more is not reading them to anybody. */
const MAX_DIGITS = 32;
const HANG_UP = 'hang_up';

/** The caller's turn in progress. */
interface Turn {
  readonly fromMs: number;
  /** After the last voiced sample; `undefined` while the caller speaks. */
  endMs: number | undefined;
  /** The end before the onset that is not yet decided upon. */
  previousEndMs: number | undefined;
  accepted: boolean;
}

export interface TurnsSessionOptions {
  readonly call: CallContext;
  readonly config: EchoConfig;
  readonly voice: Pick<FliteVoice, 'speak'>;
  readonly greeting: Utterance | undefined;
}

/** Greets, waits for the end of the caller's turn, repeats it, reads digits back, hangs up on `#`. */
export class TurnsSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #call: CallContext;
  readonly #config: EchoConfig;
  readonly #greeting: Utterance | undefined;
  readonly #line: SpeechLine;
  readonly #tape: CallerTape;
  readonly #bytesPerMs: number;
  #turn: Turn | undefined;
  #turns = 0;
  #positionMs = 0;
  #digits = '';
  #digitsDueMs = Number.POSITIVE_INFINITY;
  #hangUps = 0;
  #closing = false;

  constructor(options: TurnsSessionOptions) {
    this.#call = options.call;
    this.#config = options.config;
    this.#greeting = options.greeting;
    this.#bytesPerMs = bytesPerMs(options.call.input);
    this.#tape = new CallerTape({
      bytesPerMs: this.#bytesPerMs,
      keepMs: KEEP_MS,
      maxMs: options.config.maxTurnSeconds * 1000 + KEEP_MS,
    });
    this.#line = new SpeechLine({ voice: options.voice, push: (event) => this.events.push(event) });
    const { signal } = options.call;
    if (signal.aborted) this.#end();
    else signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** Hot path: a copy into a reused block. The frames' clock also times the pause after digits. */
  write(frame: AudioFrame): void {
    if (this.events.ended) return;
    this.#tape.write(frame.data, frame.positionMs);
    this.#positionMs = frame.positionMs + frame.data.length / this.#bytesPerMs;
    if (this.#positionMs >= this.#digitsDueMs) this.#line.say(this.#takeDigits());
  }

  start(): void {
    if (this.#greeting) this.#line.sayUtterance(this.#greeting);
    this.#line.open();
  }

  speak(request: SpeakRequest): void {
    if (request.text !== undefined) {
      this.#line.say(request.text);
      return;
    }
    const error = new FlavorError('ERR_FLAVOR_UNSUPPORTED', 'an echo cannot follow instructions', false);
    this.events.push({ type: 'warning', error });
  }

  /** What is out already is the host's to drop. A goodbye cut short still ends the call: the caller asked for that. */
  interrupt(): void {
    this.#line.cancel();
  }

  onVoice(event: { readonly type: 'started' | 'stopped'; readonly positionMs: number }): void {
    if (this.events.ended || this.#closing) return;
    const turn = this.#turn;
    if (event.type === 'stopped') {
      if (turn) turn.endMs = event.positionMs;
    } else if (turn) {
      turn.previousEndMs = turn.endMs;
      turn.endMs = undefined;
    } else {
      const fromMs = event.positionMs - PREROLL_MS;
      this.#turn = { fromMs, endMs: undefined, previousEndMs: undefined, accepted: false };
      this.#tape.hold(fromMs);
    }
  }

  onOnset(verdict: 'accepted' | 'rejected'): void {
    const turn = this.#turn;
    if (!turn) return;
    if (verdict === 'accepted') turn.accepted = true;
    else if (turn.accepted) turn.endMs = turn.previousEndMs;
    else this.#takeTurn();
  }

  endTurn(): void {
    const turn = this.#takeTurn();
    if (!turn || this.events.ended || this.#closing) return;
    const endMs = turn.endMs ?? this.#positionMs;
    const words = this.#tape.cut(turn.fromMs, Math.min(endMs + TAIL_MS, turn.fromMs + this.#maxTurnMs));
    if (words.length === 0) return;
    this.#turns += 1;
    this.#line.play(words, this.#bytesPerMs);
    const afterWordsMs = Math.max(this.#positionMs - endMs, 0);
    const timing = { endOfTurnMs: afterWordsMs, firstAudioMs: afterWordsMs };
    this.events.push({ type: 'turn', turnId: `turn-${this.#turns}`, timing });
  }

  onPlayout(): void {
    // An echo remembers nothing that the caller could have missed.
  }

  onDtmf(digits: string): void {
    for (const digit of digits) {
      if (this.events.ended || this.#closing) return;
      if (digit === '#') {
        this.#sayGoodbye();
      } else if (this.#digits.length < MAX_DIGITS) {
        this.#digits += digit;
        this.#digitsDueMs = this.#positionMs + this.#config.digitPauseMs;
      }
    }
  }

  onToolResult(result: ToolResult): void {
    if (!this.#closing || result.id !== `${HANG_UP}-${this.#hangUps}`) return;
    // Whoever wants a reply to a hang-up is still there to hear it.
    if (!result.reply) return;
    this.#closing = false;
    this.#line.say(result.error === undefined ? 'All right.' : 'I cannot hang up.');
  }

  async update(): Promise<void> {
    throw new FlavorError('ERR_FLAVOR_UNSUPPORTED', 'an echo has nothing to change', false);
  }

  get #maxTurnMs(): number {
    return this.#config.maxTurnSeconds * 1000;
  }

  #takeTurn(): Turn | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    this.#tape.release();
    return turn;
  }

  #takeDigits(): string {
    const text = spokenDigits(this.#digits);
    this.#digits = '';
    this.#digitsDueMs = Number.POSITIVE_INFINITY;
    return text;
  }

  #sayGoodbye(): void {
    this.#closing = true;
    this.#takeTurn();
    const digits = this.#digits === '' ? '' : `${this.#takeDigits()} `;
    this.#line.say(`${digits}${this.#config.goodbye}`, (responseId) => this.#hangUp(responseId));
  }

  #hangUp(responseId: string | undefined): void {
    if (!this.#call.tools.some(({ name }) => name === HANG_UP)) {
      this.events.push({ type: 'end', reason: 'completed' });
      return;
    }
    this.#hangUps += 1;
    this.events.push({
      type: 'tool-call',
      id: `${HANG_UP}-${this.#hangUps}`,
      ...(responseId === undefined ? {} : { responseId }),
      name: HANG_UP,
      arguments: {},
    });
  }

  #end(): void {
    this.events.push({ type: 'end', reason: 'aborted' });
    this.#line.cancel();
    this.#takeTurn();
  }
}
