import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { InterruptCause } from '../flavor-api/index.js';
import type { CallerFrame, CommandSequence, MediaStream } from '../media/engine.js';
import type { BargeInRecord } from '../ops/call-record.js';
import type { AgentResponses } from './agent-responses.js';
import type { ConversationNotes } from './conversation-notes.js';
import type { CurrentSession } from './current-session.js';
import { type TurnDecision, TurnTaking } from './turn-taking.js';

export interface BargeInParts {
  readonly stream: Pick<MediaStream, 'pause' | 'resume' | 'flush'>;
  readonly session: CurrentSession;
  readonly responses: Pick<AgentResponses, 'dropUnplayed'>;
  readonly notes: Pick<ConversationNotes, 'ledger' | 'onCallerSpeaking' | 'onBargeIn'>;
  readonly clock: Clock;
}

const FRAME_MS = 20;

/**
 * Carries out what turn-taking decides: pauses, resumes and flushes the agent's speech, and tells session and notes.
 * Positions are on the session's clock.
 */
export class BargeIn {
  readonly #parts: BargeInParts;
  readonly #turns: TurnTaking;
  /** The command whose acknowledgement is the moment the agent fell silent. */
  #silencing: CommandSequence | undefined;
  /** Of the latest frame; `#onsetPositionMs`: of the latest onset. */
  #positionMs = 0;
  #onsetPositionMs = 0;
  #receivedAtMs: number;

  constructor(parts: BargeInParts) {
    this.#parts = parts;
    this.#turns = new TurnTaking(parts.session.capabilities.interruptible);
    this.#receivedAtMs = parts.clock.now();
  }

  /** Hot path. */
  onFrame(frame: CallerFrame): void {
    this.#positionMs = frame.positionMs;
    this.#receivedAtMs = frame.receivedAtMs;
    if (frame.voiced && this.#turns.turnOpen) this.#parts.notes.ledger.onVoicedFrame(frame.receivedAtMs);
    this.#act(this.#turns.onFrame(frame.voiced));
  }

  onVoiceStarted(positionMs: number): void {
    const { notes, stream, clock } = this.#parts;
    notes.onCallerSpeaking(true);
    this.#onsetPositionMs = Math.max(0, positionMs);
    const onsetMsAgo = Math.max(0, this.#positionMs + FRAME_MS - this.#onsetPositionMs);
    const decision = this.#turns.onVoiceStarted(onsetMsAgo, onsetMsAgo);
    this.#voice('started', this.#onsetPositionMs);
    if (decision === 'pause') {
      notes.ledger.onSilenceCommanded(this.#receivedAtMs - onsetMsAgo, clock.now());
      this.#silencing = stream.pause();
      return;
    }
    notes.ledger.onVoicedFrame(this.#receivedAtMs);
    this.#verdict('accepted');
  }

  /** `atMs`: when the detector said so. True: a turn of the caller ended with it. */
  onVoiceStopped(positionMs: number, atMs: number): boolean {
    if (!this.#turns.callerSpeaking) return false;
    const { notes } = this.#parts;
    notes.onCallerSpeaking(false);
    const decision = this.#turns.onVoiceStopped();
    this.#voice('stopped', positionMs);
    if (decision === 'end-turn') notes.ledger.onEndOfTurn(atMs);
    this.#act(decision);
    return decision === 'end-turn';
  }

  /** What the caller was saying is over with the latest frame: no more of it will be heard. */
  onCutOff(): void {
    this.onVoiceStopped(this.#positionMs + FRAME_MS, this.#parts.clock.now());
  }

  /** A digit interrupts the agent at once: nobody presses a key by accident of breathing. */
  onDigit(): void {
    const { notes, clock } = this.#parts;
    if (this.#turns.onInterruptedOtherwise()) this.#verdict('rejected');
    else notes.ledger.onSilenceCommanded(clock.now(), clock.now());
    this.#interrupt('dtmf');
  }

  onAgentStarted(): void {
    this.#turns.onAgentStarted();
  }

  /** Nothing of the agent is under the playhead any more. */
  onAgentStopped(): void {
    if (!this.#turns.onAgentStopped()) return;
    // The agent had finished when the caller's onset was still undecided. What it says next must not stay paused.
    const { stream, notes } = this.#parts;
    stream.resume();
    notes.ledger.onVoicedFrame(this.#receivedAtMs);
    this.#verdict('accepted');
    this.#tell(notes.ledger.onVerdict(true));
  }

  onAck(sequence: CommandSequence, atMs: number): void {
    if (sequence !== this.#silencing) return;
    this.#silencing = undefined;
    this.#tell(this.#parts.notes.ledger.onSilent(atMs));
  }

  /** Another session has taken over. If the caller is speaking just now, it learns that first. */
  onReplaced(): void {
    this.#turns.setInterruptible(this.#parts.session.capabilities.interruptible);
    if (!this.#turns.callerSpeaking) return;
    this.#voice('started', this.#onsetPositionMs);
    if (!this.#turns.pending) this.#verdict(this.#turns.turnOpen ? 'accepted' : 'rejected');
  }

  #act(decision: TurnDecision): void {
    const { stream, session, notes, clock } = this.#parts;
    const { ledger } = notes;
    switch (decision) {
      case undefined:
      case 'pause':
        return;
      case 'interrupt':
        ledger.onVoicedFrame(this.#receivedAtMs);
        this.#verdict('accepted');
        this.#interrupt('speech');
        return;
      case 'late-turn':
        ledger.onVoicedFrame(this.#receivedAtMs);
        this.#newOnset();
        return;
      case 'late-interrupt':
      case 'talk-over':
        ledger.onSilenceCommanded(this.#receivedAtMs - this.#turns.runAgeMs, clock.now());
        ledger.onVoicedFrame(this.#receivedAtMs);
        if (decision === 'late-interrupt') this.#newOnset();
        this.#interrupt('speech');
        return;
      case 'resume':
        stream.resume();
        this.#verdict('rejected');
        this.#tell(ledger.onVerdict(true));
        return;
      case 'end-turn':
        if (session.capabilities.turnTaking === 'host') session.link.endTurn();
        return;
      default:
        assertUnreachable(decision);
    }
  }

  #interrupt(cause: InterruptCause): void {
    const { stream, session, responses, notes } = this.#parts;
    const flush = stream.flush();
    // Already paused: the pause's acknowledgement is the moment of silence, not the flush's.
    this.#silencing ??= flush;
    session.link.interrupt(cause);
    responses.dropUnplayed();
    this.#tell(notes.ledger.onVerdict(false));
  }

  /** Speech whose onset was rejected goes on: to the session it ends there and begins anew. */
  #newOnset(): void {
    this.#onsetPositionMs = Math.max(0, this.#positionMs + FRAME_MS - this.#turns.runAgeMs);
    this.#voice('stopped', this.#onsetPositionMs);
    this.#voice('started', this.#onsetPositionMs);
    this.#verdict('accepted');
  }

  #voice(type: 'started' | 'stopped', positionMs: number): void {
    const { capabilities, link } = this.#parts.session;
    if (capabilities.needsVad) link.onVoice(type, positionMs);
  }

  #verdict(verdict: 'accepted' | 'rejected'): void {
    const { capabilities, link } = this.#parts.session;
    if (capabilities.needsVad) link.onOnset(verdict, this.#onsetPositionMs);
  }

  #tell(bargeIn: BargeInRecord | undefined): void {
    if (bargeIn) this.#parts.notes.onBargeIn(bargeIn);
  }
}
