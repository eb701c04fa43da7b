import { FlavorError } from '../../../flavor-api/index.js';
import type { JobAudience } from '../hosted/jobs.js';
import { base64Bytes, jobOutput, rateIn } from '../hosted/output.js';
import { isObject, type JsonObject, numberIn, textIn } from '../shared/json.js';
import { isSpeechRate } from '../speech-server/audio-body.js';
import type { SpeechChunk } from '../speech-server/backend.js';
import { brokenOff, noSpeech, plain, protocolFault } from '../speech-server/failures.js';
import { SampleReader } from '../speech-server/samples.js';

/**
 * What a handler of one's own takes and yields. RunPod passes on what a generator handler yields when `/stream` is asked
 * for it, at most 1 MB at a time, and never a second time: an answer that is lost takes the items in it along. Items
 * therefore count themselves.
 *
 * Taken, as `input` of `/run`:
 *
 * ```json
 * { "text": "Hello.", "voice": "lucy", "voice_url": "https://...", "language": "en", "seed": 7,
 *   "temperature": 0.8, "exaggeration": 0.5, "cfg_weight": 0.5 }
 * ```
 *
 * All but `text` may be missing. `{ "wake": true }` in its place loads the model and yields `done` with 0 samples.
 *
 * Yielded, in order: any number of
 *
 * ```json
 * { "index": 0, "sample_rate": 24000, "audio": "<base64 of mono samples, 16 bits, little-endian>" }
 * ```
 *
 * of at most 10 s each, the first as short as can be, and at the end
 *
 * ```json
 * { "index": 1, "done": true, "samples": 48000, "machine_ms": 900 }
 * ```
 *
 * with the number of samples in all items, and the time the handler took, ms. `{ "index": 0, "refused": "voice" }` in
 * place of all that names the member of `input` that will not do. What is raised becomes `FAILED`, and is tried again
 * elsewhere.
 *
 * Handlers that know nothing of this are understood as well, as far as their items are base64, or objects that hold it in
 * `audio` or `audio_base64`: then what was lost on the way is an error, and the end is believed.
 */
export class StreamItems implements JobAudience {
  readonly #who: string;
  readonly #mostMs: number;
  #ms = 0;
  #next = 0;
  #samples = 0;
  #sampleRate = 0;
  #reader: SampleReader | undefined;
  #mayBeLost = false;
  #done: JsonObject | undefined;

  /**
   * @param who The provider in messages.
   * @param text What is spoken: speech that goes on much longer is cut off.
   */
  constructor(who: string, text: string) {
    this.#who = who;
    this.#mostMs = MAX_EXTRA_MS + text.length * MAX_MS_PER_CHARACTER;
  }

  /** The handler has said that this was all. */
  get satisfied(): boolean {
    return this.#done !== undefined;
  }

  /** Samples that have come. */
  get samples(): number {
    return this.#samples;
  }

  /** What the handler took, ms, where it says so. */
  get machineMs(): number | undefined {
    const ms = this.#done === undefined ? undefined : numberIn(this.#done, 'machine_ms');
    return ms !== undefined && ms >= 0 ? ms : undefined;
  }

  lost(): void {
    this.#mayBeLost = true;
  }

  /** One item. @throws FlavorError for a refusal, for what is no speech, and where an item before it is missing */
  push(item: unknown): readonly SpeechChunk[] {
    const index = isObject(item) ? numberIn(item, 'index') : undefined;
    if (index === undefined) {
      if (this.#mayBeLost) throw brokenOff(this.#who);
    } else {
      // An answer that was lost after all came twice.
      if (index < this.#next) return [];
      if (index > this.#next) throw brokenOff(this.#who);
      this.#next = index + 1;
    }
    if (!isObject(item)) return this.#sound(typeof item === 'string' ? base64Bytes(item) : undefined, undefined);
    if (typeof item['refused'] === 'string') throw refused(this.#who, item['refused']);
    if (item['done'] === true) {
      this.#end(item);
      return [];
    }
    const audio = textIn(item, 'audio');
    const output = audio === '' ? jobOutput(item) : undefined;
    const bytes = audio === '' ? (output?.type === 'bytes' ? output.bytes : undefined) : base64Bytes(audio);
    return this.#sound(bytes, rateIn(item));
  }

  /** No item follows. @throws FlavorError unless speech has come, and all of it */
  end(): void {
    if (this.#done === undefined && this.#mayBeLost) throw brokenOff(this.#who);
    if (this.#done === undefined && this.#samples === 0) throw noSpeech(this.#who);
    if ((this.#reader?.restBytes ?? 0) > 0) throw brokenOff(this.#who);
  }

  #end(item: JsonObject): void {
    const promised = numberIn(item, 'samples');
    if (promised !== undefined && promised !== this.#samples) throw brokenOff(this.#who);
    this.#done = item;
  }

  #sound(bytes: Buffer | undefined, rate: number | undefined): readonly SpeechChunk[] {
    if (bytes === undefined) throw protocolFault(this.#who, 'an item that is no speech');
    const chunks: SpeechChunk[] = [];
    const sampleRate = rate ?? (this.#sampleRate === 0 ? USUAL_RATE : this.#sampleRate);
    if (sampleRate !== this.#sampleRate) {
      if (!isSpeechRate(sampleRate)) throw protocolFault(this.#who, 'speech of an unknown kind');
      if ((this.#reader?.restBytes ?? 0) > 0) throw brokenOff(this.#who);
      this.#sampleRate = sampleRate;
      this.#reader = new SampleReader({ encoding: 's16', channels: 1, sampleRate });
      chunks.push({ type: 'format', sampleRate });
    }
    const samples = this.#reader?.push(bytes) ?? new Int16Array(0);
    this.#samples += samples.length;
    this.#ms += (samples.length * 1_000) / sampleRate;
    if (this.#ms > this.#mostMs) throw protocolFault(this.#who, 'speech without end');
    if (samples.length > 0) chunks.push({ type: 'audio', samples });
    return chunks;
  }
}

/** Chatterbox's own, where an item does not say. Hz. */
const USUAL_RATE = 24_000;
/** The slowest that anybody speaks, ms a character, and what a short text may take besides. */
const MAX_MS_PER_CHARACTER = 500;
const MAX_EXTRA_MS = 10_000;

function refused(who: string, member: string): FlavorError {
  const name = plain(member);
  const what = name === '' ? '' : ` (${name})`;
  return new FlavorError(
    'ERR_FLAVOR_CONFIG',
    `${who}'s handler does not take the request: check its settings${what}`,
    false,
  );
}
