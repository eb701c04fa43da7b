import { Alarm } from '../../base/alarm.js';
import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import {
  type AudioFrame,
  bytesPerMs,
  type CallContext,
  FlavorError,
  type FlavorEvent,
  FlavorEventQueue,
  type FlavorSession,
  type InterruptCause,
  type PlayoutReport,
  type SessionPatch,
  type SpeakRequest,
  type ToolResult,
} from '../../flavor-api/index.js';
import { SpeechPace } from '../fail-over/seam.js';
import { budgetOf, type CascadeOptions, turnsWith } from '../options.js';
import type { LanguageModel } from '../stages/language-model.js';
import { settle } from '../stages/settle.js';
import type { SpeechToText, SpeechToTextEvent, SpeechToTextStream } from '../stages/speech-to-text.js';
import { asFlavorError } from '../stages/stage-error.js';
import type { TextToSpeech, TextToSpeechSession } from '../stages/text-to-speech.js';
import { dueMs, turnStep } from '../turns/turn-machine.js';
import {
  type AnswerRequest,
  initialTurnState,
  type TurnCommand,
  type TurnEvent,
  type TurnOptions,
  type TurnState,
} from '../turns/turn-state.js';
import { AnswerDesk } from './answer-desk.js';
import { Memory } from './memory.js';
import { Recogniser } from './recogniser.js';
import type { VoiceParts } from './speech-out.js';
import { Summariser } from './summariser.js';

export interface CascadeSessionParts {
  readonly call: CallContext;
  readonly options: CascadeOptions;
  readonly turns: TurnOptions;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
  readonly clock: Clock;
  speakable(text: string): string;
}

/**
 * For recogniser and voice to say what they have used, ms. Engines say it at once, but for those that have a server to ask;
 * the contract allows 500, and another flavor waits for a session that has failed.
 */
const LAST_WORD_MS = { aborted: 350, failed: 100 } as const;

