import { assertUnreachable } from '../../base/assert.js';
import {
  ask,
  begin,
  dropSpeculation,
  putBack,
  remainderOf,
  retain,
  type Step,
  setActive,
  takeBackReply,
  withdraw,
} from './answer-queue.js';
import { addTranscript, afterTurn, before, keep, noText, sameWords, wholeText } from './caller-text.js';
import { learnEnd, learnPause } from './patience.js';
import type { ActiveAnswer, TurnCommand, TurnEvent, TurnOptions, TurnState } from './turn-state.js';
import { dueMs, isBusy, isOver, mayBegin, turnDueMs } from './turn-time.js';

/** Words that come so long after their onset was rejected are the host's to judge, ms. */
const LATE_WORDS_MS = 5_000;
/** A caller who goes on so soon after the turn was taken had not finished, ms. */
const CUT_OFF_MS = 1_500;
/** Answers begun early in one turn. */
const MAX_SPECULATIONS = 3;
/** Before what has failed is asked for again, ms. */
const RETRY_MS = 250;
/** Failures in a row after which the session is given up. */
const MAX_FAILURES = 3;
/** For the host's word on what was heard of what it has interrupted, ms: it owes it within 25. */
const REPORT_MS = 1_000;

/** Keys collected at once. */
const MAX_KEYS = 64;

/**
 * Who speaks, in a call with a cascade. Pure: the next state, and what is to be done, follow from state, event and time.
 *
 * The caller's side:
 *
 * | state | is | goes on with |
 * |---|---|---|
 * | quiet | no voice, no words | a voice; words that no voice was heard of |
 * | doubtful | a voice while the agent speaks, `onset` undecided | the host's verdict |
 * | refused | `onset` rejected: words are withheld | another onset; a verdict that takes it back |
 * | talking | a voice, accepted | its end, or the recogniser's end of turn |
 * | trailing | no voice, words that are not all there | the rest of them, or `finalTimeoutMs` |
 * | waiting | no voice, all words there | patience: the turn is taken; a voice: talking |
 *
 * The agent's side:
 *
 * | state | is | goes on with |
 * |---|---|---|
 * | idle | nothing to say | a request; a turn |
 * | holding | a reply is owed while the caller talks, or a report on what was heard is | the end of that |
 * | guessing | an answer on words that may not be all; nothing of it goes out | the turn: confirmed or withdrawn |
 * | making | the one answer there is | its end, failure or interruption |
 *
 * Invariants, held by property tests: one answer is being made at a time; a turn is answered once, or its answer is
 * withdrawn unseen and the next one covers it; a tool runs only for an answer that is no guess.
 */
export function turnStep(
  state: TurnState,
  event: TurnEvent,
  nowMs: number,
  options: TurnOptions,
): { readonly state: TurnState; readonly commands: readonly TurnCommand[] } {
  if (state.closed) return { state, commands: [] };
  const step: Step = { state, commands: [] };
  onEvent(step, event, nowMs, options);
  onTime(step, nowMs, options);
  advance(step);
  speculate(step, nowMs, options);
  return step;
}

export { dueMs };

function onEvent(step: Step, event: TurnEvent, nowMs: number, options: TurnOptions): void {
  switch (event.type) {
    case 'started':
      step.state = { ...step.state, started: true };
      return;
    case 'closed':
      withdraw(step, false);
      step.state = { ...step.state, closed: true, waiting: [] };
      return;
    case 'voice-started':
      onVoiceStarted(step, event.positionMs);
      return;
    case 'voice-stopped':
      onVoiceStopped(step, event.positionMs, event.voicedUntilMs);
      return;
    case 'onset':
      if (event.verdict === 'accepted') onAccepted(step, event.positionMs, nowMs);
      else onRejected(step, nowMs);
      return;
    case 'transcript':
      onTranscript(step, event.text, event.final, nowMs);
      return;
    case 'eager-end-of-turn':
      if (options.eager) guess(step, event.text);
      return;
    case 'turn-resumed':
      dropSpeculation(step);
      return;
    case 'end-of-turn':
      onEndOfTurn(step, event.text, nowMs);
      return;
    case 'recogniser-lost': {
      // What it has told stands: the next stream begins with other words, and would be taken to correct them.
      const { text, withheld } = step.state;
      const { retold } = event;
      step.state = { ...step.state, text: keep(text, retold), ...(withheld && { withheld: keep(withheld, retold) }) };
      return;
    }
    case 'keys':
      onKeys(step, event.keys, nowMs);
      return;
    case 'ask':
      // Whoever asks for speech now does not want to wait for the end of a turn.
      if (event.request.kind !== 'reply') dropSpeculation(step);
      ask(step, event.request);
      return;
    case 'interrupt':
      onInterrupt(step, event.owed, event.unsettled, nowMs);
      return;
    case 'settled':
      step.state = { ...step.state, unsettledUntilMs: undefined };
      return;
    default:
      if (event.type !== 'time') onAnswer(step, event, nowMs);
  }
}

