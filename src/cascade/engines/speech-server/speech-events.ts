import { FlavorError } from '../../../flavor-api/index.js';
import { isObject, numberIn, objectIn, parseJson, textIn } from '../shared/json.js';
import { type AudioBody, isSpeechRate, RawBody } from './audio-body.js';
import { brokenOff, plain, protocolFault } from './failures.js';
import type { SampleFormat } from './samples.js';
import { serverEvents } from './sse.js';

/** What servers report at the end of a stream. */
export interface SpeechTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Speech in server-sent events, as OpenAI's API has it: `speech.audio.delta` with samples in base64, then
 * `speech.audio.done`, which alone says that it was all. travisvn's server says first what the samples are
 * (`speech.audio.info`); OpenAI's are 24 kHz.
 * https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event
 */
export class SpeechEvents implements AudioBody {
  readonly #who: string;
  #format: SampleFormat = { encoding: 's16', channels: 1, sampleRate: 24_000 };
  #body: RawBody | undefined;
  #tokens: SpeechTokens | undefined;

  /** @param who The server in messages. */
  constructor(who: string) {
    this.#who = who;
  }

  /** Known when the iteration is over, where the server says it. */
  get tokens(): SpeechTokens | undefined {
    return this.#tokens;
  }

  get sampleRate(): number {
    return this.#format.sampleRate;
  }

  push(bytes: Uint8Array): Int16Array {
    this.#body ??= new RawBody(this.#who, this.#format);
    return this.#body.push(bytes);
  }

  end(): void {
    this.#body ??= new RawBody(this.#who, this.#format);
    this.#body.end();
  }

  /** The samples' bytes. @throws FlavorError for an error that is reported, and for an end before the end. */
  async *parts(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { data } of serverEvents(this.#who, body)) {
      // Not every server keeps to the event that ends it.
      if (data === '[DONE]') return;
      const event = parseJson(data);
      if (!isObject(event)) throw protocolFault(this.#who, 'an event that is no JSON');
      switch (textIn(event, 'type')) {
        case 'speech.audio.info':
          this.#describe(
            numberIn(event, 'sample_rate'),
            numberIn(event, 'channels'),
            numberIn(event, 'bits_per_sample'),
          );
          break;
        case 'speech.audio.delta':
          yield this.#decoded(textIn(event, 'audio') || textIn(event, 'delta'));
          break;
        case 'speech.audio.done': {
          const usage = objectIn(event, 'usage');
          const [inputTokens, outputTokens] = [numberIn(usage, 'input_tokens'), numberIn(usage, 'output_tokens')];
          if (inputTokens !== undefined && outputTokens !== undefined) this.#tokens = { inputTokens, outputTokens };
          return;
        }
        case 'error':
          throw this.#reported(textIn(objectIn(event, 'error'), 'code') || textIn(event, 'code'));
        default:
          // `{"error": {...}}` without a type is what some write into a stream that cannot be refused any more.
          if (isObject(event['error'])) throw this.#reported(textIn(objectIn(event, 'error'), 'code'));
      }
    }
    throw brokenOff(this.#who);
  }

  #describe(sampleRate = 24_000, channels = 1, bits = 16): void {
    const encoding = ({ 16: 's16', 24: 's24', 32: 's32' } as const)[bits];
    if (
      this.#body !== undefined ||
      encoding === undefined ||
      !isSpeechRate(sampleRate) ||
      channels < 1 ||
      channels > 2
    ) {
      throw protocolFault(this.#who, 'samples of an unknown kind');
    }
    this.#format = { encoding, channels, sampleRate };
  }

  #decoded(base64: string): Uint8Array {
    // Node reads what it can and passes over the rest: noise, where it was something else.
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw protocolFault(this.#who, 'samples that are no base64');
    return Buffer.from(base64, 'base64');
  }

  #reported(code: string): FlavorError {
    const named = plain(code) === '' ? '' : ` (${plain(code)})`;
    return new FlavorError('ERR_FLAVOR_NETWORK', `${this.#who} reports an error${named}`, true);
  }
}
