import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createResampler } from '../../../src/audio/resampler.js';
import type { Recognition, SoundRecogniser } from '../../fakes/openai-realtime/recogniser.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** The rate that the acoustic model was made for, Hz. */
const MODEL_RATE = 16_000;
/** Quiet before and behind the speech: the program finds where it begins and ends by itself, ms. */
const BEFORE_MS = 500;
const BEHIND_MS = 1_500;
/** Of a quiet line, samples: digital silence is no quiet to it. */
const NOISE = 8;
const LIMIT_MS = 20_000;

/** A wide beam, for sentences that begin alike; and noise is not taken off, for there is none but ours. */
const searching = ['-beam', '1e-100', '-wbeam', '1e-80', '-pbeam', '1e-100', '-remove_noise', 'no'] as const;

/** CMU PocketSphinx and what it is to understand. */
export interface SphinxSetup {
  readonly command: string;
  /** Where its libraries are, when not in the system's places. */
  readonly libraryPath?: string;
  /** Folder with `en-us` and `cmudict-en-us.dict`. */
  readonly model: string;
  /** A grammar in JSGF: sentences outside of it are not understood. */
  readonly grammar: string;
}

/**
 * A recogniser that knows nothing of what will be said: PocketSphinx, which is given the sound as it came and a grammar.
 * It takes about 0.4 s, in which this process does nothing else: for measurements of what is understood, not of when.
 */
export class SphinxRecogniser implements SoundRecogniser, Disposable {
  readonly empty = false;
  readonly #setup: SphinxSetup;
  readonly #directory = mkdtempSync(join(tmpdir(), 'voice-connector-sphinx-'));

  constructor(setup: SphinxSetup) {
    this.#setup = setup;
    writeFileSync(this.#grammarFile, setup.grammar);
  }

  /** @throws Error when the program cannot be run. */
  recognise(pcm: Int16Array, sampleRate: number): Recognition {
    const { command, libraryPath, model } = this.#setup;
    const speechFile = join(this.#directory, 'speech.raw');
    writeFileSync(speechFile, withMargins(pcm, sampleRate));
    const { stdout, stderr, status, error } = spawnSync(
      command,
      [
        ...['-infile', speechFile, '-jsgf', this.#grammarFile, '-logfn', '/dev/null'],
        ...searching,
        ...['-hmm', join(model, 'en-us'), '-dict', join(model, 'cmudict-en-us.dict')],
      ],
      { env: { ...process.env, LD_LIBRARY_PATH: libraryPath }, encoding: 'utf8', timeout: LIMIT_MS },
    );
    if (status !== 0) throw new Error(`pocketsphinx failed: ${error?.message ?? stderr}`);
    return { text: sentenceOf(stdout), score: 1 };
  }

  /** It is asked once, at the end. */
  recogniseBeginning(): string {
    return '';
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #grammarFile(): string {
    return join(this.#directory, 'said.gram');
  }
}

function withMargins(pcm: Int16Array, sampleRate: number): Uint8Array {
  const resampled = createResampler(sampleRate, MODEL_RATE).process(pcm);
  const before = (MODEL_RATE / 1000) * BEFORE_MS;
  const random = new SeededRandom(1);
  const samples = Int16Array.from({ length: before + resampled.length + (MODEL_RATE / 1000) * BEHIND_MS }, (_, index) =>
    clamped((resampled[index - before] ?? 0) + random.integer(2 * NOISE + 1) - NOISE),
  );
  return new Uint8Array(samples.buffer);
}

function clamped(sample: number): number {
  return Math.max(-32_768, Math.min(32_767, sample));
}

/** One line a stretch of speech; the service punctuates what it has heard. */
function sentenceOf(lines: string): string {
  const words = lines.split(/\s+/u).filter((word) => word !== '');
  if (words.length === 0) return '';
  const text = words.join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