type AnswerEvent = Extract<TurnEvent, { readonly id: number }>;

function onAnswer(step: Step, event: AnswerEvent, nowMs: number): void {
  const { active } = step.state;
  if (active?.id !== event.id) return;
  switch (event.type) {
    case 'answer-emitted':
      setActive(step, { emitted: true });
      if (isReplyToCaller(active)) step.state = { ...step.state, pace: learnEnd(step.state.pace, true) };
      return;
    case 'answer-call':
      if (active.speculativeOn !== undefined) {
        setActive(step, { held: [...active.held, event.call] });
        return;
      }
      setActive(step, { called: true });
      step.commands.push({ type: 'run-tool', id: active.id, call: event.call });
      return;
    case 'answer-done':
      // A guess is not done before it has been said.
      if (active.speculativeOn === undefined) step.state = { ...step.state, active: undefined, failures: 0 };
      return;
    case 'answer-failed': {
      const failures = step.state.failures + 1;
      step.state = { ...step.state, active: undefined, failures, retryAtMs: nowMs + RETRY_MS };
      // One answer that cannot be read is no reason to hang up: it may be a proxy's, and the next one a server's.
      const hopeless = !event.error.retryable && event.error.code !== 'ERR_FLAVOR_PROTOCOL';
      if (hopeless || failures >= MAX_FAILURES) {
        step.state = { ...step.state, closed: true, waiting: [] };
        step.commands.push({ type: 'fail', error: event.error });
        return;
      }
      step.commands.push({ type: 'warn', error: event.error });
      // After a call of a tool its result asks for the answer; to ask the same again would call it twice.
      if (active.called || active.speculativeOn !== undefined) return;
      putBack(step, active.emitted ? remainderOf(active, event.rest) : active.request);
      return;
    }
    default:
      assertUnreachable(event);
  }
}

function onVoiceStarted(step: Step, positionMs: number): void {
  const { state } = step;
  const pauses = state.voicedUntilMs !== undefined && state.onset === 'accepted';
  const pace = pauses ? learnPause(state.pace, positionMs - state.voicedUntilPositionMs) : state.pace;
  const renewed = state.onset === 'rejected';
  step.state = {
    ...state,
    // What the recogniser still makes of a sound that was none is not said again.
    ...(renewed && { turn: state.turn + 1, text: afterTurn(state.withheld ?? noText) }),
    voicedUntilMs: undefined,
    talking: true,
    onset: 'undecided',
    onsetPositionMs: positionMs,
    awaitingText: false,
    pace,
  };
}

function onVoiceStopped(step: Step, positionMs: number, voicedUntilMs: number): void {
  const { state } = step;
  if (!state.talking) return;
  const rejected = state.onset === 'rejected';
  step.state = {
    ...state,
    talking: false,
    voicedUntilMs,
    voicedUntilPositionMs: positionMs,
    awaitingText: state.onset === 'accepted' || state.onset === 'undecided',
    ...(rejected && { rejectedUntilPositionMs: positionMs }),
  };
  step.commands.push({ type: 'finalize' });
}

