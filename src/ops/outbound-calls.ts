import type { ErrorCode } from '../base/error-codes.js';

/** A call that an operator wants made: the body of `POST /calls`. */
export interface OutboundCallRequest {
  /** A number, in whatever way people write it. */
  readonly to: string;
  /** User part of From; absent: as the configuration says. */
  readonly from?: string;
  /** Exactly one of `flavor`, a name of the configuration, and `route`, what a caller would have dialled to get there. */
  readonly flavor?: string;
  readonly route?: string;
  /** In place of that of route or flavor, a template; false: nothing, who is called speaks first. */
  readonly greeting?: string | false;
  /** For `{{name}}`; they come before those of the route. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Header fields of the INVITE. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly ringSeconds?: number;
}

/** What became of the wish. A call that was begun says the rest by its events. */
export type OutboundCallOutcome =
  | { readonly ok: true; readonly id: string }
  | {
      readonly ok: false;
      /** HTTP status. */
      readonly status: 403 | 422 | 429 | 503;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryAfterSeconds?: number;
    };
