/**
 * The process that runs Silero's model for all calls. Plain JavaScript, because Node 20 cannot start a process from
 * TypeScript. A process and no thread: native code ends whoever it runs in when a model is not what it seems.
 *
 * @typedef {{ readonly module: string, readonly model: string, readonly threshold: number }} SileroSetup
 * @typedef {{ readonly ids: Int32Array, readonly samples: Int16Array }} SileroFrames 160 samples at 8000 Hz for each id
 * @typedef {{ readonly ids: Int32Array, readonly speech: Uint8Array }} SileroVerdicts
 */

import { existsSync } from 'node:fs';

const FRAME = 160;
/** Detectors that wait for the next call: a model takes longer to load than a frame lasts. */
const SPARE = 16;
/** Half-band filter for twice the rate: the odd taps on one side. */
const TAPS = [0.6204, -0.1714, 0.0668, -0.0194];
const REACH = TAPS.length;

/** @type {any} */
let sherpa;
/** @type {any} */
let config;
/** @type {any[]} */
const spare = [];
/** @type {Map<number, { vad: any, history: Float32Array }>} */
const calls = new Map();

/** @param {object} message */
function send(message) {
  process.send?.(message);
}

/** @param {SileroSetup} setup */
async function start({ module, model, threshold }) {
  try {
    const loaded = await import(module);
    sherpa = loaded.default ?? loaded;
  } catch (error) {
    send({ failed: 'module', code: error instanceof Error && 'code' in error ? String(error.code) : '' });
    process.exit(1);
  }
  // Silence of one window is enough: that speech goes on after a pause is for the detector to say.
  const sileroVad = { model, threshold, minSpeechDuration: 0.1, minSilenceDuration: 0.032, windowSize: 512 };
  config = { sileroVad, sampleRate: 16_000, numThreads: 1, provider: 'cpu', debug: 0 };
  try {
    if (!existsSync(model)) throw new Error('no such file');
    spare.push(createVad());
    send({ ready: true });
  } catch (error) {
    send({ failed: 'model', code: error instanceof Error ? error.name : '' });
    process.exit(1);
  }
}

function createVad() {
  return new sherpa.Vad(config, 30);
}

/** @param {number} id */
function callOf(id) {
  let call = calls.get(id);
  if (call === undefined) {
    call = { vad: spare.pop() ?? createVad(), history: new Float32Array(2 * REACH) };
    calls.set(id, call);
  }
  return call;
}

/** @param {number} id */
function close(id) {
  const call = calls.get(id);
  if (call === undefined) return;
  calls.delete(id);
  if (spare.length >= SPARE) return;
  call.vad.reset();
  spare.push(call.vad);
}

/**
 * At 16,000 Hz, -1 to 1.
 * @param {Float32Array} history the last samples of the frame before, replaced by those of this one
 * @param {Int16Array} frame
 */
function doubled(history, frame) {
  const input = new Float32Array(history.length + FRAME);
  input.set(history);
  frame.forEach((sample, i) => {
    input[history.length + i] = sample / 32_768;
  });
  const output = new Float32Array(2 * FRAME);
  for (let i = 0; i < FRAME; i += 1) {
    const centre = i + REACH;
    output[2 * i] = input[centre] ?? 0;
    output[2 * i + 1] = TAPS.reduce(
      (sum, tap, at) => sum + tap * ((input[centre - at] ?? 0) + (input[centre + 1 + at] ?? 0)),
      0,
    );
  }
  history.set(input.subarray(FRAME));
  return output;
}

/** @param {SileroFrames} frames */
function hear({ ids, samples }) {
  const speech = new Uint8Array(ids.length);
  ids.forEach((id, index) => {
    const { vad, history } = callOf(id);
    vad.acceptWaveform(doubled(history, samples.subarray(index * FRAME, (index + 1) * FRAME)));
    // Segments are not wanted, and would be kept until somebody fetches them.
    while (!vad.isEmpty()) vad.pop();
    speech[index] = vad.isDetected() ? 1 : 0;
  });
  send({ ids, speech });
}

process.on('message', (/** @type {any} */ message) => {
  if ('module' in message) void start(message);
  else if ('close' in message) close(message.close);
  else hear(message);
});
process.on('disconnect', () => process.exit(0));
