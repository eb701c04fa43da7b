import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { createPhoneParts, type PhoneParts } from '../../../src/phone/phone-parts.js';
import { Caller, type CallerOptions } from '../lib/caller.js';
import type { CallersApi } from '../lib/callers-api.js';
import { Child } from '../lib/child.js';
import { ConnectorHost } from '../lib/connector-host.js';
import { FLAVOR, NUMBER } from '../lib/scene.js';
import type { CascadeProviderAccount, CascadeProviderApi, CascadeProviderSetup } from './provider-api.js';

export interface CascadeSceneOptions {
  readonly provider: CascadeProviderSetup;
  /** Of the flavor, besides `use`, keys and addresses. Sections are merged. */
  readonly flavor?: Readonly<Record<string, unknown>>;
  readonly stt?: Readonly<Record<string, unknown>>;
  readonly llm?: Readonly<Record<string, unknown>>;
  readonly tts?: Readonly<Record<string, unknown>>;
  /** Another of each stands by. */
  readonly standby?: CascadeProviderSetup;
  /** Of the route: the first that is said in a call. */
  readonly greeting?: string;
  /** Whole sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Tells nothing of its calls: for measurements of its memory. */
  readonly quiet?: boolean;
}

const clock = createSystemClock();
const random = createSystemRandom();
const key = 'key-of-a-measurement';

/** Providers, a connector with the flavor `deepgram`, and a place for callers, each in a process of its own, on loopback. */
export class CascadeScene implements AsyncDisposable {
  readonly connector: ConnectorHost;
  readonly provider: Child<CascadeProviderApi>;
  readonly standby: Child<CascadeProviderApi> | undefined;
  readonly #parts: PhoneParts;
  #callers: Child<CallersApi> | undefined;

  private constructor(connector: ConnectorHost, providers: readonly Child<CascadeProviderApi>[], parts: PhoneParts) {
    const [provider, standby] = providers;
    if (!provider) throw new Error('no provider');
    this.connector = connector;
    this.provider = provider;
    this.standby = standby;
    this.#parts = parts;
  }

  static async open(options: CascadeSceneOptions): Promise<CascadeScene> {
    const start = (): Child<CascadeProviderApi> => Child.start(new URL('provider-child.js', import.meta.url));
    const provider = start();
    const standby = options.standby && start();
    const providers = standby ? [provider, standby] : [provider];
    try {
      const { deepgram, model } = await provider.ask('start', options.provider);
      const other = options.standby && (await standby?.ask('start', options.standby));
      const connector = await ConnectorHost.start({
        quiet: options.quiet ?? false,
        config: {
          flavors: {
            [FLAVOR]: {
              use: 'deepgram',
              apiKey: key,
              stt: { url: deepgram, ...options.stt },
              llm: { provider: 'openai-compatible', baseUrl: model, model: 'scripted', ...options.llm },
              tts: { url: deepgram, ...options.tts },
              ...(other && { standby: standbyOf(other, options) }),
              ...options.flavor,
            },
          },
          routes: [
            {
              match: { to: NUMBER },
              flavor: FLAVOR,
              instructions: 'caller {{from}}',
              ...(options.greeting !== undefined && { greeting: options.greeting }),
            },
          ],
          ...options.config,
        },
      });
      return new CascadeScene(
        connector,
        providers,
        await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, { clock, random }),
      );
    } catch (error) {
      for (const each of providers) await each[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A caller who lives in this process. */
  caller(options: Pick<CallerOptions, 'from' | 'keepAudio'>): Caller {
    return new Caller(
      { port: this.connector.sipPort, number: NUMBER, ...options },
      { parts: this.#parts, clock, random },
    );
  }

  /** The process of the many callers; started when first asked for. */
  get callers(): Child<CallersApi> {
    this.#callers ??= Child.start<CallersApi>(new URL('../lib/callers-child.js', import.meta.url));
    return this.#callers;
  }

  async account(): Promise<CascadeProviderAccount> {
    return await this.provider.ask('account', undefined);
  }

  /** Processor time used so far, ms. */
  cpuMs(): { readonly connector: number; readonly provider: number; readonly callers: number } {
    return {
      connector: this.connector.cpuMs(),
      provider: this.provider.cpuMs(),
      callers: this.#callers?.cpuMs() ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
    await this.#callers?.[Symbol.asyncDispose]();
    await this.connector[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
    await this.standby?.[Symbol.asyncDispose]();
  }
}

function standbyOf(
  { deepgram, model }: { deepgram: string; model: string },
  { stt, llm, tts }: CascadeSceneOptions,
): object {
  const speech = { provider: 'deepgram', apiKey: key, url: deepgram };
  return {
    stt: [{ ...speech, ...stt }],
    llm: [{ provider: 'openai-compatible', baseUrl: model, model: 'standing-by', ...llm }],
    tts: [{ ...speech, ...tts }],
  };
}
