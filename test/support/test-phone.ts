import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { PhoneCall, type PhoneCallOptions } from '../../src/phone/phone-call.js';
import { createPhoneParts, type PhoneParts } from '../../src/phone/phone-parts.js';

/** How the phone acts by itself. */
export type PhoneScript = Pick<PhoneCallOptions, 'onRefer'>;

/** The connector's own test phone on loopback, held in a test's hand. */
export class TestPhone implements AsyncDisposable {
  readonly call: PhoneCall;
  /** What it hears, 8000 Hz. */
  readonly heard: Int16Array[] = [];
  readonly #parts: PhoneParts;

  private constructor(uri: string, fromUser: string, parts: PhoneParts, script: PhoneScript) {
    this.#parts = parts;
    const clock = createSystemClock();
    this.call = new PhoneCall(
      {
        uri,
        fromUser,
        codecs: ['pcmu', 'pcma'],
        onEvent: () => {},
        ...script,
        onHeard: (samples) => this.heard.push(samples.slice()),
      },
      { ...parts, clock, random: createSystemRandom() },
    );
  }

  /** Dials; the call may not be answered yet. */
  static async dial(
    number: string,
    port: number,
    fromUser = 'test-phone',
    script: PhoneScript = {},
  ): Promise<TestPhone> {
    const deps = { clock: createSystemClock(), random: createSystemRandom() };
    const parts = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, deps);
    const phone = new TestPhone(`sip:${number}@127.0.0.1:${port}`, fromUser, parts, script);
    await phone.call.dial();
    return phone;
  }

  /** Hangs up if need be. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}
