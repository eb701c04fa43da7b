/** A process that takes calls, started for one run. */
export interface Target extends AsyncDisposable {
  readonly pid: number;
  /** How the load generator reaches it. */
  readonly loadArgs: readonly string[];
  /** What it said, for a run that failed. */
  complaint(): string;
}

/** A kind of target: what a row of the table is about. */
export interface TargetKind {
  readonly name: string;
  /** A marker in place of numbers: the path does not give back the bytes that it takes. */
  readonly markerEvery?: number;
  /** @param cpu Core it is to run on. */
  start(calls: number, cpu: number): Promise<Target>;
}