function onAccepted(step: Step, positionMs: number, nowMs: number): void {
  const { withheld, withheldEnded, rejectedUntilPositionMs, text, takenAtMs } = step.state;
  const takesBack = withheld !== undefined && positionMs <= rejectedUntilPositionMs;
  const earlier = withheld && withheldEnded ? keep(withheld) : withheld;
  step.state = {
    ...step.state,
    onset: 'accepted',
    withheld: undefined,
    withheldEnded: false,
    ...(takesBack && earlier && { text: before(earlier, text), textAtMs: nowMs, finalAtMs: nowMs }),
  };
  if (takeBackReply(step) && nowMs - takenAtMs <= CUT_OFF_MS) {
    step.state = { ...step.state, pace: learnEnd(step.state.pace, false) };
  }
  if (step.state.ended) takeTurn(step, nowMs);
}

function onRejected(step: Step, nowMs: number): void {
  const { state } = step;
  if (state.onset !== 'undecided') return;
  step.state = {
    ...state,
    onset: 'rejected',
    awaitingText: false,
    ended: false,
    withheld: state.text,
    withheldEnded: state.ended,
    text: noText,
    rejectedAtMs: nowMs,
    rejectedUntilPositionMs: state.talking ? Number.POSITIVE_INFINITY : state.voicedUntilPositionMs,
  };
}

/** Words of a sound that the host has rejected. What is heard long after it is something else. */
function isWithheld(step: Step, nowMs: number): boolean {
  const { onset, rejectedAtMs, turn } = step.state;
  if (onset !== 'rejected') return false;
  if (nowMs - rejectedAtMs <= LATE_WORDS_MS) return true;
  step.state = { ...step.state, onset: 'none', withheld: undefined, withheldEnded: false, turn: turn + 1 };
  return false;
}

function onTranscript(step: Step, text: string, final: boolean, nowMs: number): void {
  if (isWithheld(step, nowMs)) {
    const withheld = addTranscript(step.state.withheld ?? noText, text, final);
    step.state = { ...step.state, withheld };
    tell(step, wholeText(withheld));
    return;
  }
  const known = step.state.text;
  const next = addTranscript(known, text, final);
  const whole = wholeText(next);
  const changed = whole !== wholeText(known);
  step.state = {
    ...step.state,
    text: next,
    ...((changed || final) && { textAtMs: nowMs }),
    ...(final && { finalAtMs: nowMs }),
    // Nothing was understood.
    ...(final && whole === '' && { awaitingText: false }),
  };
  if (!changed) return;
  tell(step, whole);
  const { active } = step.state;
  if (active?.speculativeOn !== undefined && !sameWords(active.speculativeOn, whole)) dropSpeculation(step);
  // Words behind the turn that is being answered, of which no voice was heard: the next answer covers both.
  if (whole !== '' && active?.speculativeOn === undefined) takeBackReply(step);
}

function onEndOfTurn(step: Step, text: string, nowMs: number): void {
  const whole = { ...noText, finals: text.trim() };
  if (isWithheld(step, nowMs)) {
    const { kept = '' } = step.state.withheld ?? {};
    step.state = { ...step.state, withheld: { ...whole, kept }, withheldEnded: true };
    return;
  }
  const { kept } = step.state.text;
  const changed = wholeText({ ...whole, kept }) !== wholeText(step.state.text);
  step.state = { ...step.state, text: { ...whole, kept }, finalAtMs: nowMs, ...(changed && { textAtMs: nowMs }) };
  if (step.state.onset === 'undecided') step.state = { ...step.state, ended: true };
  else takeTurn(step, nowMs);
}

/** The caller's turn is over. */
function takeTurn(step: Step, nowMs: number): void {
  const { state } = step;
  const text = wholeText(state.text);
  const { active, voicedUntilMs, textAtMs, turn, speculations } = state;
  const guessed = active?.speculativeOn;
  const hit = guessed !== undefined && sameWords(guessed, text);
  step.state = {
    ...state,
    onset: 'none',
    voicedUntilMs: undefined,
    awaitingText: false,
    ended: false,
    text: afterTurn(state.text),
    takenAtMs: nowMs,
    speculations: 0,
  };
  if (text === '') {
    dropSpeculation(step);
    return;
  }
  step.commands.push({ type: 'transcript', turn, text, final: true });
  const speculative = speculations === 0 ? {} : { speculative: hit ? ('hit' as const) : ('miss' as const) };
  step.commands.push({ type: 'turn', turn, text, voicedUntilMs, textAtMs, ...speculative });
  step.state = { ...step.state, turn: turn + 1 };
  if (hit) {
    confirm(step);
    return;
  }
  dropSpeculation(step);
  ask(step, { kind: 'reply', to: 'caller' });
}

