import { Alarm } from '../../base/alarm.js';
import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import {
  FlavorError,
  type FlavorEvent,
  type PlayoutReport,
  type SpeakRequest,
  type ToolResult,
} from '../../flavor-api/index.js';
import { type CascadeOptions, firstClauseCharacters } from '../options.js';
import type { LanguageModel, ModelToolCall } from '../stages/language-model.js';
import type { AnswerRequest, TurnCommand, TurnEvent } from '../turns/turn-state.js';
import { Answer } from './answer.js';
import { AsideDesk } from './aside-desk.js';
import type { Memory } from './memory.js';
import { along, BAD_ARGUMENTS, GO_ON, pressedKeys } from './phrases.js';
import type { VoiceParts } from './speech-out.js';
import { SpokenBook } from './spoken-book.js';
import { callArguments, ToolDesk } from './tool-desk.js';
import { TurnTimer } from './turn-timer.js';

export interface AnswerDeskParts {
  readonly model: LanguageModel;
  readonly voice: VoiceParts;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly options: CascadeOptions;
  /** Words for the wait for a slow answer; empty: none. */
  readonly filler: string;
  push(event: FlavorEvent): void;
  /** To the turn machine. */
  send(event: TurnEvent): void;
}

/** Answers in a row that may call tools without a word of the caller between them: a model must not go round in circles. */
const MAX_TOOL_ROUNDS = 8;

/**
 * The answer that is being made, what became of those before it, and the tools they called. It keeps the model's memory:
 * what was written enters it, and what of it was not heard leaves it.
 */
export class AnswerDesk {
  readonly #parts: AnswerDeskParts;
  readonly #aside: AsideDesk;
  readonly #spoken = new SpokenBook();
  readonly #tools = new ToolDesk();
  readonly #timer: TurnTimer;
  readonly #wait: Alarm;
  #answer: Answer | undefined;
  /** The answer was begun on words that may not be all. */
  #guess = false;
  /** What the host asked the answer for, until the memory keeps it. */
  #order: string | undefined;
  #toolRounds = 0;

