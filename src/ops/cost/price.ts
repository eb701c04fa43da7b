/** What a provider asks for one of its models, USD. A figure that is absent is not known, not free. */
export interface Price {
  /** As flavors report it: `openai`, `anthropic`, `deepgram`, `azure`. */
  readonly provider: string;
  /** As flavors report it; a `*` at one end stands for anything there. A date behind a model's name is passed over. */
  readonly model: string;
  /** First and last day (UTC) on which it holds, `YYYY-MM-DD`; absent: always. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly usdPerMinute?: number | undefined;
  readonly usdPerMillionCharacters?: number | undefined;
  /** Of a machine that works, or waits, for us. */
  readonly usdPerHour?: number | undefined;
  readonly usdPerMillionTokens?: TokenPrices | undefined;
  /** Where it comes from, for people. */
  readonly source?: string | undefined;
}

export interface TokenPrices {
  readonly input?: number | undefined;
  /** Read out of the provider's cache. */
  readonly cached?: number | undefined;
  /** Written into it. */
  readonly cacheWrite?: number | undefined;
  readonly output?: number | undefined;
  readonly audioInput?: number | undefined;
  readonly audioCached?: number | undefined;
  readonly audioOutput?: number | undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MILLION = 1_000_000;

const tokenPrices = {
  'input-tokens': 'input',
  'cached-tokens': 'cached',
  'cache-write-tokens': 'cacheWrite',
  'output-tokens': 'output',
  'audio-input-tokens': 'audioInput',
  'audio-cached-tokens': 'audioCached',
  'audio-output-tokens': 'audioOutput',
} as const satisfies Record<string, keyof TokenPrices>;

/** What one unit costs, USD; `undefined`: the price does not say. */
export function usdPerUnit(price: Price, unit: string): number | undefined {
  switch (unit) {
    case 'audio-ms':
      return divided(price.usdPerMinute, MINUTE_MS);
    case 'characters':
      return divided(price.usdPerMillionCharacters, MILLION);
    case 'machine-ms':
      return divided(price.usdPerHour, HOUR_MS);
    default:
      return isTokenUnit(unit) ? divided(price.usdPerMillionTokens?.[tokenPrices[unit]], MILLION) : undefined;
  }
}

function isTokenUnit(unit: string): unit is keyof typeof tokenPrices {
  return Object.hasOwn(tokenPrices, unit);
}

function divided(usd: number | undefined, by: number): number | undefined {
  return usd === undefined ? undefined : usd / by;
}
