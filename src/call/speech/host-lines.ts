import type { CallOptions } from '../call-options.js';
import type { Conversation } from '../conversation.js';
import type { Goodbye } from '../conversation-options.js';
import type { Cue, Saying } from './announcement.js';
import type { Prompts } from './prompts.js';

export interface HostLinesParts {
  readonly prompts: Prompts;
  conversation(): Conversation | undefined;
  /** A session is there that can speak. */
  agentSpeaks(): boolean;
}

/** What a goodbye of the host's is followed by. */
export interface Leaving {
  /** The agent's own, should it hang up itself. */
  readonly goodbye: Goodbye;
  /** False once the caller has come back. */
  wanted(): boolean;
  /** The last words were heard: the call may end. */
  then(): void;
}

export type HostLinesOptions = Pick<
  CallOptions,
  'greeting' | 'interruption' | 'silence' | 'ending' | 'failure' | 'recording'
>;

/**
 * What the host has to say in a call: a recorded greeting, a question into the silence, a warning, "one moment", an
 * apology, a goodbye. Where the agent can speak it speaks texts itself, in its own voice; recordings, and everything while
 * there is no agent, are the host's.
 */
export class HostLines {
  readonly #options: HostLinesOptions;
  readonly #parts: HostLinesParts;

  constructor(options: HostLinesOptions, parts: HostLinesParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Makes what may be needed, while the phone rings. */
  prepare(): void {
    const { greeting, silence, ending, failure, recording } = this.#options;
    const urgent = [recording.announcement, failure.waiting, failure.apology];
    const recorded = [greeting, ...silence.reprompts, silence.goodbye, ending.warning, ending.spent].filter(
      (saying) => saying?.wav,
    );
    for (const saying of [...urgent, ...recorded]) if (saying) void this.#parts.prompts.get(saying);
  }

  /** Says that the call is recorded. The response that says so; `undefined` when it cannot be said. Never rejects. */
  async announceRecording(): Promise<string | undefined> {
    const { announcement: saying } = this.#options.recording;
    const announcement = saying && (await this.#parts.prompts.get(saying));
    return announcement && this.#parts.conversation()?.announce(announcement, { interruptible: false });
  }

  /**
   * What the agent is to greet with: '' for nothing, as where the host plays a recording, or no word is left of a text;
   * `undefined` where it is the flavor's to choose.
   */
  greetingText(): string | undefined {
    const { greeting } = this.#options;
    if (greeting === undefined) return undefined;
    const text = greeting.wav === undefined ? this.#parts.prompts.textOf(greeting) : undefined;
    return text === undefined || text.trim() === '' ? '' : text;
  }

  /** A recorded greeting; a text is the agent's to speak. */
  greet(): void {
    const { greeting, interruption } = this.#options;
    if (greeting?.wav !== undefined) void this.#announce(greeting, undefined, interruption.greeting);
  }

  /** @param asked how often it has been asked, from 1 */
  reprompt(asked: number): void {
    const saying = this.#options.silence.reprompts[asked - 1];
    if (saying) this.#say(saying);
  }

  warn(): void {
    const { warning } = this.#options.ending;
    if (warning) this.#say(warning);
  }

  /** `then` once it was heard, or could not be said; at once where the route has none. */
  sayGoodbye(limit: 'silence' | 'spend-limit', leaving: Leaving): void {
    const { ending, silence } = this.#options;
    const goodbye = limit === 'silence' ? silence.goodbye : ending.spent;
    if (goodbye) this.#say(goodbye, leaving);
    else leaving.then();
  }

  /** Unless the caller hears something anyway by the time the words are there. */
  async askToWait(): Promise<void> {
    const { waiting } = this.#options.failure;
    const announcement = waiting && (await this.#parts.prompts.get(waiting));
    const conversation = this.#parts.conversation();
    if (announcement && conversation?.replyOwed && !conversation.audible)
      conversation.announce(announcement, { place: 'now' });
  }

  /**
   * Said aside while a tool runs. The agent drops it when the answer comes first; words of the host's are not said when
   * something is heard by the time they are there.
   */
  async fill(saying: Saying): Promise<void> {
    const { prompts, agentSpeaks } = this.#parts;
    const conversation = this.#parts.conversation();
    const text = prompts.textOf(saying);
    if (!conversation) return;
    if (saying.wav === undefined && text !== undefined && agentSpeaks()) {
      conversation.speak({ text, aside: true });
      return;
    }
    const announcement = await prompts.get(saying);
    if (announcement && conversation.toolRuns && !conversation.audible)
      conversation.announce(announcement, { place: 'now' });
  }

  /** `then` once it was heard to its end, behind what the agent has said already: the caller is to know what happens. */
  apologise(then: () => void): void {
    const { apology } = this.#options.failure;
    if (apology) void this.#announce(apology, then, false);
    else this.#after(undefined, then);
  }

  #say(saying: Cue, leaving?: Leaving): void {
    const { prompts, agentSpeaks } = this.#parts;
    const conversation = this.#parts.conversation();
    const instructions = prompts.instructionsOf(saying);
    const text = prompts.textOf(saying);
    // The agent does not do it.
    const instead = (): void => {
      if (leaving?.wanted()) void this.#announce(saying, leaving.then);
    };
    if (conversation?.followsInstructions && instructions !== undefined && agentSpeaks()) {
      if (leaving) this.#afterTurn(conversation, leaving, instead);
      conversation.speak({ instructions });
      return;
    }
    if (!conversation || saying.wav !== undefined || text === undefined || !agentSpeaks()) {
      void this.#announce(saying, leaving?.then);
      return;
    }
    if (leaving) conversation.afterNextSpeech(leaving.then, instead);
    conversation.speak({ text });
  }

  #afterTurn(conversation: Conversation, { goodbye, wanted, then }: Leaving, onIdle: () => void): void {
    const { hangUps } = goodbye;
    conversation.afterTurn({
      there: () => this.#parts.agentSpeaks() && conversation.followsInstructions && wanted(),
      left: () => goodbye.hangUps > hangUps,
      onLeft: () => conversation.afterGoodbye(goodbye, then),
      onOver: () => conversation.afterSpeech(undefined, then),
      onIdle,
    });
  }

  async #announce(saying: Saying, then?: () => void, interruptible = true): Promise<void> {
    const announcement = await this.#parts.prompts.get(saying);
    const responseId = announcement && this.#parts.conversation()?.announce(announcement, { interruptible });
    if (then) this.#after(responseId, then);
  }

  #after(responseId: string | undefined, then: () => void): void {
    const conversation = this.#parts.conversation();
    if (conversation) conversation.afterSpeech(responseId, then);
    else then();
  }
}
