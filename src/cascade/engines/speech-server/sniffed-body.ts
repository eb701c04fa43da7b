import { type AudioBody, RawBody, WavBody } from './audio-body.js';
import { noSpeech, protocolFault } from './failures.js';
import type { SampleFormat } from './samples.js';

/** How other things begin that servers send in place of samples, whatever was asked for. */
const foreign: readonly string[] = [
  'ID3',
  'OggS',
  'fLaC',
  '<htm',
  '<HTM',
  '<!do',
  '<!DO',
  '{"de',
  '{"er',
  '{\n',
  '{\r',
];
const SNIFFED_BYTES = 4;

/**
 * Samples whose form only the body tells: many servers answer WAV where bare samples were asked for. What is encoded
 * (MP3, Ogg, FLAC), and pages of proxies, are known by how they begin, and refused: they would be noise.
 */
export class SniffedBody implements AudioBody {
  readonly #who: string;
  readonly #raw: SampleFormat;
  readonly #foreign: boolean;
  #head: Buffer = Buffer.alloc(0);
  #body: AudioBody | undefined;

  /**
   * @param who The server in messages.
   * @param contentType Of the answer.
   * @param raw What it is unless it is WAV.
   */
  constructor(who: string, contentType: string | undefined, raw: SampleFormat) {
    this.#who = who;
    this.#raw = raw;
    this.#foreign = contentType !== undefined && /mpeg|mp3|ogg|opus|flac|aac|json|html/i.test(contentType);
  }

  get sampleRate(): number | undefined {
    return this.#body?.sampleRate;
  }

  push(bytes: Uint8Array): Int16Array {
    if (this.#body !== undefined) return this.#body.push(bytes);
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head.length < SNIFFED_BYTES) return new Int16Array(0);
    this.#body = this.#sniffed(this.#head.toString('latin1', 0, SNIFFED_BYTES));
    return this.#body.push(this.#head);
  }

  end(): void {
    if (this.#body === undefined) throw noSpeech(this.#who);
    this.#body.end();
  }

  #sniffed(start: string): AudioBody {
    if (start === 'RIFF') return new WavBody(this.#who);
    if (this.#foreign || foreign.some((magic) => start.startsWith(magic))) {
      throw protocolFault(this.#who, 'something else than samples');
    }
    return new RawBody(this.#who, this.#raw);
  }
}
