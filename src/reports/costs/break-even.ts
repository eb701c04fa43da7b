import { costParts, totalUsd, type WayCost } from './way-cost.js';

/** Calls a month within which a way costs no more than another; `toCalls` is `null` where there is no end to it. */
export interface CheaperSpan {
  readonly fromCalls: number;
  readonly toCalls: number | null;
}

/** Further than any single machine reaches. */
const MOST_CALLS = 10_000_000;

/**
 * Where a way costs no more than another one, by the number of calls a month. Costs grow in straight lines that bend where
 * a credit is used up, so crossings lie within the straight pieces. What touches in one point alone is left out.
 */
export function cheaperSpans(way: WayCost, than: WayCost): readonly CheaperSpan[] {
  const bends = [...bendsOf(way), ...bendsOf(than)].filter((calls) => calls > 0 && calls < MOST_CALLS);
  const corners = [0, ...new Set(bends.toSorted((a, b) => a - b)), MOST_CALLS];
  const dearer = (calls: number): number => totalUsd(way, calls) - totalUsd(than, calls);
  const spans: { fromCalls: number; toCalls: number }[] = [];
  for (const [index, from] of corners.slice(0, -1).entries()) {
    const to = corners[index + 1] ?? from;
    const piece = cheaperWithin({ from, to }, dearer(from), dearer(to));
    const last = spans.at(-1);
    if (piece === undefined) continue;
    if (last?.toCalls === piece.fromCalls) last.toCalls = piece.toCalls;
    else spans.push({ ...piece });
  }
  return spans.map(({ fromCalls, toCalls }) => ({ fromCalls, toCalls: toCalls >= MOST_CALLS ? null : toCalls }));
}

/** Where the credit of a part is used up. */
function bendsOf({ parts }: WayCost): readonly number[] {
  return costParts.flatMap((part) => {
    const growth = parts[part];
    if (growth === undefined || growth.creditUsd <= growth.fixedUsd || growth.perCallUsd <= 0) return [];
    return [(growth.creditUsd - growth.fixedUsd) / growth.perCallUsd];
  });
}

/** The part of a straight piece that is not above zero, given its ends. */
function cheaperWithin(
  { from, to }: { readonly from: number; readonly to: number },
  atFrom: number,
  atTo: number,
): { readonly fromCalls: number; readonly toCalls: number } | undefined {
  if (atFrom <= 0 && atTo <= 0) return { fromCalls: from, toCalls: to };
  if (atFrom > 0 && atTo > 0) return undefined;
  const crossing = from + ((to - from) * atFrom) / (atFrom - atTo);
  const span = atFrom <= 0 ? { fromCalls: from, toCalls: crossing } : { fromCalls: crossing, toCalls: to };
  return span.toCalls > span.fromCalls ? span : undefined;
}
