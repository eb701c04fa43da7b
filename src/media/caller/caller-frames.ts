import { createResampler, type Resampler } from '../../audio/resampler.js';
import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';
import { type AudioConverter, createAudioConverter } from '../codecs/audio-converter.js';
import type { PhoneCoding } from '../codecs/phone-codec.js';
import type { InbandDtmfDetector } from '../dtmf/inband-dtmf.js';
import type { CallerFrame, StreamListener } from '../engine.js';
import type { JitterBuffer, JitterFrame } from '../jitter/jitter-buffer.js';
import { SILENCE_AMPLITUDE, type VoiceDetector } from '../voice/vad.js';
import { ComfortNoise } from './comfort-noise.js';
import { Concealment } from './concealment.js';
import { splice } from './splice.js';

const FRAME_MS = 20;
/** Frames of samples: the current one and those before that somebody looks back upon, two at most. */
const BUFFERS = 3;
/** What the voice detector takes. */
const VOICE_HZ = 8000;
/** Over which two frames are joined, ms. */
const SPLICE_MS = 5;

/** Who hears the frames, and what the voice detector makes of them. */
export interface CallerFramesEars {
  readonly audience: Pick<StreamListener, 'onFrame'>;
  readonly listener: Pick<StreamListener, 'onEvent'>;
}

/** Makes the even stream of 20 ms frames out of the jitter buffer: gaps concealed, voice detected, format converted. */
export class CallerFrames {
  /** Looks for keys in what is heard; `undefined`: nobody does. */
  tones: Pick<InbandDtmfDetector, 'process'> | undefined;
  /** What is heard where the caller sends nothing. */
  readonly noise = new ComfortNoise();
  readonly #jitterBuffer: JitterBuffer;
  readonly #audience: Pick<StreamListener, 'onFrame'>;
  readonly #listener: Pick<StreamListener, 'onEvent'>;
  readonly #voice: VoiceDetector;
  readonly #frame: CallerFrame;
  #coding: PhoneCoding;
  /** Of G.711: of the quietest code that is no digital silence. */
  #soundRank = 0;
  /** The codec's decoder fills gaps by itself. */
  #selfConcealing = false;
  #concealment = new Concealment();
  /** Used in turn: the concealment looks back on two. */
  #buffers: readonly Int16Array[] = [];
  #turn = 0;
  /** Made when the jitter buffer cuts something out for the first time. */
  #before: Int16Array | undefined;
  #invented = new Uint8Array(0);
  /** `undefined`: the phone's rate is the detector's. */
  #voiceRate: Resampler | undefined;
  /** What the detector gets then, used in turn: it looks back on one. */
  #narrow: readonly Int16Array[] = [];
  /** `undefined`: whatever the phone speaks. */
  #input: AudioFormat | undefined;
  #converter: AudioConverter;
  #positionMs = 0;
  #onsetPositionMs = 0;
  #concealedMs = 0;
  /** Of a gap that still may turn out to be the sender's silence. */
  #undecidedMs = 0;

  /** @param frame what the audience is given, each time */
  constructor(
    jitterBuffer: JitterBuffer,
    voice: VoiceDetector,
    coding: PhoneCoding,
    ears: CallerFramesEars,
    frame: CallerFrame,
  ) {
    this.#frame = frame;
    this.#jitterBuffer = jitterBuffer;
    this.#voice = voice;
    this.#coding = coding;
    this.#audience = ears.audience;
    this.#listener = ears.listener;
    this.#converter = createAudioConverter(coding.format, coding.format);
    this.#fit();
  }

  /** Audio invented because a packet was lost or late; a sender's own silence is not counted. */
  get concealedMs(): number {
    return this.#concealedMs;
  }

  /** The format frames are delivered in; until then the phone's. */
  setInput(input: AudioFormat): void {
    this.#input = input;
    this.#converter = createAudioConverter(this.#coding.format, input);
  }

