/** A stage that breaks one promise. */
export interface BrokenStage<Engine> {
  /** The check that finds it out. */
  readonly check: number;
  readonly name: string;
  make(): Engine;
  readonly complaint: RegExp;
}
