import { createResampler, type Resampler } from '../../audio/resampler.js';
import { Int16Views } from '../../audio/views.js';
import { bytesPerSample } from '../../flavor-api/index.js';
import { type PhoneCoding, phoneCodings } from '../codecs/phone-codec.js';
import type { StreamTap } from '../engine.js';

const TAP_HZ = 8000;

/** Lets a tap hear what is sent to the phone. */
export class AgentTap {
  readonly #tap: StreamTap;
  readonly #samples = new Int16Views();
  #coding: PhoneCoding = phoneCodings.pcmu;
  #resampler: Resampler = createResampler(TAP_HZ, TAP_HZ);

  constructor(tap: StreamTap) {
    this.#tap = tap;
  }

  setCoding(coding: PhoneCoding): void {
    if (coding === this.#coding) return;
    this.#coding = coding;
    this.#resampler = createResampler(coding.format.sampleRate, TAP_HZ);
  }

  /** @param frame one packet's audio in the format of the coding */
  hear(frame: Uint8Array, atMs: number): void {
    if (this.#tap.active === false) return;
    const samples = this.#samples.take(frame.length / bytesPerSample(this.#coding.format.encoding));
    this.#coding.decode(frame, samples);
    this.#tap.agent(this.#resampler.process(samples), atMs);
  }
}
