import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import type { FlavorEvent, InterruptCause } from '../../flavor-api/index.js';
import { type CallerFrame, type CommandSequence, FRAME_MS, type MediaStream } from '../../media/engine.js';
import type { BargeInRecord } from '../../ops/call-record.js';
import type { ConversationNotes } from '../conversation-notes.js';
import type { CurrentSession } from '../session/current-session.js';
import type { AgentResponses } from '../speech/agent-responses.js';
import { CallerWords } from './caller-words.js';
import type { TurnDecision } from './turn-decision.js';
import { type InterruptionOptions, TurnTaking } from './turn-taking.js';

export interface BargeInParts {
  readonly stream: Pick<MediaStream, 'pause' | 'resume' | 'flush'>;
  readonly session: CurrentSession;
  readonly responses: Pick<AgentResponses, 'speaking' | 'interruptible' | 'dropUnplayed' | 'onCallerTurn'>;
  readonly notes: Pick<ConversationNotes, 'ledger' | 'onCallerSpeaking' | 'onBargeIn'>;
  readonly clock: Clock;
  /** What the caller says counts as a turn. */
  onTurn(): void;
  /** A turn of the caller is over, which took `speechMs`; its last voiced packet came at `lastVoicedAtMs`. */
  onTurnOver(speechMs: number, lastVoicedAtMs: number): void;
}

/** A flavor's own onset lies at most so far back. ms */
const FLAVOR_REACH_MS = 1000;

/**
 * Carries out what turn-taking decides: pauses, resumes and flushes the agent's speech, and tells session and notes.
 * Positions are on the session's clock.
 */
export class BargeIn {
  readonly #options: InterruptionOptions;
  readonly #parts: BargeInParts;
  readonly #turns: TurnTaking;
  readonly #words: CallerWords;
  /** The command whose acknowledgement is the moment the agent fell silent. */
  #silencing: CommandSequence | undefined;
  /** Of the latest frame. */
  #positionMs = 0;
  /** Of the latest onset, and of the latest end of speech. */
  #onsetPositionMs = 0;
  #endPositionMs = 0;
  /** The session was told of a stretch of speech and not of its end. */
  #announced = false;
  #receivedAtMs: number;
  /** Position and arrival of the latest voiced frame. */
  #voicedPositionMs = Number.NEGATIVE_INFINITY;
  #voicedAtMs = 0;

  constructor(options: InterruptionOptions, parts: BargeInParts) {
    this.#options = options;
    this.#parts = parts;
    this.#turns = new TurnTaking(options);
    this.#words = new CallerWords(options.backchannels);
    this.#receivedAtMs = parts.clock.now();
  }

  /** A stretch of speech is under way. */
  get callerSpeaking(): boolean {
    return this.#turns.callerSpeaking;
  }

  /** Each of the next frames may decide whether the agent is interrupted. */
  get deciding(): boolean {
    return this.#turns.counting;
  }

  /** Hot path. */
  onFrame(frame: CallerFrame): void {
    this.#positionMs = frame.positionMs;
    this.#receivedAtMs = frame.receivedAtMs;
    if (frame.voiced) this.#onVoiced(frame);
    const decision = this.#turns.onFrame(frame.voiced, frame.stirring);
    if (decision !== undefined) this.#act(decision);
  }

