import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { createPhoneParts, type PhoneParts } from '../../../src/phone/phone-parts.js';
import { Caller } from '../lib/caller.js';
import { Child } from '../lib/child.js';
import { ConnectorHost } from '../lib/connector-host.js';
import type { VoicesAddresses, VoicesProviderApi, VoicesSetup } from './provider-api.js';

export interface VoicesSceneOptions {
  readonly provider: VoicesSetup;
  /** A flavor for each lane, by the number that is dialled: what of it is not ears and mind. */
  lanes(addresses: VoicesAddresses): Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const clock = createSystemClock();
const random = createSystemRandom();

/** Ears, a mind and servers of speech in one process, a connector with `chatterbox-custom` in another; callers are here. */
export class VoicesScene implements AsyncDisposable {
  readonly connector: ConnectorHost;
  readonly provider: Child<VoicesProviderApi>;
  readonly #parts: PhoneParts;

  private constructor(connector: ConnectorHost, provider: Child<VoicesProviderApi>, parts: PhoneParts) {
    this.connector = connector;
    this.provider = provider;
    this.#parts = parts;
  }

  static async open(options: VoicesSceneOptions): Promise<VoicesScene> {
    const provider = Child.start<VoicesProviderApi>(new URL('provider-child.js', import.meta.url));
    try {
      const addresses = await provider.ask('start', options.provider);
      const lanes = Object.entries(options.lanes(addresses));
      const connector = await ConnectorHost.start({
        config: {
          flavors: Object.fromEntries(
            lanes.map(([number, section]) => [`lane-${number}`, flavorOf(addresses, section)]),
          ),
          routes: lanes.map(([number]) => ({
            match: { to: number },
            flavor: `lane-${number}`,
            instructions: 'caller {{from}}',
          })),
        },
      });
      const parts = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, { clock, random });
      return new VoicesScene(connector, provider, parts);
    } catch (error) {
      await provider[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Who dials the number of a lane. */
  caller(number: string, from: string): Caller {
    return new Caller(
      { port: this.connector.sipPort, number, from, keepAudio: true },
      { parts: this.#parts, clock, random },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
    await this.connector[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
  }
}

function flavorOf({ deepgram, model }: VoicesAddresses, section: Readonly<Record<string, unknown>>): object {
  return {
    use: 'chatterbox-custom',
    stt: { provider: 'deepgram', apiKey: 'key-of-a-measurement', url: deepgram, model: 'flux-general-en' },
    llm: { provider: 'openai-compatible', baseUrl: model, model: 'scripted' },
    ...section,
  };
}