  /** @param selfConcealing whether what the jitter buffer gives has no gaps, as the decoder has filled them */
  setCoding(coding: PhoneCoding, selfConcealing: boolean): void {
    if (coding === this.#coding) return;
    this.#coding = coding;
    this.#selfConcealing = selfConcealing;
    this.#converter = createAudioConverter(coding.format, this.#input ?? coding.format);
    this.noise.reset();
    this.#fit();
  }

  /**
   * Delivers the next frame, then what the voice detector makes of it.
   * @param slotMs when the frame is due; @param nowMs {@link Clock.now}
   */
  deliver(slotMs: number, nowMs: number): void {
    const source = this.#jitterBuffer.take(nowMs, this.#voice.speaking);
    const samples = this.#nextSamples();
    let codes = source.data;
    let silent: boolean | undefined;
    if (!source.playing) {
      this.#undecidedMs = 0;
      codes = this.#rest(samples);
    } else {
      this.#expand(source, samples);
      if (source.before !== undefined) {
        this.#before ??= new Int16Array(samples.length);
        this.#coding.decode(source.before, this.#before);
        splice(this.#before, samples, (SPLICE_MS / FRAME_MS) * samples.length);
        codes = this.#recoded(samples);
      }
      if (source.missingMs === 0) this.noise.learn(samples);
      if (this.#selfConcealing || (source.missingMs === 0 && !this.#concealment.busy)) {
        this.#concealment.learn(samples);
        if (source.missingMs === 0 && codes === source.data) silent = this.#isSilent(source);
      } else {
        this.#concealment.process(samples, source.known);
        codes = this.#recoded(samples);
      }
      this.#countConcealed(source.missingMs, !Number.isNaN(source.receivedAtMs));
    }
    const frame = this.#frame;
    const narrow = this.#voiceRate === undefined ? samples : this.#narrowed(this.#voiceRate.process(samples));
    frame.voiced = this.#voice.process(narrow, silent);
    this.tones?.process(narrow);
    frame.stirring = this.#voice.stirring;
    frame.data = this.#converter.convert(codes);
    frame.positionMs = this.#positionMs;
    frame.concealed = !source.playing || 2 * source.missingMs >= FRAME_MS;
    frame.receivedAtMs = Number.isNaN(source.receivedAtMs) ? slotMs : source.receivedAtMs;
    this.#positionMs += FRAME_MS;
    this.#audience.onFrame(frame);
    this.#reportVoice(nowMs);
  }

  /** Buffers for 20 ms of the phone's codec. */
  #fit(): void {
    const { format, inWords } = this.#coding;
    this.#soundRank = inWords?.rankOf(SILENCE_AMPLITUDE + 1) ?? 0;
    const frameSamples = (FRAME_MS * format.sampleRate) / 1000;
    this.#buffers = inOnePiece(BUFFERS, frameSamples);
    this.#before = undefined;
    this.#invented = new Uint8Array(FRAME_MS * bytesPerMs(format));
    this.#concealment = new Concealment(format.sampleRate, this.noise);
    this.#voiceRate = format.sampleRate === VOICE_HZ ? undefined : createResampler(format.sampleRate, VOICE_HZ);
    this.#narrow = inOnePiece(this.#voiceRate === undefined ? 0 : BUFFERS, (FRAME_MS * VOICE_HZ) / 1000);
  }

  /** The caller sends nothing: noise if there is any, else digital silence. */
  #rest(samples: Int16Array): Uint8Array {
    this.noise.fill(samples);
    this.#concealment.learn(samples);
    if (this.noise.audible) return this.#recoded(samples);
    this.#invented.fill(this.#coding.silence);
    return this.#invented;
  }

  /** @param samples of the resampler, which uses their place again */
  #narrowed(samples: Int16Array): Int16Array {
    const narrow = this.#narrow[this.#turn] as Int16Array;
    narrow.set(samples);
    return narrow;
  }

  #recoded(samples: Int16Array): Uint8Array {
    this.#coding.encode(samples, this.#invented);
    return this.#invented;
  }

  #expand({ data, words }: JitterFrame, samples: Int16Array): void {
    const { inWords } = this.#coding;
    if (inWords === undefined) this.#coding.decode(data, samples);
    else inWords.decode(words, samples);
  }

  /** Whether no sample of a frame that was played as it came exceeds {@link SILENCE_AMPLITUDE}; `undefined`: not known. */
  #isSilent({ words }: JitterFrame): boolean | undefined {
    const { inWords } = this.#coding;
    return inWords && !inWords.reaches(this.#soundRank, words, 0, words.length);
  }

  #nextSamples(): Int16Array {
    this.#turn = this.#turn + 1 === BUFFERS ? 0 : this.#turn + 1;
    return this.#buffers[this.#turn] as Int16Array;
  }

  /** A gap counts once packets go on behind it. */
  #countConcealed(missingMs: number, goesOn: boolean): void {
    this.#undecidedMs += missingMs;
    if (!goesOn) return;
    this.#concealedMs += this.#undecidedMs;
    this.#undecidedMs = 0;
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

/** So many buffers: what a piece of memory costs besides its bytes, they cost once. */
function inOnePiece(count: number, samples: number): Int16Array[] {
  const memory = new Int16Array(count * samples);
  return Array.from({ length: count }, (_, index) => memory.subarray(index * samples, (index + 1) * samples));
}
