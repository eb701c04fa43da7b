import { assertUnreachable } from '../../base/assert.js';
import type { Price } from '../../ops/cost/price.js';
import type { PriceList } from '../../ops/cost/price-list.js';
import {
  type CallProfile,
  type Usage,
  usageOfLanguageModel,
  usageOfRealtime,
  usageOfVoice,
  usageOfWholeCall,
} from './call-profile.js';
import type { Machine, PriceSet, Source, Way } from './price-set.js';

/** What a way is paid for, in the order of the table. */
export const costParts = ['speech', 'recogniser', 'languageModel', 'line'] as const;
export type CostPart = (typeof costParts)[number];

/** USD a month that grow with the calls: `fixed + perCall × calls`, of which a credit is taken. */
export interface Growth {
  readonly fixedUsd: number;
  readonly perCallUsd: number;
  /** A month, at most what it costs. */
  readonly creditUsd: number;
}

/** What a way costs, for any number of calls. */
export interface WayCost {
  readonly way: Way;
  /** `undefined`: it has no such part, or no price for it. */
  readonly parts: Readonly<Record<CostPart, Growth | undefined>>;
  /** Prices that were used. */
  readonly used: readonly Price[];
  /** What has no price: `provider/model`. The way costs more than the sum. */
  readonly unpriced: readonly string[];
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** USD a month of one part. */
export function usdOf({ fixedUsd, perCallUsd, creditUsd }: Growth, calls: number): number {
  return Math.max(0, fixedUsd + perCallUsd * calls - creditUsd);
}

/** USD a month of a whole way. */
export function totalUsd({ parts }: Pick<WayCost, 'parts'>, calls: number): number {
  return costParts.reduce((sum, part) => sum + (parts[part] ? usdOf(parts[part], calls) : 0), 0);
}

/** Prices a way: what a month costs before the first call, and what each further call adds. */
export function costOf(way: Way, set: PriceSet, list: PriceList, profile: CallProfile): WayCost {
  const meter = new Meter(set, list);
  const { realtime, voice, machine, recogniser, languageModel, line } = way;
  const parts: Record<CostPart, Growth | undefined> = {
    speech:
      (realtime && meter.perCall(realtime, usageOfRealtime(profile))) ??
      (voice && meter.perCall(voice, usageOfVoice(profile))) ??
      (machine && meter.machine(machine, profile)),
    recogniser: recogniser && meter.perCall(recogniser, usageOfWholeCall(profile)),
    languageModel: languageModel && meter.perCall(languageModel, usageOfLanguageModel(profile)),
    line: line && meter.perCall(line, usageOfLine(profile, line.wholeMinutes === true)),
  };
  return { way, parts, used: meter.used, unpriced: meter.unpriced };
}

/** A minute that has begun is paid: half a minute more, of calls that end at any moment. */
function usageOfLine(profile: CallProfile, wholeMinutes: boolean): Usage {
  const usage = usageOfWholeCall(profile);
  return wholeMinutes ? { 'audio-ms': (usage['audio-ms'] ?? 0) + MINUTE_MS / 2 } : usage;
}

/** How long a machine is paid for one call, ms. */
function paidMs({ billed, startSeconds = 0, idleSeconds = 0, realtimeFactor = 1 }: Machine, call: CallProfile): number {
  const startMs = startSeconds * SECOND_MS;
  const idleMs = idleSeconds * SECOND_MS;
  const wholeCallMs = startMs + call.callMs + idleMs;
  switch (billed) {
    case 'hours':
      return 0;
    case 'calls':
      return wholeCallMs;
    case 'answers':
      return Math.min(wholeCallMs, startMs + call.agentMs * realtimeFactor + call.answers * idleMs);
    default:
      return assertUnreachable(billed);
  }
}

/** Prices usage, and remembers by what. */
class Meter {
  readonly used: Price[] = [];
  readonly unpriced: string[] = [];
  readonly #set: PriceSet;
  readonly #list: PriceList;

  constructor(set: PriceSet, list: PriceList) {
    this.#set = set;
    this.#list = list;
  }

  perCall(source: Source, usage: Usage): Growth | undefined {
    const usd = this.#usd(source, usage);
    return usd === undefined ? undefined : { fixedUsd: 0, perCallUsd: usd, creditUsd: 0 };
  }

  machine(machine: Machine, call: CallProfile): Growth | undefined {
    const perMs = this.#usd(machine, { 'machine-ms': 1 });
    if (perMs === undefined) return undefined;
    const credit = this.#set.credits.find(({ provider }) => provider === machine.provider);
    return {
      fixedUsd: machine.billed === 'hours' ? (machine.hours ?? 0) * HOUR_MS * perMs : 0,
      perCallUsd: paidMs(machine, call) * perMs,
      creditUsd: credit?.usdPerMonth ?? 0,
    };
  }

  /** USD of what has a price; `undefined` where nothing has. */
  #usd({ provider, model }: Source, usage: Usage): number | undefined {
    const found = Object.entries(usage).flatMap(([unit, quantity]) => {
      const fitting = this.#list.find({ provider, model, unit }, this.#set.date);
      return fitting === undefined ? [] : [{ price: fitting.price, usd: fitting.perUnit * quantity }];
    });
    if (found.length === 0) {
      this.unpriced.push(`${provider}/${model}`);
      return undefined;
    }
    this.used.push(...found.map((entry) => entry.price));
    return found.reduce((sum, { usd }) => sum + usd, 0);
  }
}