/** The words that were guessed on are the turn's: what was held back goes out. */
function confirm(step: Step): void {
  const { active } = step.state;
  if (!active) return;
  setActive(step, { speculativeOn: undefined, held: [], called: active.held.length > 0 });
  step.commands.push({ type: 'confirm', id: active.id, calls: active.held });
}

function onKeys(step: Step, keys: string, nowMs: number): void {
  for (const key of keys) {
    step.state = { ...step.state, keys: step.state.keys + key, keyAtMs: nowMs };
    if (key === '#' || step.state.keys.length >= MAX_KEYS) takeKeys(step);
  }
}

function takeKeys(step: Step): void {
  step.commands.push({ type: 'keys', keys: step.state.keys });
  step.state = { ...step.state, keys: '' };
  dropSpeculation(step);
  takeBackReply(step);
  ask(step, { kind: 'reply', to: 'keys' });
}

function onInterrupt(step: Step, owed: boolean, unsettled: boolean, nowMs: number): void {
  retain(step, ({ kind }) => owed && kind === 'reply');
  // A guess was made on a dialogue that is about to change.
  dropSpeculation(step);
  if (!owed || !takeBackReply(step)) withdraw(step, false);
  if (unsettled) step.state = { ...step.state, unsettledUntilMs: nowMs + REPORT_MS };
}

function onTime(step: Step, nowMs: number, options: TurnOptions): void {
  const { keys, keyAtMs, unsettledUntilMs, retryAtMs } = step.state;
  if (step.state.closed) return;
  if (keys !== '' && nowMs >= keyAtMs + options.digitPauseMs) takeKeys(step);
  if (unsettledUntilMs !== undefined && nowMs >= unsettledUntilMs) {
    step.state = { ...step.state, unsettledUntilMs: undefined };
  }
  if (retryAtMs !== undefined && nowMs >= retryAtMs) step.state = { ...step.state, retryAtMs: undefined };
  const turnAtMs = turnDueMs(step.state, options);
  if (turnAtMs === undefined || nowMs < turnAtMs) return;
  takeTurn(step, nowMs);
}

/** Asks for what waits, if it may be asked for now. The order is kept: nothing overtakes what may not. */
function advance(step: Step): void {
  const [first, ...rest] = step.state.waiting;
  if (!first || !mayBegin(step.state) || (first.kind === 'reply' && isBusy(step.state))) return;
  step.state = { ...step.state, waiting: rest };
  begin(step, first);
}

/** Asks the model while patience lasts: its first words take longer than that. */
function speculate(step: Step, nowMs: number, options: TurnOptions): void {
  if (!options.eager || options.endOfTurn || !isOver(step.state)) return;
  const dueAtMs = turnDueMs(step.state, options);
  if (dueAtMs !== undefined && dueAtMs > nowMs) guess(step, wholeText(step.state.text));
}

function guess(step: Step, text: string): void {
  const { waiting, onset, speculations } = step.state;
  if (!mayBegin(step.state) || waiting.length > 0 || onset === 'undecided' || onset === 'rejected') return;
  if (text.trim() === '' || speculations >= MAX_SPECULATIONS) return;
  step.state = { ...step.state, speculations: speculations + 1 };
  begin(step, { kind: 'reply', to: 'caller' }, text.trim());
}

function isReplyToCaller({ request }: ActiveAnswer): boolean {
  return request.kind === 'reply' && request.to === 'caller';
}

function tell(step: Step, text: string): void {
  if (text !== '') step.commands.push({ type: 'transcript', turn: step.state.turn, text, final: false });
}
