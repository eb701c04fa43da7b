import { Alarm, type Clock } from 'sip-voice-connector/cascade';
import type { RealtimeConfig } from '../config.js';
import { cancelResponse, createResponse } from '../protocol/client-event.js';
import { asideOrder, type Request } from './request.js';
import type { SpeechOut } from './speech-out.js';
import type { Spoken, SpokenResponses } from './spoken.js';

export interface AsideOptions {
  readonly config: Pick<RealtimeConfig, 'responseTimeoutMs'>;
  readonly clock: Clock;
  readonly spoken: SpokenResponses;
  readonly out: SpeechOut;
  /** The session's own. */
  instructions(): string;
  send(event: object): void;
}

interface Aside {
  readonly spoken: Spoken;
  readonly requestId: string;
  serverId: string | undefined;
}

/**
 * Words that bridge a wait, such as "one moment" while a tool runs: a response outside the conversation, which may run
 * beside another, and which nobody remembers. Dropped when what it was to bridge is there before its first sound.
 */
export class AsideDesk {
  readonly #options: AsideOptions;
  #aside: Aside | undefined;
  #count = 0;
  /** For it to begin: words that do not come are not waited for, and others may be asked for. */
  readonly #patience: Alarm;

  constructor(options: AsideOptions) {
    this.#options = options;
    this.#patience = new Alarm(options.clock);
  }

  get busy(): boolean {
    return this.#aside !== undefined;
  }

  ask(request: Request): void {
    if (this.#aside) return;
    this.#count += 1;
    const requestId = `aside-${this.#count}`;
    this.#aside = { spoken: this.#options.spoken.begin(true), requestId, serverId: undefined };
    this.#options.send(createResponse(asideOrder(request, requestId, this.#options.instructions())));
    this.#patience.set(this.#options.config.responseTimeoutMs, () => this.cancel());
  }

  /** A response began. True: it is this one. */
  onCreated(serverId: string, requestId: string): boolean {
    const aside = this.#aside;
    if (!aside || aside.serverId !== undefined || requestId !== aside.requestId) return false;
    aside.serverId = serverId;
    this.#patience.clear();
    return true;
  }

  /** A request was refused. True: it was this one. There will be no words, and no harm. */
  onRefused(requestId: string | undefined): boolean {
    if (!this.#aside || requestId !== this.#aside.requestId) return false;
    this.end();
    return true;
  }

  /** What is being said, if `serverId` is it. */
  spokenOf(serverId: string): Spoken | undefined {
    return this.#aside?.serverId === serverId ? this.#aside.spoken : undefined;
  }

  /** The answer is there: words that nobody has heard a sound of have nothing left to bridge. */
  onAnswer(): void {
    if (this.#aside?.spoken.emitted === false) this.cancel();
  }

  cancel(): void {
    const aside = this.#aside;
    if (!aside) return;
    this.#options.spoken.drop(aside.spoken);
    this.#options.out.discard(aside.spoken);
    // One that has not begun is cancelled when it does, like every response that nobody waits for.
    if (aside.serverId !== undefined) this.#options.send(cancelResponse(aside.serverId));
    this.end();
  }

  /** Nothing more is to come. */
  end(): void {
    const aside = this.#aside;
    this.#aside = undefined;
    this.#patience.clear();
    if (!aside) return;
    if (!aside.spoken.dropped) this.#options.out.done(aside.spoken);
    this.#options.spoken.complete(aside.spoken);
  }
}
