/**
 * Words of the operator's, at least one of the two. `wav`: absolute path of a recording, of which `text` then is the
 * transcript. Texts may hold `{{name}}`.
 */
export interface Saying {
  readonly text?: string;
  readonly wav?: string;
}

/**
 * The same, or `instructions` in place of a recording: by these the agent does and says what it sees fit. The text is then
 * for where no agent can.
 */
export interface Cue extends Saying {
  readonly instructions?: string;
}