  /** The host's detector is sure that the caller speaks, from `positionMs` on. */
  onVoiceStarted(positionMs: number): void {
    const onsetMs = Math.max(0, positionMs);
    const onsetMsAgo = Math.max(0, this.#positionMs + FRAME_MS - onsetMs);
    if (!this.#turns.callerSpeaking) this.#announce(onsetMs);
    // First signs and flavors know the moment less exactly.
    this.#parts.notes.ledger.onOnsetFound(this.#receivedAtMs - onsetMsAgo);
    this.#act(this.#turns.onVoiceStarted(onsetMsAgo));
  }

  /** `atMs`: when the detector said so. */
  onVoiceStopped(positionMs: number, atMs: number): void {
    if (this.#turns.callerSpeaking) this.#end(this.#turns.onVoiceStopped(), positionMs, atMs);
  }

  /** The flavor's own detector reports speech, be it the first to hear it or not. */
  onFlavorHeard(positionMs: number): void {
    const nowMs = this.#positionMs + FRAME_MS;
    const saidMs = Number.isFinite(positionMs) ? positionMs : nowMs;
    const onsetMs = Math.max(0, nowMs - FLAVOR_REACH_MS, Math.min(saidMs, nowMs));
    // It may speak of what the host has heard to its end by now.
    if (this.#turns.callerSpeaking || onsetMs < this.#endPositionMs) return;
    this.#announce(onsetMs);
    this.#act(this.#turns.onFlavorHeard());
  }

  onFlavorHeardEnd(): void {
    if (this.#turns.heardByFlavorAlone) this.onCutOff();
  }

  /** What the caller is saying is over with the latest frame: no more of it will be heard. */
  onCutOff(): void {
    this.#end(this.#turns.onCutOff(), this.#positionMs + FRAME_MS, this.#parts.clock.now());
  }

  /** What the caller says, as far as the flavor understands. */
  onTranscript(event: FlavorEvent & { type: 'transcript' }): void {
    const nowMs = this.#parts.clock.now();
    const heardFirst = this.#turns.heedsStrayWords && this.#words.tellsOfSpeech(event, nowMs);
    // The flavor understands what the host's detector has not heard yet, or never will.
    if (heardFirst && this.#words.interrupts(event.text)) this.onFlavorHeard(this.#positionMs + FRAME_MS);
    const words = this.#words.read(event, nowMs);
    if (words) this.#act(this.#turns.onWords(words));
    if (event.final && this.#turns.heardByFlavorAlone) this.onCutOff();
  }

  /** A digit interrupts at once what may be interrupted: nobody presses a key by accident of breathing. */
  onDigit(): void {
    const { notes, responses, clock } = this.#parts;
    if (!responses.speaking || !this.#interruptible()) return;
    if (this.#turns.onInterruptedOtherwise()) this.#verdict('rejected');
    this.#endUnheard();
    notes.ledger.onSilenceCommanded(clock.now(), clock.now());
    this.#interrupt('dtmf');
  }

  /** Another response is under the playhead; `first`: nothing was before. */
  onAgentSpeaking(first: boolean): void {
    this.#turns.setInterruptible(this.#interruptible());
    if (first) this.#turns.onAgentStarted();
  }

  /** Nothing of the agent is under the playhead any more. */
  onAgentStopped(): void {
    this.#act(this.#turns.onAgentStopped());
  }

  onAck(sequence: CommandSequence, atMs: number): void {
    if (sequence !== this.#silencing) return;
    this.#silencing = undefined;
    this.#tell(this.#parts.notes.ledger.onSilent(atMs));
  }

  /** Another session has taken over. If the caller is speaking just now, it learns that first. */
  onReplaced(): void {
    this.#turns.setInterruptible(this.#interruptible());
    if (!this.#announced) return;
    this.#voice('started', this.#onsetPositionMs);
    if (!this.#turns.pending) this.#verdict(this.#turns.turnOpen ? 'accepted' : 'rejected');
  }

  #onVoiced(frame: CallerFrame): void {
    this.#voicedPositionMs = frame.positionMs;
    this.#voicedAtMs = frame.receivedAtMs;
    if (this.#turns.turnOpen) this.#parts.notes.ledger.onVoicedFrame(frame.receivedAtMs);
  }

  #interruptible(): boolean {
    const { session, responses } = this.#parts;
    return this.#options.enabled && session.capabilities.interruptible && responses.interruptible;
  }

  #act(decision: TurnDecision): void {
    const { stream, notes, clock } = this.#parts;
    const { ledger } = notes;
    switch (decision) {
      case undefined:
        return;
      case 'pause':
        this.#pause();
        return;
      case 'release':
        stream.resume();
        this.#tell(ledger.onVerdict(true));
        return;
      case 'accept':
        this.#accept();
        return;
      case 'accept-resumed':
        stream.resume();
        this.#accept();
        this.#tell(ledger.onVerdict(true));
        return;
      case 'interrupt':
        this.#accept();
        this.#interrupt('speech');
        return;
      case 'talk-over':
        ledger.onSilenceCommanded(this.#receivedAtMs - this.#turns.runAgeMs, clock.now());
        ledger.onVoicedFrame(this.#voicedAtMs);
        this.#interrupt('speech');
        return;
      case 'renew':
        this.#renew();
        this.#pause();
        return;
      case 'late-turn':
        this.#renew();
        this.#accept();
        return;
      case 'late-interrupt':
        this.#renew();
        ledger.onSilenceCommanded(this.#receivedAtMs - this.#turns.runAgeMs, clock.now());
        this.#accept();
        this.#interrupt('speech');
        return;
      case 'missed-turn':
      case 'missed-interrupt':
        this.#catchUp(decision === 'missed-interrupt');
        return;
      case 'resume':
        stream.resume();
        this.#verdict('rejected');
        this.#endUnheard();
        this.#tell(ledger.onVerdict(true));
        return;
      case 'dismiss':
        this.#verdict('rejected');
        this.#endUnheard();
        return;
      case 'end-turn':
        this.#endTurn(clock.now());
        return;
      default:
        assertUnreachable(decision);
    }
  }

  #pause(): void {
    const { stream, notes, clock } = this.#parts;
    const sinceMs = this.#announced ? this.#positionMs + FRAME_MS - this.#onsetPositionMs : 0;
    notes.ledger.onSilenceCommanded(this.#receivedAtMs - sinceMs, clock.now());
    this.#silencing = stream.pause();
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

  #accept(): void {
    const { ledger } = this.#parts.notes;
    if (this.#voicedPositionMs >= this.#onsetPositionMs) ledger.onVoicedFrame(this.#voicedAtMs);
    this.#parts.responses.onCallerTurn();
    this.#parts.onTurn();
    this.#verdict('accepted');
  }

  /** Words that were taken for nothing until they were understood, when they had been over for a while. */
  #catchUp(interrupts: boolean): void {
    const { notes, clock } = this.#parts;
    const endMs = this.#endPositionMs;
    this.#voice('started', this.#onsetPositionMs);
    this.#accept();
    if (interrupts) {
      const onsetMsAgo = this.#positionMs + FRAME_MS - this.#onsetPositionMs;
      notes.ledger.onSilenceCommanded(this.#receivedAtMs - onsetMsAgo, clock.now());
      this.#interrupt('speech');
    }
    this.#voice('stopped', endMs);
    this.#endTurn(clock.now());
  }

  #announce(positionMs: number): void {
    this.#words.onStretch();
    this.#onsetPositionMs = positionMs;
    this.#announced = true;
    this.#parts.notes.onCallerSpeaking(true);
    this.#voice('started', positionMs);
  }

  #end(decision: TurnDecision, positionMs: number, atMs: number): void {
    this.#announceEnd(positionMs);
    if (decision === 'end-turn') this.#endTurn(atMs);
    else this.#act(decision);
  }

  #announceEnd(positionMs: number): void {
    if (!this.#announced) return;
    this.#announced = false;
    this.#endPositionMs = positionMs;
    this.#parts.notes.onCallerSpeaking(false);
    this.#voice('stopped', positionMs);
  }

  /** What the flavor alone had heard, and the host not in time, is over with its rejection. */
  #endUnheard(): void {
    if (!this.#turns.callerSpeaking) this.#announceEnd(this.#positionMs + FRAME_MS);
  }

  #endTurn(atMs: number): void {
    const { notes, session } = this.#parts;
    notes.ledger.onEndOfTurn(atMs);
    this.#words.onTurnOver(atMs);
    if (session.capabilities.turnTaking === 'host') session.link.endTurn();
    const lastVoicedAtMs = this.#voicedPositionMs >= this.#onsetPositionMs ? this.#voicedAtMs : atMs;
    this.#parts.onTurnOver(this.#endPositionMs - this.#onsetPositionMs, lastVoicedAtMs);
  }

  /** Speech whose onset was rejected goes on: to the session it ends there and begins anew. */
  #renew(): void {
    this.#onsetPositionMs = Math.max(0, this.#positionMs + FRAME_MS - this.#turns.runAgeMs);
    this.#voice('stopped', this.#onsetPositionMs);
    this.#voice('started', this.#onsetPositionMs);
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
