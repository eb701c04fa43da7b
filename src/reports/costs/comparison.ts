import type { Price } from '../../ops/cost/price.js';
import { PriceList } from '../../ops/cost/price-list.js';
import { counted } from '../text-table.js';
import { cheaperSpans } from './break-even.js';
import { type CallProfile, ordinaryCall } from './call-profile.js';
import type { PriceSet, Source, Way } from './price-set.js';
import { type CostPart, costOf, HOUR_MS, totalUsd, usdOf, type WayCost } from './way-cost.js';

/** What is compared. */
export interface Question {
  /** A month. Both above 0. */
  readonly minutes: number;
  readonly calls: number;
  /** What the calls are like; absent: ordinary ones. */
  readonly profile?: CallProfile | undefined;
  /** Instead of each way's own. */
  readonly languageModel?: Source | undefined;
  /** A month, of machines that run part-time. */
  readonly partTimeHours?: number | undefined;
}

/** Minutes a month between which a way is not dearer than the first one. */
export interface CheaperFrom {
  readonly fromMinutes: number;
  /** `null`: for ever. */
  readonly toMinutes: number | null;
}

/** One row. */
export interface ComparedWay {
  readonly name: string;
  readonly note: string | undefined;
  /** USD a month; `null` where it has no such part, or no price for it. */
  readonly parts: Readonly<Record<CostPart, number | null>>;
  readonly usdPerMonth: number;
  readonly usdPerMinute: number;
  /** `undefined` for the first one. Empty: nowhere. */
  readonly cheaper: readonly CheaperFrom[] | undefined;
  /** `provider/model` that have no price: it costs more than is said. */
  readonly unpriced: readonly string[];
  /** How much of a machine's hours it makes speech; `undefined` where it stops between calls. */
  readonly busyShare: number | undefined;
  /** USD a month at any number of minutes. */
  usdAt(minutes: number): number;
}

export interface Comparison {
  readonly date: string;
  readonly minutes: number;
  readonly calls: number;
  readonly profile: CallProfile;
  readonly ways: readonly ComparedWay[];
  /** Prices that were used. */
  readonly used: readonly Price[];
}

/** Compares the ways of a price set for calls of a month. */
export function compareWays(set: PriceSet, question: Question): Comparison {
  const { minutes, calls, profile = ordinaryCall(minutes / calls) } = question;
  const list = new PriceList([set.prices]);
  const costs = set.ways.map((way) => costOf(asAsked(way, question), set, list, profile));
  const minutesPerCall = minutes / calls;
  const ways = costs.map((cost, index): ComparedWay => {
    const usdPerMonth = totalUsd(cost, calls);
    return {
      name: cost.way.name,
      note: cost.way.note,
      parts: partsAt(cost, calls),
      usdPerMonth,
      usdPerMinute: usdPerMonth / minutes,
      cheaper: index === 0 || costs[0] === undefined ? undefined : inMinutes(cost, costs[0], minutesPerCall),
      unpriced: cost.unpriced,
      busyShare: busyShareOf(cost.way, profile, calls),
      usdAt: (at) => totalUsd(cost, at / minutesPerCall),
    };
  });
  return { date: set.date, minutes, calls, profile, ways, used: [...new Set(costs.flatMap(({ used }) => used))] };
}

function asAsked(way: Way, { languageModel, partTimeHours }: Question): Way {
  // A model that hears and speaks thinks as well: it has no language model beside it.
  const mind = way.realtime === undefined ? (languageModel ?? way.languageModel) : undefined;
  if (way.machine?.partTime !== true || partTimeHours === undefined) return { ...way, languageModel: mind };
  const machine = { ...way.machine, hours: partTimeHours };
  return { ...way, languageModel: mind, machine, note: `${counted(partTimeHours, 'hour')} a month` };
}

function partsAt({ parts }: WayCost, calls: number): Record<CostPart, number | null> {
  const usd = (part: CostPart): number | null => (parts[part] === undefined ? null : usdOf(parts[part], calls));
  return {
    speech: usd('speech'),
    recogniser: usd('recogniser'),
    languageModel: usd('languageModel'),
    line: usd('line'),
  };
}

function inMinutes(way: WayCost, first: WayCost, minutesPerCall: number): readonly CheaperFrom[] {
  return cheaperSpans(way, first).map(({ fromCalls, toCalls }) => ({
    fromMinutes: fromCalls * minutesPerCall,
    toMinutes: toCalls === null ? null : toCalls * minutesPerCall,
  }));
}

function busyShareOf({ machine }: Way, { agentMs }: CallProfile, calls: number): number | undefined {
  if (machine?.billed !== 'hours' || !machine.hours) return undefined;
  return (agentMs * calls * (machine.realtimeFactor ?? 1)) / (machine.hours * HOUR_MS);
}
