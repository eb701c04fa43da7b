import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom, type Random } from '../../../src/base/random.js';
import { createPhoneParts, type PhoneParts } from '../../../src/phone/phone-parts.js';
import type { FaultName, FaultOptions } from '../../fakes/openai-realtime/index.js';
import { Caller, type CallerOptions } from './caller.js';
import type { CallersApi } from './callers-api.js';
import { Child } from './child.js';
import { ConnectorHost } from './connector-host.js';
import type { ProviderAccount, ProviderApi, ProviderSetup, SpokenItem } from './provider-api.js';

/** The number that callers of a measurement dial. */
export const NUMBER = '2000';
/** Name of the flavor under `flavors`. */
export const FLAVOR = 'frontdesk';

export interface SceneOptions {
  readonly provider: ProviderSetup;
  /** Of the flavor, besides `use`, `url` and `apiKey`. */
  readonly flavor?: Readonly<Record<string, unknown>>;
  /** Other flavors, by name. */
  readonly others?: Readonly<Record<string, unknown>>;
  /** Of the one route, besides `match` and `flavor`. */
  readonly route?: Readonly<Record<string, unknown>>;
  /** Whole sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

interface PhoneDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** A provider, a connector and a place for callers, each in a process of its own, on loopback. */
export class Scene implements AsyncDisposable {
  readonly connector: ConnectorHost;
  readonly #provider: Child<ProviderApi>;
  readonly #parts: PhoneParts;
  readonly #deps: PhoneDeps;
  #callers: Child<CallersApi> | undefined;

  private constructor(connector: ConnectorHost, provider: Child<ProviderApi>, parts: PhoneParts, deps: PhoneDeps) {
    this.connector = connector;
    this.#provider = provider;
    this.#parts = parts;
    this.#deps = deps;
  }

  static async open({ provider, flavor, others, route, config }: SceneOptions): Promise<Scene> {
    const fake = Child.start<ProviderApi>(new URL('provider-child.js', import.meta.url));
    try {
      const { url } = await fake.ask('start', provider);
      const connector = await ConnectorHost.start({
        config: {
          flavors: { [FLAVOR]: { use: 'openai-realtime', url, apiKey: 'key-of-a-measurement', ...flavor }, ...others },
          routes: [{ match: { to: NUMBER }, flavor: FLAVOR, instructions: 'caller {{from}}', ...route }],
          ...config,
        },
      });
      const deps = { clock: createSystemClock(), random: createSystemRandom() };
      const parts = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, deps);
      return new Scene(connector, fake, parts, deps);
    } catch (error) {
      await fake[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A caller who lives in this process. */
  caller(options: Pick<CallerOptions, 'from' | 'keepAudio'>): Caller {
    const where = { port: this.connector.sipPort, number: NUMBER };
    return new Caller({ ...where, ...options }, { parts: this.#parts, ...this.#deps });
  }

  /** The process of the many callers; started when first asked for. */
  get callers(): Child<CallersApi> {
    this.#callers ??= Child.start<CallersApi>(new URL('callers-child.js', import.meta.url));
    return this.#callers;
  }

  async fail(name: FaultName, options: Partial<FaultOptions> = {}): Promise<void> {
    await this.#provider.ask('fail', { name, options });
  }

  async recover(): Promise<void> {
    await this.#provider.ask('recover', undefined);
  }

  /** The provider sends a message of about this size to every session. */
  async blurt(bytes: number): Promise<void> {
    await this.#provider.ask('blurt', { bytes });
  }

  async account(): Promise<ProviderAccount> {
    return await this.#provider.ask('account', undefined);
  }

  async spoken(text: string): Promise<SpokenItem> {
    return await this.#provider.ask('spoken', { text });
  }

  /** Processor time used so far, ms. */
  cpuMs(): { readonly connector: number; readonly provider: number; readonly callers: number } {
    return {
      connector: this.connector.cpuMs(),
      provider: this.#provider.cpuMs(),
      callers: this.#callers?.cpuMs() ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
    await this.#callers?.[Symbol.asyncDispose]();
    await this.connector[Symbol.asyncDispose]();
    await this.#provider[Symbol.asyncDispose]();
  }
}
