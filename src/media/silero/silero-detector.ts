import { type VoiceDetector, voiceDetectorDefaults } from '../voice/vad.js';
import type { SileroEar } from './silero-service.js';

const FRAME_MS = 20;
/** The model says so 100 ms after it believes an onset, which takes it as long again: measured, p50 of the caller corpus. ms */
const ONSET_MS = 200;
/** For so long after the end of speech the model still says that there is some, frames: measured, version 5, in little noise. */
const HANGOVER_FRAMES = 9;

/** Time without speech after which it is said to have stopped, as the gate has it. */
const STOP_FRAMES = Math.ceil(voiceDetectorDefaults.stopMs / FRAME_MS) - HANGOVER_FRAMES;

/**
 * Silero's opinion of when a caller speaks, where it is wanted and to be had; the gate's otherwise. Verdicts on single
 * frames and first signs are the gate's in any case: the model's come too late for either.
 */
export class SileroVoiceDetector implements VoiceDetector {
  changed: 'started' | 'stopped' | undefined;
  speaking = false;
  speechMs = 0;
  onsetMsAgo = 0;
  readonly #gate: VoiceDetector;
  readonly #open: () => SileroEar;
  #ear: SileroEar | undefined;
  #quietFrames = 0;
  #stretchFrames = 0;

  /** @param open called when the model is wanted */
  constructor(gate: VoiceDetector, open: () => SileroEar) {
    this.#gate = gate;
    this.#open = open;
  }

  get stirring(): boolean {
    return this.#gate.stirring;
  }

  useModel(wanted: boolean): void {
    if (wanted) {
      this.#ear ??= this.#open();
      return;
    }
    this.#ear?.close();
    this.#ear = undefined;
  }

  process(samples: Int16Array, silent?: boolean): boolean {
    const voiced = this.#gate.process(samples, silent);
    this.#ear?.push(samples);
    const speech = this.#ear?.speech;
    this.changed = undefined;
    if (speech === undefined) this.#followGate();
    else this.#followModel(speech, voiced);
    return voiced;
  }

  #followGate(): void {
    const { speaking } = this.#gate;
    if (speaking !== this.speaking) this.changed = speaking ? 'started' : 'stopped';
    this.speaking = speaking;
    this.speechMs = this.#gate.speechMs;
    this.onsetMsAgo = this.#gate.onsetMsAgo;
    this.#stretchFrames = this.speechMs / FRAME_MS;
    this.#quietFrames = 0;
  }

  /** @param voiced of the gate, which hears sooner than the model that a caller goes on after a pause */
  #followModel(speech: boolean, voiced: boolean): void {
    if (!this.speaking) {
      if (!speech) return;
      this.speaking = true;
      this.changed = 'started';
      this.onsetMsAgo = ONSET_MS;
      this.speechMs = ONSET_MS;
      this.#stretchFrames = ONSET_MS / FRAME_MS;
      this.#quietFrames = 0;
      return;
    }
    this.#stretchFrames += 1;
    this.#quietFrames = speech || voiced ? 0 : this.#quietFrames + 1;
    if (speech) this.speechMs = Math.max(this.speechMs, (this.#stretchFrames - HANGOVER_FRAMES) * FRAME_MS);
    if (this.#quietFrames < STOP_FRAMES) return;
    this.speaking = false;
    this.changed = 'stopped';
  }
}
