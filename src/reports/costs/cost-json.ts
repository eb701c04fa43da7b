import type { ComparedWay, Comparison } from './comparison.js';

/** The comparison as programs read it: USD, minutes, all of a month. */
export function costJson({ date, minutes, calls, profile, ways, used }: Comparison) {
  return {
    pricesOf: date,
    minutes,
    calls,
    call: {
      seconds: rounded(profile.callMs / 1000),
      agentSeconds: rounded(profile.agentMs / 1000),
      answers: rounded(profile.answers),
      promptTokens: profile.promptTokens,
    },
    ways: ways.map(wayJson),
    prices: used,
  };
}

function wayJson({ name, note, parts, usdPerMonth, usdPerMinute, cheaper, unpriced, busyShare }: ComparedWay) {
  return {
    name,
    ...(note !== undefined && { note }),
    usd: {
      speech: orNull(parts.speech),
      recogniser: orNull(parts.recogniser),
      languageModel: orNull(parts.languageModel),
      line: orNull(parts.line),
    },
    usdPerMonth: rounded(usdPerMonth),
    usdPerMinute: rounded(usdPerMinute),
    notDearer:
      cheaper?.map(({ fromMinutes, toMinutes }) => ({
        fromMinutes: rounded(fromMinutes),
        toMinutes: orNull(toMinutes),
      })) ?? null,
    unpriced,
    busyShare: busyShare === undefined ? null : rounded(busyShare),
  };
}

function orNull(value: number | null): number | null {
  return value === null ? null : rounded(value);
}

/** To a millionth: more is noise of binary fractions. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
