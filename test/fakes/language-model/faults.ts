/** Ways in which a provider of text fails. */
export const modelFaults = [
  '401',
  '404',
  '429',
  'insufficient-quota',
  '500',
  '503',
  '529',
  'hang-up',
  'stall-before-headers',
  'stall-before-first',
  'stall-after-first',
  'cut-before-first',
  'cut-mid-stream',
  'malformed-json',
  'error-after-200',
  'silent-end',
  'html',
  'split-utf8',
  'slow-tokens',
  'no-done',
  'flood',
] as const;

export type ModelFault = (typeof modelFaults)[number];

export function isModelFault(name: string): name is ModelFault {
  return (modelFaults as readonly string[]).includes(name);
}

export interface FaultOptions {
  /** How many requests it meets. Default: all, until `recover`. */
  readonly times?: number;
  /** Of a 429, seconds. */
  readonly retryAfterSeconds?: number;
}

/** The faults that are switched on. */
export class FaultList {
  #armed: { readonly name: ModelFault; left: number; readonly options: FaultOptions }[] = [];

  add(name: ModelFault, options: FaultOptions = {}): void {
    this.#armed.push({ name, left: options.times ?? Number.POSITIVE_INFINITY, options });
  }

  clear(): void {
    this.#armed = [];
  }

  has(name: ModelFault): boolean {
    return this.#armed.some((fault) => fault.name === name);
  }

  /** What meets the next request. */
  take(): ReadonlyMap<ModelFault, FaultOptions> {
    const met = new Map<ModelFault, FaultOptions>();
    for (const fault of this.#armed) {
      fault.left -= 1;
      met.set(fault.name, fault.options);
    }
    this.#armed = this.#armed.filter(({ left }) => left > 0);
    return met;
  }
}
