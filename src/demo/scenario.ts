import type { Clock } from '../base/clock.js';
import type { CallRecord } from '../ops/call-record.js';
import type { OutboundCallRequest } from '../ops/outbound-calls.js';
import type { CalledPhone } from './called-phone.js';
import type { Caller } from './caller.js';
import type { DemoAccount, Figure } from './demo-account.js';

/** Something that the demo's caller says. */
export interface LineText {
  readonly text: string;
  /** What the voice is given to read, where it would read the text otherwise than people say it. */
  readonly spokenAs?: string;
}

/** What a scenario gets to work with. */
export interface Setting {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes progress, a line at a time. */
  tell(line: string): void;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** A call to be played: who answers it, what the caller does, and what is to be seen of it. */
export interface Scenario<Line extends string = string> {
  /** What the caller can say, by name. */
  readonly lines: Readonly<Record<Line, LineText>>;
  /** Starts whatever has to be there besides the connector and the phone. */
  open(setting: Setting): Promise<Stage<Line>>;
}

/** A scenario with all that it needs, ready to be played once. */
export interface Stage<Line extends string = string> extends AsyncDisposable {
  /** What the configuration says of flavors, tools and routes, in YAML. */
  readonly config: string;
  /** Variables that it refers to. */
  readonly env: Readonly<Record<string, string>>;
  /** Who answers, for the picture. */
  readonly agent: string;
  /** What to do when the agent cannot be reached. */
  readonly remedy?: string;
  /** Whom the connector calls, and for what, as POST /calls takes it. Absent: a phone calls the connector. */
  readonly called?: { readonly phone: CalledPhone; readonly request: OutboundCallRequest };
  /** Plays the person at the phone. A call that is over leaves the rest undone, at once. */
  play(caller: Caller<Line>): Promise<void>;
  /** The call is over: rows of the table, in this order. */
  figures(account: DemoAccount): Promise<readonly Figure[]>;
  /** Leaves more files in the directory, and tells their names. */
  keep?(directory: string): Promise<readonly string[]>;
  /** Whether the call went as it should. */
  succeeded(record: CallRecord): boolean;
}