/** One call with a cascade: what {@link turnStep} decides is carried out here, and what happens is told to it. */
export class CascadeSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #parts: CascadeSessionParts;
  readonly #voice: TextToSpeechSession;
  readonly #recogniser: Recogniser;
  readonly #memory: Memory;
  readonly #desk: AnswerDesk;
  readonly #alarm: Alarm;
  readonly #greeting: string;
  #state: TurnState = initialTurnState;
  readonly #pending: TurnEvent[] = [];
  #stepping = false;
  /** The end is decided; what was used is still told. */
  #over = false;
  readonly #unsettled = new Set<Promise<void>>();
  #turns: TurnOptions;
  /** Where the caller's audio is, ms. */
  #positionMs = 0;
  readonly #onAbort = (): void => this.#end({ type: 'end', reason: 'aborted' });

  constructor(parts: CascadeSessionParts, stream: SpeechToTextStream, voice: TextToSpeechSession) {
    const { call, options, clock, llm } = parts;
    this.#parts = parts;
    this.#turns = parts.turns;
    this.#voice = voice;
    this.#greeting = (call.greeting ?? call.render(options.greeting)).trim();
    this.#alarm = new Alarm(clock);
    const push = (event: FlavorEvent): void => this.#push(event);
    const summariser = options.history.summarise
      ? new Summariser({ model: llm, signal: call.signal, push })
      : undefined;
    this.#memory = new Memory({
      system: call.instructions ?? call.render(options.instructions),
      tools: call.tools,
      history: call.history,
      budget: budgetOf(options),
      ...(summariser && { onDropped: (dropped) => summariser.onDropped(this.#memory, dropped) }),
    });
    this.#desk = new AnswerDesk({
      model: llm,
      voice: this.#voiceParts(),
      memory: this.#memory,
      clock,
      options,
      filler: call.render(options.filler.text).trim(),
      push,
      send: (event) => this.#send(event),
    });
    this.#recogniser = new Recogniser(
      {
        engine: parts.stt,
        input: call.input,
        clock,
        signal: call.signal,
        onEvent: (event) => this.#onHeard(event),
        onLost: (error) => {
          push({ type: 'warning', error });
          if (!this.#over) this.#send({ type: 'recogniser-lost', retold: false });
        },
        onFailed: (error) => this.#fail(error),
      },
      stream,
    );
    if (call.signal.aborted) this.#onAbort();
    else call.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get awaitedInputMs(): number | undefined {
    return this.#recogniser.awaitedInputMs;
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    this.#positionMs = frame.positionMs + 20;
    this.#recogniser.write(frame);
  }

  start(): void {
    if (this.#over || this.#state.started) return;
    if (this.#greeting !== '') this.#ask({ kind: 'words', text: this.#greeting });
    this.#send({ type: 'started' });
  }

  speak(request: SpeakRequest): void {
    if (this.#over) return;
    const { text, instructions = '', aside } = request;
    if (aside === true) this.#desk.aside(request);
    else this.#ask(text === undefined ? { kind: 'instructions', text: instructions } : { kind: 'words', text });
  }

  interrupt(cause: InterruptCause): void {
    if (this.#over) return;
    const unsettled = this.#desk.onInterrupt();
    this.#send({ type: 'interrupt', owed: cause === 'speech' || cause === 'dtmf', unsettled });
  }

  onVoice(event: { readonly type: 'started' | 'stopped'; readonly positionMs: number }): void {
    if (this.#over) return;
    const { type, positionMs } = event;
    if (type === 'started') this.#send({ type: 'voice-started', positionMs });
    else {
      const voicedUntilMs = this.#parts.clock.now() - Math.max(0, this.#positionMs - positionMs);
      this.#send({ type: 'voice-stopped', positionMs, voicedUntilMs });
    }
  }

  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): void {
    if (!this.#over) this.#send({ type: 'onset', verdict, positionMs });
  }

  onPlayout(report: PlayoutReport): void {
    if (!this.#over) this.#desk.onPlayout(report);
  }

  onDtmf(digits: string): void {
    if (!this.#over) this.#send({ type: 'keys', keys: digits });
  }

  onToolResult(result: ToolResult): void {
    if (!this.#over) this.#desk.onToolResult(result);
  }

  async update(patch: SessionPatch): Promise<void> {
    if (this.#over) throw new FlavorError('ERR_FLAVOR_NETWORK', 'the session is over', false);
    const { context, instructions, tools } = patch;
    if (context !== undefined) this.#memory.addNote(`(${context})`);
    this.#memory.update({ ...(instructions !== undefined && { instructions }), ...(tools !== undefined && { tools }) });
  }

  #ask(request: AnswerRequest): void {
    this.#send({ type: 'ask', request });
  }

  /** Tells the machine what has happened, and does what it says; what happens meanwhile is told afterwards. */
  #send(event: TurnEvent): void {
    this.#pending.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      this.#step();
    } catch (error) {
      // A stage that throws where it must not: nobody else would catch it, and the process would die of it.
      this.#fail(asFlavorError(error));
    }
    this.#stepping = false;
    this.#setAlarm();
  }

  #step(): void {
    for (let next = this.#pending.shift(); next && !this.#over; next = this.#pending.shift()) {
      const step = turnStep(this.#state, next, this.#parts.clock.now(), this.#turns);
      this.#state = step.state;
      for (const command of step.commands) this.#run(command);
    }
  }

  #setAlarm(): void {
    const atMs = this.#over ? undefined : dueMs(this.#state, this.#turns);
    if (atMs === undefined) this.#alarm.clear();
    else this.#alarm.set(Math.max(0, atMs - this.#parts.clock.now()), () => this.#send({ type: 'time' }));
  }

  #run(command: TurnCommand): void {
    switch (command.type) {
      case 'finalize':
        this.#recogniser.finalize();
        return;
      case 'transcript': {
        const { turn, text, final } = command;
        this.events.push({ type: 'transcript', role: 'caller', turnId: `turn-${turn}`, text, final });
        return;
      }
      case 'turn':
        this.#desk.onTurn(command);
        return;
      case 'keys':
        this.#desk.onKeys(command.keys);
        return;
      case 'begin':
        this.#desk.begin(command.id, command.request, command.on);
        return;
      case 'confirm':
        this.#desk.confirm(command.calls);
        return;
      case 'withdraw':
        this.#desk.withdraw(command.again);
        return;
      case 'run-tool':
        this.#desk.runTool(command.call);
        return;
      case 'warn':
        this.events.push({ type: 'warning', error: command.error });
        return;
      case 'fail':
        this.#fail(command.error);
        return;
      default:
        assertUnreachable(command);
    }
  }

  #onHeard(event: Exclude<SpeechToTextEvent, { readonly type: 'end' }>): void {
    if (event.type === 'usage') this.#push(event);
    if (this.#over) return;
    switch (event.type) {
      case 'usage':
        return;
      case 'warning':
        this.#push(event);
        return;
      case 'transcript':
        this.#send({ type: 'transcript', text: event.text, final: event.final });
        return;
      case 'taken-over':
        this.#turns = { ...this.#turns, ...turnsWith(event.capabilities, this.#parts.options) };
        this.#send({ type: 'turn-resumed' });
        this.#send({ type: 'recogniser-lost', retold: true });
        return;
      case 'speech-started':
        // The host has a detector of its own, which is quicker; words tell it the rest.
        return;
      default:
        this.#send(event);
    }
  }

  #voiceParts(): VoiceParts {
    const { call, tts, clock, options, speakable } = this.#parts;
    return {
      session: this.#voice,
      capabilities: tts.capabilities,
      speakable,
      bytesPerMs: bytesPerMs(call.output),
      clock,
      timeoutMs: options.voiceTimeoutMs,
      pace: new SpeechPace(),
      unsettled: this.#unsettled,
      push: (event) => this.#push(event),
    };
  }

  #fail(error: FlavorError): void {
    this.#end({ type: 'end', reason: 'failed', error });
  }

  /** What was used is used, also when nothing else is told any more. */
  #push(event: FlavorEvent): void {
    if (!this.#over || event.type === 'usage') this.events.push(event);
  }

  #end(event: { readonly type: 'end'; readonly reason: 'aborted' | 'failed'; readonly error?: FlavorError }): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.call.signal.removeEventListener('abort', this.#onAbort);
    this.#alarm.clear();
    this.#desk.close();
    const listening = this.#recogniser.close();
    this.#voice.close();
    const work = [listening, ...this.#unsettled];
    void settle(work, this.#parts.clock, LAST_WORD_MS[event.reason]).then(() => this.events.push(event));
  }
}
