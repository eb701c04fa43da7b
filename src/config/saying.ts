/**
 * Words of the operator's, at least one of the two. `wav`: absolute path of a recording, of which `text` then is the
 * transcript. Texts may hold `{{name}}`.
 */
export interface Saying {
  readonly text?: string;
  readonly wav?: string;
}
