import type { AudioFormat } from '../flavor-api/index.js';
import { type AudioConverter, createAudioConverter } from './audio-converter.js';
import { Concealment } from './concealment.js';
import type { CallerFrame, StreamListener } from './engine.js';
import type { InbandDtmfDetector } from './inband-dtmf.js';
import type { JitterBuffer } from './jitter-buffer.js';
import type { PhoneCoding } from './phone-codec.js';
import { splice } from './splice.js';
import type { VoiceDetector } from './vad.js';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** Makes the even stream of 20 ms frames out of the jitter buffer: gaps concealed, voice detected, format converted. */
export class CallerFrames {
  /** Looks for keys in what is heard; `undefined`: nobody does. */
  tones: Pick<InbandDtmfDetector, 'process'> | undefined;
  readonly #jitterBuffer: JitterBuffer;
  readonly #listener: StreamListener;
  readonly #voice: VoiceDetector;
  readonly #concealment = new Concealment();
  readonly #samples = new Int16Array(FRAME_SAMPLES);
  readonly #before = new Int16Array(FRAME_SAMPLES);
  readonly #invented = new Uint8Array(FRAME_SAMPLES);
  readonly #frame: CallerFrame = {
    data: this.#invented,
    positionMs: 0,
    concealed: true,
    voiced: false,
    stirring: false,
    receivedAtMs: 0,
  };
  #coding: PhoneCoding;
  /** `undefined`: whatever the phone speaks. */
  #input: AudioFormat | undefined;
  #converter: AudioConverter;
  #positionMs = 0;
  #onsetPositionMs = 0;
  #concealedSamples = 0;
  /** Of a gap that still may turn out to be the sender's silence. */
  #undecidedSamples = 0;

  constructor(jitterBuffer: JitterBuffer, voice: VoiceDetector, coding: PhoneCoding, listener: StreamListener) {
    this.#jitterBuffer = jitterBuffer;
    this.#voice = voice;
    this.#coding = coding;
    this.#listener = listener;
    this.#converter = createAudioConverter(coding.format, coding.format);
  }

  /** Audio invented because a packet was lost or late; a sender's own silence is not counted. */
  get concealedMs(): number {
    return (this.#concealedSamples / FRAME_SAMPLES) * FRAME_MS;
  }

  /** The format frames are delivered in; until then the phone's. */
  setInput(input: AudioFormat): void {
    this.#input = input;
    this.#converter = createAudioConverter(this.#coding.format, input);
  }

  setCoding(coding: PhoneCoding): void {
    if (coding === this.#coding) return;
    this.#coding = coding;
    this.#converter = createAudioConverter(coding.format, this.#input ?? coding.format);
  }

  /**
   * Delivers the next frame, then what the voice detector makes of it.
   * @param slotMs when the frame is due; @param nowMs {@link Clock.now}
   */
  deliver(slotMs: number, nowMs: number): void {
    const source = this.#jitterBuffer.take(nowMs, this.#voice.speaking);
    const samples = this.#samples;
    let codes = source.data;
    if (!source.playing) {
      this.#undecidedSamples = 0;
      samples.fill(0);
      this.#concealment.learn(samples);
      this.#invented.fill(this.#coding.silence);
      codes = this.#invented;
    } else {
      this.#coding.decode(codes, samples);
      if (source.before !== undefined) {
        this.#coding.decode(source.before, this.#before);
        splice(this.#before, samples);
        this.#coding.encode(samples, this.#invented);
        codes = this.#invented;
      }
      if (source.missing === 0 && !this.#concealment.busy) {
        this.#concealment.learn(samples);
      } else {
        this.#concealment.process(samples, source.known);
        this.#coding.encode(samples, this.#invented);
        codes = this.#invented;
      }
      this.#countConcealed(source.missing, source.receivedAtMs !== undefined);
    }
    const frame = this.#frame;
    frame.voiced = this.#voice.process(samples);
    this.tones?.process(samples);
    frame.stirring = this.#voice.stirring;
    frame.data = this.#converter.convert(codes);
    frame.positionMs = this.#positionMs;
    frame.concealed = !source.playing || 2 * source.missing >= FRAME_SAMPLES;
    frame.receivedAtMs = source.receivedAtMs ?? slotMs;
    this.#positionMs += FRAME_MS;
    this.#listener.onFrame(frame);
    this.#reportVoice(nowMs);
  }

  /** A gap counts once packets go on behind it. */
  #countConcealed(missing: number, goesOn: boolean): void {
    this.#undecidedSamples += missing;
    if (!goesOn) return;
    this.#concealedSamples += this.#undecidedSamples;
    this.#undecidedSamples = 0;
  }

  #reportVoice(atMs: number): void {
    const voice = this.#voice;
    if (voice.changed === 'started') {
      this.#onsetPositionMs = Math.max(0, this.#positionMs - voice.onsetMsAgo);
      this.#listener.onEvent({ type: 'voice-started', positionMs: this.#onsetPositionMs, atMs });
    } else if (voice.changed === 'stopped') {
      const { speechMs } = voice;
      this.#listener.onEvent({
        type: 'voice-stopped',
        positionMs: this.#onsetPositionMs + speechMs,
        speechMs,
        atMs,
      });
    }
  }
}
