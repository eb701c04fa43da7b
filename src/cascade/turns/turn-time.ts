import { wholeText } from './caller-text.js';
import { patienceMs } from './patience.js';
import type { TurnOptions, TurnState } from './turn-state.js';

/** The caller's words are all there, and nobody is heard. */
export function isOver(state: TurnState): boolean {
  const { talking, onset, text, finalAtMs, voicedUntilMs } = state;
  if (onset === 'undecided' || onset === 'rejected' || (talking && onset === 'accepted')) return false;
  // A final that came before the voice ended cannot hold its last words.
  const closed = (text.finals !== '' || text.kept !== '') && text.interim === '';
  return closed && (voicedUntilMs === undefined || finalAtMs >= voicedUntilMs);
}

/** When the caller's turn is taken if nothing happens before; `undefined`: there is none to take. */
export function turnDueMs(state: TurnState, options: TurnOptions): number | undefined {
  const { talking, onset, text, textAtMs, voicedUntilMs, awaitingText, pace } = state;
  if (onset === 'undecided' || onset === 'rejected' || (talking && onset === 'accepted')) return undefined;
  const whole = wholeText(text);
  if (whole === '') {
    return awaitingText && voicedUntilMs !== undefined ? voicedUntilMs + options.finalTimeoutMs : undefined;
  }
  const quietSinceMs = Math.max(textAtMs, voicedUntilMs ?? Number.NEGATIVE_INFINITY);
  // Of words that are kept alone the recogniser says no end.
  if (options.endOfTurn && (text.finals !== '' || text.interim !== '')) return quietSinceMs + options.turnTimeoutMs;
  if (!isOver(state)) return quietSinceMs + options.finalTimeoutMs;
  return quietSinceMs + patienceMs(whole, pace, options.patience);
}

/** The caller has the floor: no reply is begun. */
export function isBusy(state: TurnState): boolean {
  const { talking, onset, text, awaitingText, keys } = state;
  if (onset === 'undecided' || (talking && onset === 'accepted')) return true;
  return awaitingText || keys !== '' || wholeText(text) !== '';
}

/** There is room for an answer, and the dialogue is as it was heard. */
export function mayBegin({ started, closed, active, unsettledUntilMs, retryAtMs }: TurnState): boolean {
  return started && !closed && !active && unsettledUntilMs === undefined && retryAtMs === undefined;
}

/** The next moment at which something is to be decided; `undefined`: none. */
export function dueMs(state: TurnState, options: TurnOptions): number | undefined {
  if (state.closed) return undefined;
  const { keys, keyAtMs, unsettledUntilMs, retryAtMs } = state;
  const moments = [
    keys === '' ? undefined : keyAtMs + options.digitPauseMs,
    unsettledUntilMs,
    retryAtMs,
    turnDueMs(state, options),
  ].filter((moment) => moment !== undefined);
  return moments.length === 0 ? undefined : Math.min(...moments);
}
