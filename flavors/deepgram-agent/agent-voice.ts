import type { FlavorEvent } from 'sip-voice-connector/flavor';

export interface AgentVoiceOptions {
  readonly bytesPerMs: number;
  readonly bytesPerSample: number;
  push(event: FlavorEvent): void;
}

/** Longest audio of one event, ms. */
const MAX_EVENT_MS = 1_000;
/** Speech that comes before anybody can hear it: a greeting, ms. */
const MAX_HELD_MS = 120_000;

/**
 * What the agent says, as responses of the contract. Deepgram's audio carries no id: what comes is of the answer under
 * way, and of none while the agent is muted.
 */
export class AgentVoice {
  readonly #options: AgentVoiceOptions;
  #responses = 0;
  #responseId: string | undefined;
  #said = '';
  #rest: Uint8Array = new Uint8Array(0);
  /** Nobody hears yet: what has come waits. */
  #held: FlavorEvent[] | undefined = [];
  #heldBytes = 0;
  /** `speaker`: what comes was broken off by the caller, until the agent says something new. `host`: what comes is not wanted. */
  #muted: 'no' | 'by-caller' | 'by-host' = 'no';

  constructor(options: AgentVoiceOptions) {
    this.#options = options;
  }

  /** The response under way. */
  get responseId(): string | undefined {
    return this.#responseId;
  }

  get muted(): boolean {
    return this.#muted !== 'no';
  }

  /** The caller can hear. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#options.push(event);
  }

  text(content: string): void {
    if (this.#muted !== 'no') return;
    const responseId = this.#begin();
    // Words of one answer come in sentences.
    const text = this.#said === '' ? content : ` ${content}`;
    this.#said += text;
    this.#emit({ type: 'text', responseId, text });
  }

  audio(bytes: Uint8Array): void {
    if (this.#muted !== 'no') return;
    const responseId = this.#begin();
    const { bytesPerSample, bytesPerMs } = this.#options;
    const joined = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = joined.length - (joined.length % bytesPerSample);
    this.#rest = joined.slice(whole);
    const size = MAX_EVENT_MS * bytesPerMs;
    for (let at = 0; at < whole; at += size) {
      this.#emit({ type: 'audio', responseId, data: joined.subarray(at, Math.min(whole, at + size)) });
    }
  }

  /** All of the answer has come. */
  done(): void {
    const responseId = this.#responseId;
    if (responseId !== undefined) this.#emit({ type: 'audio-done', responseId });
    this.#forget();
  }

  /** The caller speaks: Deepgram has stopped; what was under way still comes. What is here may be played on. */
  breakOff(): void {
    this.done();
    if (this.#muted === 'no') this.#muted = 'by-caller';
  }

  /** The host has ended what was said or asked for. */
  mute(): void {
    this.#forget();
    this.#muted = 'by-host';
  }

  /** The agent begins something new. `certain`: it cannot be what the host has ended. */
  renew(certain: boolean): void {
    if (certain || this.#muted === 'by-caller') this.#muted = 'no';
  }

  #begin(): string {
    if (this.#responseId === undefined) {
      this.#responses += 1;
      this.#responseId = `speech-${this.#responses}`;
    }
    return this.#responseId;
  }

  #forget(): void {
    this.#responseId = undefined;
    this.#said = '';
    this.#rest = new Uint8Array(0);
  }

  #emit(event: FlavorEvent): void {
    if (this.#held === undefined) {
      this.#options.push(event);
      return;
    }
    if (event.type === 'audio') this.#heldBytes += event.data.length;
    if (this.#heldBytes <= MAX_HELD_MS * this.#options.bytesPerMs) this.#held.push(event);
  }
}
