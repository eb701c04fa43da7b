import { Buffer } from 'node:buffer';
import type { BlockFilter } from './block-filter.js';
import { LITTLE_ENDIAN } from './pcm16.js';
import { RESAMPLER_SIMD } from './resampler-simd-bytes.js';
import { createSimdPlan, type SimdPlan } from './simd-plan.js';
import { wasm } from './web-assembly.js';

/** Ratios of larger terms are those of files. */
const MAX_RATIO_TERM = 6;
/** 60 ms at 24 kHz, which is what a message of a provider often holds. */
const BLOCK_SAMPLES = 1440;
/** Outputs of a phase that are computed together. */
const GROUP = 16;

// Where things lie in the memory, which is one page, bytes.
/** The block, and before it the history: from 48 kHz to 8 some 250 samples. A last group reads a little beyond. */
const BLOCK_AT = 1024;
/** The same as floats. */
const PLANES_AT = 5120;
/** The outputs. A few before them may be computed in vain. */
const OUTPUT_AT = 13_312;
const PLANS_AT = 31_744;

/** How many views of the output are kept: a stream of constant frames needs one. */
const MAX_VIEWS = 16;

interface FilterExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  filter(plan: number, from: number, groups: number, output: number): void;
}

interface PlacedPlan extends SimdPlan {
  readonly address: number;
}

/**
 * The filter as WebAssembly of 128-bit vectors (`resampler-simd.wat`), for the ratios that calls have. One memory serves all
 * streams of a thread: each keeps its history itself and brings it along. 32-bit floats: what comes out is one off
 * where 64 bits would have rounded otherwise.
 */
export class SimdFilters {
  readonly #exports: FilterExports;
  readonly #samples: Int16Array;
  readonly #words: Int32Array;
  readonly #plans = new Map<number, PlacedPlan>();
  #plansEnd = PLANS_AT;
  #views: Int16Array[] = [];

  /** @throws where WebAssembly, its vectors or the memory are refused, or have another order of bytes than this machine */
  constructor() {
    if (!LITTLE_ENDIAN) throw new RangeError('WebAssembly keeps numbers the other way round');
    const module = new wasm.Module(Buffer.from(RESAMPLER_SIMD, 'base64'));
    this.#exports = new wasm.Instance(module).exports as FilterExports;
    const { buffer } = this.#exports.memory;
    this.#samples = new Int16Array(buffer);
    this.#words = new Int32Array(buffer);
  }

  /** The filter of a stream; `undefined` for the ratios of files. */
  create(up: number, down: number): BlockFilter | undefined {
    if (Math.max(up, down) > MAX_RATIO_TERM) return undefined;
    const plan = this.#planOf(up, down);
    return plan === undefined ? undefined : new SimdFilter(this, plan);
  }

  /**
   * @param history samples before the block; receives those before the next one
   * @param next place of the first output, in `1 / up` samples from the beginning of the block
   */
  run(
    plan: PlacedPlan,
    history: Int16Array,
    input: Int16Array,
    start: number,
    length: number,
    next: number,
    output: Int16Array,
    written: number,
    count: number,
  ): void {
    const samples = this.#samples;
    const block = BLOCK_AT / 2;
    const past = block - history.length;
    for (let i = 0; i < history.length; i += 1) samples[past + i] = history[i] as number;
    if (length === input.length) samples.set(input, block);
    else for (let i = 0; i < length; i += 1) samples[block + i] = input[start + i] as number;
    for (let i = 0; i < history.length; i += 1) history[i] = samples[past + length + i] as number;
    if (count === 0) return;
    const turn = plan.turns[next % plan.up] as number;
    const period = (next - turn * plan.down) / plan.up;
    const groups = Math.ceil((turn + count) / plan.up / GROUP);
    this.#exports.filter(plan.address, BLOCK_AT + 2 * (period + plan.firstSample), groups, OUTPUT_AT - 2 * turn);
    if (count === output.length) output.set(this.#outputs(count));
    else for (let i = 0; i < count; i += 1) output[written + i] = samples[OUTPUT_AT / 2 + i] as number;
  }

  #planOf(up: number, down: number): PlacedPlan | undefined {
    const key = up * (MAX_RATIO_TERM + 1) + down;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const outputs = GROUP * Math.ceil((Math.ceil(BLOCK_SAMPLES / down) + 1) / GROUP);
    const plan = createSimdPlan(up, down, { address: PLANES_AT, outputs });
    const address = this.#plansEnd;
    if (address + plan.words.byteLength > this.#words.byteLength) return undefined;
    this.#words.set(plan.words, address / 4);
    this.#plansEnd += plan.words.byteLength;
    const placed = { ...plan, address };
    this.#plans.set(key, placed);
    return placed;
  }

  #outputs(count: number): Int16Array {
    for (let i = 0; i < this.#views.length; i += 1) {
      const view = this.#views[i] as Int16Array;
      if (view.length === count) return view;
    }
    if (this.#views.length === MAX_VIEWS) this.#views = [];
    const view = this.#samples.subarray(OUTPUT_AT / 2, OUTPUT_AT / 2 + count);
    this.#views.push(view);
    return view;
  }
}

class SimdFilter implements BlockFilter {
  readonly maxBlockSamples = BLOCK_SAMPLES;
  readonly #filters: SimdFilters;
  readonly #plan: PlacedPlan;
  readonly #history: Int16Array;

  constructor(filters: SimdFilters, plan: PlacedPlan) {
    this.#filters = filters;
    this.#plan = plan;
    this.#history = new Int16Array(plan.historySamples);
  }

  process(
    input: Int16Array,
    start: number,
    length: number,
    next: number,
    output: Int16Array,
    written: number,
    count: number,
  ): void {
    this.#filters.run(this.#plan, this.#history, input, start, length, next, output, written, count);
  }

  reset(): void {
    this.#history.fill(0);
  }
}
