/** What the call has to do now. `undefined`: nothing. */
export type TurnDecision =
  /** Hold the agent's speech: it may be an interruption. */
  | 'pause'
  /** The sound that the agent was held for came to nothing, and was announced to nobody: go on. */
  | 'release'
  /** The caller's speech is a plain turn. */
  | 'accept'
  /** The same for an onset that was undecided when the agent had nothing left to say: go on. */
  | 'accept-resumed'
  /** It is an interruption: drop the agent's speech. */
  | 'interrupt'
  /** Speech that was there before the agent began goes on: drop the agent's speech. */
  | 'talk-over'
  /** Speech whose onset was rejected goes on: its latest run is a new onset, undecided. Hold the agent's speech. */
  | 'renew'
  /** The same while the agent is silent: a new onset, and a turn. */
  | 'late-turn'
  /** Speech whose onset was rejected turns out to be words: a new onset; drop the agent's speech. */
  | 'late-interrupt'
  /** Words that were missed, all of them: the onset they were rejected with, anew, a turn that is over already. */
  | 'missed-turn'
  /** The same while the agent speaks: drop the agent's speech. */
  | 'missed-interrupt'
  /** It was none: go on. */
  | 'resume'
  /** The same for one that the agent was not held for. */
  | 'dismiss'
  /** The caller has finished a turn. */
  | 'end-turn'
  | undefined;
