import { createFliteVoice, type FliteVoice, type FliteVoiceName } from 'sip-voice-connector/cascade';
import {
  type CallContext,
  defineFlavor,
  type Flavor,
  type FlavorCapabilities,
  type FlavorModule,
} from 'sip-voice-connector/flavor';
import type { EchoConfig } from './config.js';
import { ImmediateSession } from './immediate-session.js';
import { echoCapabilities, echoManifest } from './manifest.js';
import { voiceFailure } from './speech-line.js';
import { TurnsSession } from './turns-session.js';
import type { Utterance } from './utterance.js';

/** Makes the voice of one flavor. */
export type MakeVoice = (options: { readonly voice: FliteVoiceName }) => Pick<FliteVoice, 'speak'> & AsyncDisposable;

/** The module, with another voice for tests. */
export function defineEcho(makeVoice: MakeVoice = createFliteVoice): FlavorModule<EchoConfig> {
  return defineFlavor({
    manifest: echoManifest,
    create: (config, deps) =>
      config.mode === 'immediate'
        ? new ImmediateEcho(config, () => deps.now())
        : new TurnsEcho(config, makeVoice(config)),
  });
}

export default defineEcho();

class ImmediateEcho implements Flavor {
  readonly capabilities: FlavorCapabilities;
  readonly #now: () => number;

  constructor(config: EchoConfig, now: () => number) {
    this.capabilities = echoCapabilities(config);
    this.#now = now;
  }

  async check(): Promise<void> {
    // Nothing outside the process is needed.
  }

  async open(call: CallContext): Promise<ImmediateSession> {
    return new ImmediateSession(call, this.#now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }
}

class TurnsEcho implements Flavor {
  readonly capabilities: FlavorCapabilities;
  readonly #config: EchoConfig;
  readonly #voice: ReturnType<MakeVoice>;
  #greeting: Utterance | undefined;

  constructor(config: EchoConfig, voice: ReturnType<MakeVoice>) {
    this.capabilities = echoCapabilities(config);
    this.#config = config;
    this.#voice = voice;
  }

  /** That the voice speaks at all. */
  async check(signal: AbortSignal): Promise<void> {
    await this.#render('check', signal);
  }

  /** Renders the greeting, so that it can leave with the answer. */
  async warmup(signal: AbortSignal): Promise<void> {
    this.#greeting ??= await this.#render(this.#config.greeting, signal);
  }

  /** A greeting of the route is spoken while the phone still rings. */
  async open(call: CallContext): Promise<TurnsSession> {
    const text = call.greeting ?? this.#config.greeting;
    const own = text === this.#config.greeting ? this.#greeting : undefined;
    const greeting = own ?? (await this.#render(text, call.signal));
    if (text === this.#config.greeting) this.#greeting ??= greeting;
    return new TurnsSession({
      call,
      config: this.#config,
      voice: this.#voice,
      greeting: greeting.speech.pcm.length > 0 ? greeting : undefined,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#voice[Symbol.asyncDispose]();
  }

  async #render(text: string, signal: AbortSignal): Promise<Utterance> {
    try {
      return { text, speech: await this.#voice.speak(text, signal) };
    } catch (error) {
      signal.throwIfAborted();
      throw voiceFailure(error);
    }
  }
}
