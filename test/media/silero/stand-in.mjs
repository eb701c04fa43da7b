/** In place of the package `sherpa-onnx-node`, by its published types (1.13.8): a detector that takes loud sound for speech. */

/** @param {unknown} condition @param {string} message */
function need(condition, message) {
  if (!condition) throw new TypeError(message);
}

/** There is room for so many. */
const MAX_VADS = 12;
let made = 0;

class Vad {
  #loud = 0;
  #quiet = 0;
  #speech = false;

  /** @param {any} config @param {number} bufferSizeInSeconds */
  constructor(config, bufferSizeInSeconds) {
    need(config.sampleRate === 16_000 && config.sileroVad.windowSize === 512, 'a configuration of Silero');
    need(bufferSizeInSeconds > 0, 'a buffer');
    made += 1;
    if (made > MAX_VADS) process.exit(4);
    if (config.sileroVad.model.endsWith('broken.onnx')) process.exit(255);
    if (config.sileroVad.model.endsWith('wrong.onnx')) throw new Error('no model');
  }

  /** @param {Float32Array} samples */
  acceptWaveform(samples) {
    need(samples instanceof Float32Array, 'samples');
    if (samples.some((sample) => sample > 0.99)) process.exit(3);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    this.#loud = power > 0.001 ? this.#loud + samples.length : 0;
    this.#quiet = power > 0.001 ? 0 : this.#quiet + samples.length;
    if (this.#loud >= 1600) this.#speech = true;
    if (this.#quiet >= 1600) this.#speech = false;
  }

  isDetected() {
    return this.#speech;
  }

  isEmpty() {
    return true;
  }

  pop() {}

  reset() {
    this.#speech = false;
    this.#loud = 0;
  }
}

export default { Vad };
