/**
 * In place of the package `sherpa-onnx-node`, by its published types (1.13.8): the same classes with the same demands on
 * their arguments. A recogniser tells how long it was given sound; a voice makes a tone, 60 ms for each letter.
 */
import { existsSync } from 'node:fs';

/**
 * @param {unknown} condition
 * @param {string} message
 */
function need(condition, message) {
  if (!condition) throw new TypeError(message);
}

/**
 * Native code ends the process over a file that is not there.
 *
 * @param {unknown[]} paths
 */
function needFiles(...paths) {
  for (const path of paths) if (typeof path !== 'string' || !existsSync(path)) process.exit(255);
}

/**
 * @param {Float32Array} samples
 * @param {number} sampleRate
 */
function voicedMs(samples, sampleRate) {
  let loud = 0;
  for (const sample of samples) if (Math.abs(sample) > 0.02) loud += 1;
  return (loud * 1000) / sampleRate;
}

class Stream {
  voicedMs = 0;
  silentMs = 0;
  finished = false;
  decoded = false;

  /** @param {{ samples: Float32Array, sampleRate: number }} wave */
  acceptWaveform({ samples, sampleRate }) {
    need(samples instanceof Float32Array, 'samples should be a Float32Array');
    need(Number.isInteger(sampleRate), 'sampleRate should be a number');
    const voiced = voicedMs(samples, sampleRate);
    this.voicedMs += voiced;
    this.silentMs = voiced > 0 ? 0 : (samples.length * 1000) / sampleRate;
  }

  inputFinished() {
    this.finished = true;
  }
}

class Recogniser {
  /** @param {any} config */
  constructor(config) {
    need(config?.featConfig?.sampleRate === 16000, 'featConfig.sampleRate');
    const { tokens, numThreads, provider, transducer, whisper, zipformer2Ctc, moonshine } = config.modelConfig;
    need(Number.isInteger(numThreads) && provider === 'cpu', 'modelConfig');
    // More than it can bear, as a model that is broken.
    if (numThreads === 64) process.exit(255);
    needFiles(
      tokens,
      ...Object.values(transducer ?? zipformer2Ctc ?? moonshine ?? { e: whisper.encoder, d: whisper.decoder }),
    );
  }

  createStream() {
    return new Stream();
  }

  /** @param {Stream} stream */
  decode(stream) {
    stream.decoded = true;
  }

  /** @param {Stream} stream */
  getResult(stream) {
    const words = Math.round(stream.voicedMs / 250);
    return { text: words === 0 || !stream.decoded ? '' : 'WORD '.repeat(words).trim(), tokens: [], timestamps: [] };
  }
}

export class OfflineRecognizer extends Recogniser {
  /**
   * @override
   * @param {Stream} stream
   */
  decode(stream) {
    if (stream.voicedMs > 1_500) process.exit(139);
    super.decode(stream);
  }
}

export class OnlineRecognizer extends Recogniser {
  /** @param {Stream} stream */
  isReady(stream) {
    return stream.finished && stream.silentMs >= 300 && !stream.decoded;
  }
}

export class OfflineTts {
  sampleRate = 22050;
  numSpeakers = 1;

  /** @param {any} config */
  constructor(config) {
    need(Number.isInteger(config?.model?.numThreads), 'model.numThreads');
    const { vits, kokoro } = config.model;
    needFiles(...(kokoro ? [kokoro.model, kokoro.voices, kokoro.tokens] : [vits.model, vits.tokens]));
  }

  /** @param {{ text: string, sid: number, speed: number, enableExternalBuffer: boolean }} request */
  generate({ text, sid, speed, enableExternalBuffer }) {
    need(typeof text === 'string' && Number.isInteger(sid) && typeof speed === 'number', 'generate()');
    need(enableExternalBuffer === false, 'External buffers are not allowed');
    const samples = Float32Array.from(
      { length: Math.round((text.length * 0.06 * 22050) / speed) },
      (_, i) => 0.5 * Math.sin(i / 10),
    );
    return { samples, sampleRate: 22050 };
  }
}

export default { OfflineRecognizer, OnlineRecognizer, OfflineTts };
