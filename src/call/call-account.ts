import type { Clock } from '../base/clock.js';
import { errorCode, errorMessage } from '../base/connector-error.js';
import type { FlavorEvent, Logger } from '../flavor-api/index.js';
import type { StreamStats } from '../media/engine.js';
import type { CallEventSink, CallHappening, CallSummary } from '../ops/call-event.js';
import type { BargeInRecord, CallRecord } from '../ops/call-record.js';
import type { CallMeter } from '../ops/cost/spend-book.js';
import type { CallOutcome } from './call-state.js';
import type { ConversationNotes } from './conversation-notes.js';
import { Dialogue } from './dialogue.js';
import {
  addUsage,
  buildRecord,
  type CallFacts,
  type CallIdentity,
  type RecordedPersonalData,
  unansweredSummary,
} from './record-builder.js';
import { TurnLedger, type VoicedTurn } from './turns/turn-ledger.js';
import { WarningLines } from './warning-lines.js';

/** Digits and tools kept of one call. */
const KEPT_DIGITS = 1000;
const KEPT_TOOLS = 1000;
const KEPT_FAIL_OVERS = 100;
const KEPT_TAKE_OVERS = 100;
/** Characters kept of what others say: names of tools, as a model gives them, and messages of errors. */
const NAME_LENGTH = 64;
const MESSAGE_LENGTH = 1000;

/** When a call was over. */
export interface EndOfCall {
  /** Wall time, ms since the epoch. */
  readonly atMs: number;
  /** {@link Clock.now}. */
  readonly nowMs: number;
}

/** Everything that is written down about one call: events as they happen, and the record at its end. */
export class CallAccount implements ConversationNotes {
  readonly identity: CallIdentity;
  readonly ledger: TurnLedger;
  readonly dialogue = new Dialogue();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #warnings: WarningLines;
  readonly #sink: CallEventSink;
  readonly #meter: CallMeter;
  /** USD; `null`: nothing that has a price. */
  readonly costSoFar = (): number | null => this.#meter.cost.usd;
  readonly #include: readonly RecordedPersonalData[];
  #usage: Map<string, CallRecord['usage'][number]> | undefined;
  readonly #tools: CallRecord['tools'][number][] = [];
  readonly #failOvers: NonNullable<CallRecord['failOvers']>[number][] = [];
  readonly #takeOvers: NonNullable<CallRecord['takeOvers']>[number][] = [];
  #originMs: number;
  #answeredAtMs: number | null = null;
  #codec: string | null = null;
  #turns = 0;
  #v2vMs: number | null = null;
  #digits = '';
  #error: CallRecord['error'] = null;
  #closed = false;

  constructor(
    identity: CallIdentity,
    include: readonly RecordedPersonalData[],
    deps: { readonly clock: Clock; readonly log: Logger; readonly emit: CallEventSink; readonly meter: CallMeter },
  ) {
    this.identity = identity;
    this.#include = include;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#warnings = new WarningLines(deps.clock, deps.log);
    this.#sink = deps.emit;
    this.#meter = deps.meter;
    this.#originMs = deps.clock.now();
    this.ledger = new TurnLedger(this.#originMs);
  }

  summary(state: string): CallSummary {
    const answeredAtMs = this.#answeredAtMs;
    return {
      ...unansweredSummary(this.identity, state),
      codec: this.#codec,
      answeredAt: answeredAtMs === null ? null : new Date(answeredAtMs).toISOString(),
      durationMs: this.#durationMs(this.#clock.now()),
      turns: this.#turns,
      v2vMs: this.#v2vMs,
    };
  }

  /** @param nowMs {@link Clock.now} */
  #durationMs(nowMs: number): number {
    return this.#answeredAtMs === null ? 0 : Math.round(nowMs - this.#originMs);
  }

  get answered(): boolean {
    return this.#answeredAtMs !== null;
  }

  onCodec(codec: string): void {
    this.#codec = codec;
  }

