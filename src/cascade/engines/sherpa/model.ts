import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Clock } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { ModelFolder, SherpaModel } from './model-folder.js';
import { SherpaProcess, type SherpaResult, type SherpaWork } from './sherpa-process.js';

export interface SherpaModelOptions {
  readonly folder: string;
  readonly threads: number;
  readonly loadTimeoutMs: number;
  readonly jobTimeoutMs: number;
  readonly clock: Clock;
  /** Default: `sherpa-onnx-node`. Tests have a stand-in. */
  readonly module?: string;
  /** @throws FlavorError */
  find(folder: ModelFolder): SherpaModel;
}

const PACKAGE = 'sherpa-onnx-node';

/** A model and the process it works in; nothing is read before it is needed. */
export class LoadedModel implements AsyncDisposable {
  /** Of the folder: what the model is called. */
  readonly name: string;
  readonly #options: SherpaModelOptions;
  #process: Promise<SherpaProcess> | undefined;

  constructor(options: SherpaModelOptions) {
    this.#options = options;
    this.name = basename(resolve(options.folder)) || 'model';
  }

  /** @throws FlavorError `ERR_FLAVOR_CONFIG` when folder, package or model cannot be had; `signal.reason` */
  async load(signal: AbortSignal): Promise<{ readonly sampleRate: number }> {
    return (await this.#ready()).load(signal);
  }

  /** @throws FlavorError; `signal.reason` */
  async run(work: SherpaWork, signal: AbortSignal): Promise<SherpaResult> {
    return (await this.#ready()).run(work, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const process = await this.#process?.catch(() => undefined);
    await process?.[Symbol.asyncDispose]();
  }

  #ready(): Promise<SherpaProcess> {
    // A folder that was not there may be there the next time.
    this.#process ??= this.#prepare().catch((error: unknown) => {
      this.#process = undefined;
      throw error;
    });
    return this.#process;
  }

  async #prepare(): Promise<SherpaProcess> {
    const { folder, threads, loadTimeoutMs, jobTimeoutMs, clock, module = PACKAGE, find } = this.#options;
    const path = resolve(folder);
    const { kind, model, tokens } = find({ path, files: await filesIn(path) });
    const common = { numThreads: threads, provider: 'cpu', debug: 0 };
    const config =
      kind === 'tts'
        ? { model: { ...model, ...common }, maxNumSentences: 1 }
        : {
            featConfig: { sampleRate: 16_000, featureDim: 80 },
            modelConfig: { ...model, tokens, ...common },
            decodingMethod: 'greedy_search',
          };
    const setup = { module, kind, config };
    return new SherpaProcess({ setup, folder: path, loadTimeoutMs, jobTimeoutMs, clock });
  }
}

async function filesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch {
    throw new FlavorError('ERR_FLAVOR_CONFIG', `${path}: no folder that can be read`, false);
  }
}
