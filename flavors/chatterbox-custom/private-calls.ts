import {
  type CallContext,
  type Flavor,
  type FlavorCapabilities,
  FlavorError,
  type FlavorSession,
} from 'sip-voice-connector/flavor';

/** Route variable that makes a call private. */
const VARIABLE = 'private';
const NO = ['', 'false', 'no', '0'];

/** Whether a call's words must stay on allowed hosts: `variables: { private: "true" }` of its route. */
function isPrivateCall({ variables }: Pick<CallContext, 'variables'>): boolean {
  return !NO.includes((variables[VARIABLE] ?? '').trim().toLowerCase());
}

/** One flavor for all calls, and what private calls have of it. */
export class FlavorOfTwo implements Flavor {
  readonly #all: Flavor;
  readonly #private: Flavor | undefined;

  /** @param forPrivate made of stages of `all`, which stay its own; absent: private calls are refused. */
  constructor(all: Flavor, forPrivate: Flavor | undefined) {
    this.#all = all;
    this.#private = forPrivate;
  }

  get capabilities(): FlavorCapabilities {
    return this.#all.capabilities;
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#all.check(signal);
  }

  async warmup(signal: AbortSignal): Promise<void> {
    await this.#all.warmup?.(signal);
  }

  async open(call: CallContext): Promise<FlavorSession> {
    if (!isPrivateCall(call)) return this.#all.open(call);
    if (this.#private !== undefined) return this.#private.open(call);
    const message = 'the call is private, and a stage has no engine on an allowed host';
    throw new FlavorError('ERR_FLAVOR_UNSUPPORTED', message, false);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#all[Symbol.asyncDispose]();
  }
}