  /**
   * @param receivedAtMs {@link Clock.now} at the arrival of the INVITE
   * @param atMs the same at the answer: times in the record count from here
   */
  onAnswered(receivedAtMs: number, atMs: number): void {
    this.#answeredAtMs = this.#clock.wallTime();
    this.#originMs = atMs;
    this.ledger.onAnswered(atMs);
    const setupMs = Math.round(atMs - receivedAtMs);
    this.emit({ type: 'call-answered', codec: this.#codec ?? 'unknown', setupMs });
  }

  onCallerSpeaking(speaking: boolean): void {
    this.emit({ type: 'caller-speaking', speaking });
  }

  onAgentSpeaking(speaking: boolean, interrupted: boolean): void {
    this.emit({ type: 'agent-speaking', speaking, interrupted });
  }

  onTurn({ v2vMs, stages }: VoicedTurn): void {
    this.#turns += 1;
    this.#v2vMs = v2vMs;
    this.emit({ type: 'turn', v2vMs, stages });
  }

  onBargeIn({ resumed, onsetToPauseMs, decisionToSilenceMs }: BargeInRecord): void {
    this.emit({ type: 'barge-in', resumed, onsetToPauseMs, decisionToSilenceMs });
  }

  onDigit(digit: string): void {
    if (this.#digits.length < KEPT_DIGITS) this.#digits += digit;
    this.emit({ type: 'digit' });
  }

  onTool(tool: string, ok: boolean, durationMs: number): void {
    const name = tool.slice(0, NAME_LENGTH);
    const ms = Math.round(durationMs);
    if (this.#tools.length < KEPT_TOOLS) this.#tools.push({ name, ms, ok });
    this.emit({ type: 'tool', name, ok, ms });
  }

  onUsage(event: FlavorEvent & { type: 'usage' }): void {
    this.#usage ??= new Map();
    addUsage(this.#usage, event);
    this.#meter.add(event);
  }

  /** A session was lost and another is asked for. `flavor`: whose session it was. */
  onFailOver(flavor: string, error: unknown): void {
    const code = errorCode(error) ?? 'ERR_FLAVOR_PROTOCOL';
    const atMs = Math.round(this.#clock.now() - this.#originMs);
    if (this.#failOvers.length < KEPT_FAIL_OVERS) this.#failOvers.push({ flavor, code, atMs });
    this.#log.warn({ flavor, code, detail: errorMessage(error).slice(0, MESSAGE_LENGTH) }, 'a session failed');
    this.emit({ type: 'fail-over', flavor, code });
  }

  /** Somebody else is on the phone now. @param from user of its From URI, of any length */
  onTakeOver(from: string): void {
    const atMs = Math.round(this.#clock.now() - this.#originMs);
    if (this.#takeOvers.length < KEPT_TAKE_OVERS) this.#takeOvers.push({ from: from.slice(0, NAME_LENGTH), atMs });
    this.emit({ type: 'call-taken-over' });
  }

  /** Something is wrong and the call goes on. */
  onWarning(code: string, message: string): void {
    this.#warnings.write(code, errorMessage(message).slice(0, MESSAGE_LENGTH));
    this.emit({ type: 'warning', code });
  }

  /** Something is wrong that may end the call. The first error is the one that explains the rest. */
  onError(error: unknown): void {
    const code = errorCode(error) ?? 'ERR_UNEXPECTED';
    const message = errorMessage(error).slice(0, MESSAGE_LENGTH);
    this.#error ??= { code, message };
    this.#log.warn({ code, detail: message }, 'call error');
  }

  /** Nothing follows `call-ended`: what a tool or a phone still brings is dropped. */
  emit(event: CallHappening): void {
    if (this.#closed) return;
    this.#sink({ callId: this.identity.id, atMs: this.#clock.wallTime(), ...event });
  }

  /** Writes the record, and says that the call is over. */
  close(
    outcome: CallOutcome,
    stats: StreamStats | undefined,
    recording: CallFacts['recording'],
    ended: EndOfCall,
  ): CallRecord {
    // The 200 that a driver was to send never left.
    if (outcome.status >= 300) this.#answeredAtMs = null;
    const facts = {
      codec: this.#codec,
      answeredAtMs: this.#answeredAtMs,
      originMs: this.#originMs,
      durationMs: this.#durationMs(ended.nowMs),
      ledger: this.ledger,
      dialogue: this.dialogue,
      stats,
      digits: this.#digits,
      tools: this.#tools,
      usage: [...(this.#usage?.values() ?? [])],
      cost: this.#meter.cost,
      recording,
      failOvers: this.#failOvers,
      takeOvers: this.#takeOvers,
      error: this.#error,
    };
    const record = buildRecord(this.identity, facts, outcome, ended.atMs, this.#include);
    const { endedBy, cause, status } = outcome;
    const media = stats && { dropped: stats.in.dropped, skippedSlots: stats.out.skippedSlots };
    const { durationMs } = record;
    this.emit({ type: 'call-ended', endedBy, cause, status, durationMs, record, ...(media && { media }) });
    this.#closed = true;
    this.#meter.close();
    return record;
  }
}