  constructor(parts: AnswerDeskParts) {
    this.#parts = parts;
    const { voice, model, clock, push } = parts;
    this.#timer = new TurnTimer(push);
    this.#wait = new Alarm(clock);
    this.#aside = new AsideDesk({
      voice,
      model,
      clock,
      push,
      onBegun: (speech) => this.#spoken.open(speech, undefined),
    });
  }

  /** The caller's turn is over. */
  onTurn({ turn, text, voicedUntilMs, textAtMs, speculative }: TurnCommand & { readonly type: 'turn' }): void {
    this.#onCaller();
    this.#parts.memory.addCaller(text);
    const fromMs = Math.min(voicedUntilMs ?? textAtMs, textAtMs);
    this.#timer.onTurn(`turn-${turn}`, fromMs, textAtMs, this.#parts.clock.now(), speculative);
    this.#bridgeWait();
  }

  onKeys(keys: string): void {
    this.#onCaller();
    this.#parts.memory.addNote(pressedKeys(keys));
    this.#bridgeWait();
  }

  /** Words that bridge a wait. Where the agent speaks, or is about to, there is nothing to bridge. */
  aside({ text, instructions = '' }: SpeakRequest): void {
    if (this.#answer?.speech.emitted === true) return;
    this.#wait.clear();
    if (text !== undefined) this.#aside.say(text);
    else this.#aside.ask(this.#parts.memory.request({ order: along(instructions), mayCallTools: false }));
  }

  /** Begins an answer. `guess`: on these words of the caller, and nothing of it goes out before `confirm`. */
  begin(id: number, request: AnswerRequest, guess: string | undefined): void {
    const { model, voice, clock, options, push, send } = this.#parts;
    const ofAnswer = (act: () => void) => (): void => {
      if (this.#answer === answer) act();
    };
    const answer: Answer = new Answer(
      id,
      guess !== undefined,
      { model, voice, clock, firstClauseCharacters, modelTimeoutMs: options.modelTimeoutMs, push },
      {
        onFirstToken: ofAnswer(() => this.#timer.onFirstToken(clock.now(), this.#guess)),
        onFirstAudio: ofAnswer(() => {
          this.#wait.clear();
          this.#aside.onAnswer();
          if (request.kind === 'reply') this.#timer.onFirstAudio(clock.now());
          send({ type: 'answer-emitted', id });
        }),
        onCall: (call) => send({ type: 'answer-call', id, call: this.#tools.unique(call) }),
        onDone: () => {
          // A reply that says nothing: there is nothing to wait for. Behind one that was heard, it is the next that is awaited.
          if (request.kind === 'reply' && !answer.speech.emitted) this.#wait.clear();
          this.#close(answer);
          send({ type: 'answer-done', id });
        },
        onFailed: (error) => {
          // What is heard of it stands: the rest is asked for by a request of its own.
          if (answer.speech.emitted) this.#keepOrder(answer);
          this.#close(answer);
          const rest = request.kind === 'words' ? request.text.slice(answer.text.length) : '';
          send({ type: 'answer-failed', id, error, rest });
        },
      },
    );
    this.#answer = answer;
    this.#guess = guess !== undefined;
    this.#order = request.kind === 'instructions' ? along(request.text) : undefined;
    this.#spoken.open(answer.speech, entryOf(answer));
    if (request.kind === 'words') answer.say(request.text);
    else answer.ask(this.#requestFor(request, guess));
  }

  /** The turn is over, and its words are those the answer was begun on. `calls`: what it has called meanwhile. */
  confirm(calls: readonly ModelToolCall[]): void {
    this.#guess = false;
    const answer = this.#answer;
    answer?.release();
    // An answer that has nothing to say is over once it may be: its tools run before.
    for (const call of calls) this.runTool(call);
    answer?.confirm();
    this.#record();
  }

  /** Gives the answer up. `again`: it will be asked for anew, and leaves no trace. */
  withdraw(again: boolean): void {
    const answer = this.#answer;
    if (!answer) return;
    this.#answer = undefined;
    this.#wait.clear();
    answer.cancel();
    const { speech, calls } = answer;
    const text = again ? '' : speech.text;
    this.#parts.memory.setAgent(entryOf(answer), { text, calls: again ? [] : calls });
    if (!speech.emitted) this.#spoken.forget(speech.responseId);
    if (this.#tools.onAnswerOver(answer.id)) this.#askForReply();
  }

  runTool(call: ModelToolCall): void {
    const answer = this.#answer;
    if (!answer || !this.#tools.open(call.id, answer.id)) {
      this.#warn('the model calls too many tools at once');
      return;
    }
    this.#keepOrder(answer);
    answer.calls.push(call);
    // The host bridges the wait for a tool.
    this.#wait.clear();
    this.#record();
    const args = callArguments(call);
    if (args === undefined) {
      // The model can mend it, if it is told.
      this.#warn('the model calls a tool with arguments that are no object');
      this.onToolResult({ id: call.id, output: null, error: BAD_ARGUMENTS, reply: true });
      return;
    }
    const { speaks, responseId } = answer.speech;
    this.#parts.push({
      type: 'tool-call',
      id: call.id,
      ...(speaks && { responseId }),
      name: call.name,
      arguments: args,
    });
  }

  onToolResult(result: ToolResult): void {
    const due = this.#tools.onResult(result);
    if (due === undefined) return;
    this.#parts.memory.addToolResult(result);
    if (due) this.#askForReply();
  }

  /** The host interrupts. Returns whether it will report on something. */
  onInterrupt(): boolean {
    this.#wait.clear();
    this.#aside.cancel();
    return this.#spoken.interrupt();
  }

  onPlayout(report: PlayoutReport): void {
    const { entry, heard, settled } = this.#spoken.onReport(report);
    if (entry !== undefined) {
      // Interrupted without a word before: what is still being made of it is of no use.
      if (this.#answer?.speech.responseId === report.responseId) {
        this.#parts.send({ type: 'interrupt', owed: true, unsettled: false });
      }
      this.#parts.memory.cutAgent(entry, heard ?? '');
    }
    if (settled) this.#parts.send({ type: 'settled' });
  }

  close(): void {
    this.#wait.clear();
    this.#aside.cancel();
    this.#answer?.cancel();
    this.#answer = undefined;
    this.#spoken.clear();
  }

  #bridgeWait(): void {
    const { filler, options } = this.#parts;
    if (filler === '') return;
    this.#wait.set(options.filler.afterMs, () => {
      // What was begun before the caller spoke is said to its end first.
      if (this.#answer?.speech.emitted === true) this.#bridgeWait();
      else this.#aside.say(filler);
    });
  }

  #requestFor(request: Exclude<AnswerRequest, { readonly kind: 'words' }>, guess: string | undefined) {
    this.#toolRounds += request.kind === 'reply' && request.to === 'tools' ? 1 : 0;
    // A guess is on the next turn, and the rounds of the last do not count.
    const mayCallTools = guess !== undefined || this.#toolRounds < MAX_TOOL_ROUNDS;
    switch (request.kind) {
      case 'reply':
        return this.#parts.memory.request({ mayCallTools, ...(guess !== undefined && { guess }) });
      case 'instructions':
        return this.#parts.memory.request({ mayCallTools, order: along(request.text) });
      case 'go-on':
        return this.#parts.memory.request({ mayCallTools, order: GO_ON });
      default:
        return assertUnreachable(request);
    }
  }

  /** The answer is over: it stands in the dialogue as it was said, until the host says what was heard. */
  #close(answer: Answer): void {
    if (this.#answer !== answer) return;
    this.#record();
    this.#answer = undefined;
    if (!answer.speech.emitted) this.#spoken.forget(answer.speech.responseId);
    this.#timer.flush();
    if (this.#tools.onAnswerOver(answer.id)) this.#askForReply();
  }

  /** The next request goes on with what was begun on the order. */
  #keepOrder(answer: Answer): void {
    if (this.#order !== undefined) this.#parts.memory.keepOrder(this.#order, entryOf(answer));
    this.#order = undefined;
  }

  /** The caller has the word. What the agent is saying was begun before: it stands before theirs. */
  #onCaller(): void {
    this.#toolRounds = 0;
    this.#order = undefined;
    this.#parts.memory.forgetOrder();
    if (!this.#guess) this.#record();
  }

  /** Enters the answer that is being made into the dialogue, as far as it has come. */
  #record(): void {
    const answer = this.#answer;
    if (!answer) return;
    const { text, calls, opaque } = answer;
    this.#parts.memory.setAgent(entryOf(answer), { text, calls, ...(opaque !== undefined && { opaque }) });
  }

  #askForReply(): void {
    this.#parts.send({ type: 'ask', request: { kind: 'reply', to: 'tools' } });
  }

  #warn(message: string): void {
    this.#parts.push({ type: 'warning', error: new FlavorError('ERR_FLAVOR_PROTOCOL', message, true) });
  }
}

function entryOf({ id }: Answer): string {
  return `answer-${id}`;
}
