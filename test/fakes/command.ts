/** What the command line says to a fake. */
export interface FakeArguments {
  readonly port: number;
  readonly key: string | undefined;
  /** `--beta`, of the fakes that have an older protocol. */
  readonly beta: boolean;
  /** `--variant`, of the fakes that have some. */
  readonly variant: string | undefined;
  /** `--script`, of the fakes that have several. */
  readonly script: string | undefined;
}

/** A fake that was started by hand. */
export interface RunningFake extends AsyncDisposable {
  /** Where a flavor is pointed at. */
  readonly url: string;
  /** What the operator reads: how to point a flavor at it. */
  readonly introduction: string;
  fail(fault: string): void;
  recover(): void;
  /** What it has seen so far, as JSON. */
  timeline(): unknown;
}

/** A fake as `npm run fake` knows it. */
export interface FakeCommand {
  readonly name: string;
  /** Each with what it does, for the help. */
  readonly options: readonly string[];
  readonly variants: readonly string[];
  /** What it can talk about; absent: one thing alone. */
  readonly scripts?: readonly string[];
  readonly faults: readonly string[];
  start(given: FakeArguments): Promise<RunningFake>;
}
