import { isOpen, type TierHours } from './tiers/hours.js';

/** `local`: on the premises. `dedicated`: a machine of one's own elsewhere. `serverless`: somebody's, by the second. */
export type TierKind = 'local' | 'dedicated' | 'serverless';

/** What the operator says of a tier. */
export interface TierRules {
  /** Unique among the tiers; stands in call records and metrics. */
  readonly name: string;
  readonly kind: TierKind;
  /** Private calls may be heard here. Such calls never go anywhere else. */
  readonly private: boolean;
  /** Requests it works on at once. */
  readonly concurrency: number;
  /** How long a sentence waits for it to be free before it goes to the next tier, ms. */
  readonly queueMs: number;
  /** Absent: at any time. */
  readonly hours?: TierHours;
  /** Nothing is asked of it once it has cost as much since midnight, USD. Absent: no limit. */
  readonly budgetUsdPerDay?: number;
}

/** What has been seen of a tier. */
export interface TierObservation {
  /** `unknown`: nobody has asked yet. */
  readonly health: 'ready' | 'cold' | 'starting' | 'unknown';
  /** How long it takes to start, ms, where that is known. */
  readonly startMs?: number;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** It broke off in the middle of its work a moment ago. */
  readonly resting: boolean;
  /** Requests under way, and those that wait for one of them to end. */
  readonly busy: number;
  readonly waiting: number;
  /** How long a request keeps it busy, ms, as measured. */
  readonly serviceMs?: number;
  /** From a request to its first audio, ms, as measured: the median. */
  readonly firstAudioMs?: number;
  /** Time it takes to make a second of speech, s, as measured. Above 1: it cannot keep up with playback. */
  readonly realTimeFactor?: number;
  /** Since midnight. */
  readonly spentUsd: number;
}

/** A tier as the policy sees it. */
export interface TierView {
  readonly rules: TierRules;
  readonly seen: TierObservation;
  /** Tells voices apart. Absent: nobody else has this one. */
  readonly voice?: string;
}

/** What a call asks for. */
export interface TierDemands {
  /** Its words must not leave the premises. */
  readonly private: boolean;
  /** Name of the tier that said the sentence before: a voice that stays is better than one that changes; who has it is no matter. */
  readonly current?: string;
  /** Names of tiers that have failed to say this very text. */
  readonly failed?: ReadonlySet<string>;
  /** Names of tiers that have failed at an earlier part of this sentence: they come last. */
  readonly left?: ReadonlySet<string>;
}

/** What stands against a tier. */
export type TierObstacle =
  /** The call is private, and the tier is not. */
  | 'privacy'
  | 'hours'
  | 'budget'
  /** It has failed lately, or at this sentence. */
  | 'health'
  /** It must start first. */
  | 'cold'
  /** It is busy for longer than one may wait. */
  | 'load'
  /** It makes speech more slowly than that is spoken. */
  | 'slow';

/**
 * Why a tier speaks: what stood against those that are preferred to it, or one of these. `first`: it is the preferred one.
 * `current`: it spoke before. `cache`: the sentence was rendered earlier. `fail-over`: another broke off. `hedge`:
 * another was late.
 */
export type TierReason = TierObstacle | 'first' | 'current' | 'cache' | 'fail-over' | 'hedge';

/** All reasons, for documents and metrics. */
export const tierReasons = [
  'first',
  'current',
  'cache',
  'privacy',
  'hours',
  'budget',
  'health',
  'cold',
  'load',
  'slow',
  'fail-over',
  'hedge',
] as const satisfies readonly TierReason[];

/** A tier that may be asked. */
export interface TierCandidate {
  readonly name: string;
  readonly reason: TierReason;
  /** Until it is free, ms, as far as can be told. */
  readonly waitMs: number;
}

export interface TierChoice {
  /** Whom to ask, in this order. Empty: nobody may speak. */
  readonly order: readonly TierCandidate[];
  /** Who may not be asked at all. */
  readonly excluded: readonly { readonly name: string; readonly obstacle: TierObstacle }[];
}

/** What is not known is taken to be so. */
const ASSUMED_SERVICE_MS = 2_000;
const ASSUMED_START_MS = 20_000;
/** A sentence of so many seconds is what slowness is reckoned by: so much of it comes too late. */
const TYPICAL_SENTENCE_MS = 4_000;

/**
 * Who is to speak the next sentence. Privacy, hours and budget exclude; the rest is a matter of order: tiers that can
 * speak now come first, as the operator ordered them, those with the voice that spoke before ahead of all; then the others by how long
 * they would keep the caller waiting; then those that are known to be down, since silence is certain otherwise.
 *
 * Pure: the same arguments have the same answer.
 *
 * @param tiers in the operator's order
 * @param wallTimeMs since the Unix epoch
 */
export function chooseTiers(tiers: readonly TierView[], demands: TierDemands, wallTimeMs: number): TierChoice {
  const excluded: { name: string; obstacle: TierObstacle }[] = [];
  const ranked: Ranked[] = [];
  const voice = tiers.find(({ rules }) => rules.name === demands.current)?.voice;
  for (const [index, tier] of tiers.entries()) {
    const exclusion = exclusionOf(tier, demands, wallTimeMs);
    if (exclusion !== undefined) excluded.push({ name: tier.rules.name, obstacle: exclusion });
    else ranked.push(rank(tier, index, demands, voice));
  }
  ranked.sort(compare);
  const obstacles = new Map<string, TierObstacle | undefined>([
    ...excluded.map(({ name, obstacle }) => [name, obstacle] as const),
    ...ranked.map(({ name, obstacle }) => [name, obstacle] as const),
  ]);
  const order = ranked.map(({ name, index, waitMs }, place) => {
    const ahead = new Set(ranked.slice(0, place).map((other) => other.name));
    const passedOver = tiers.slice(0, index).find(({ rules }) => !ahead.has(rules.name));
    const obstacle = passedOver && obstacles.get(passedOver.rules.name);
    const reason: TierReason = name === demands.current && place === 0 ? 'current' : (obstacle ?? 'first');
    return { name, reason, waitMs };
  });
  return { order, excluded };
}

/** How long a request would wait before this tier is free, ms: what it is busy with is half done on average. */
export function expectedWaitMs({ rules, seen }: TierView): number {
  if (seen.busy < rules.concurrency && seen.waiting === 0) return 0;
  const serviceMs = seen.serviceMs ?? ASSUMED_SERVICE_MS;
  return ((seen.waiting + 0.5) * serviceMs) / Math.max(1, rules.concurrency);
}

interface Ranked {
  readonly name: string;
  readonly index: number;
  readonly group: 'fit' | 'unfit' | 'down';
  readonly obstacle: TierObstacle | undefined;
  /** It has the voice that spoke before. */
  readonly current: boolean;
  /** Until the caller hears something, ms; counts among the unfit. */
  readonly delayMs: number;
  readonly waitMs: number;
}

const groupOrder = { fit: 0, unfit: 1, down: 2 } as const;

function exclusionOf({ rules, seen }: TierView, demands: TierDemands, wallTimeMs: number): TierObstacle | undefined {
  if (demands.private && !rules.private) return 'privacy';
  if (rules.hours !== undefined && !isOpen(rules.hours, wallTimeMs)) return 'hours';
  if (rules.budgetUsdPerDay !== undefined && seen.spentUsd >= rules.budgetUsdPerDay) return 'budget';
  return undefined;
}

function rank(tier: TierView, index: number, demands: TierDemands, voice: string | undefined): Ranked {
  const { rules, seen } = tier;
  const obstacle = obstacleOf(tier, demands);
  const starts = seen.health === 'cold' || seen.health === 'starting';
  const waitMs = expectedWaitMs(tier);
  const lateMs = Math.max(0, (seen.realTimeFactor ?? 0) - 1) * TYPICAL_SENTENCE_MS;
  return {
    name: rules.name,
    index,
    group: obstacle === undefined ? 'fit' : obstacle === 'health' ? 'down' : 'unfit',
    obstacle,
    current: rules.name === demands.current || (voice !== undefined && tier.voice === voice),
    delayMs: waitMs + (starts ? (seen.startMs ?? ASSUMED_START_MS) : 0) + (seen.firstAudioMs ?? 0) + lateMs,
    waitMs,
  };
}

function obstacleOf(tier: TierView, demands: TierDemands): TierObstacle | undefined {
  const { rules, seen } = tier;
  if (demands.failed?.has(rules.name) === true || demands.left?.has(rules.name) === true) return 'health';
  if (seen.breaker !== 'closed' || seen.resting) return 'health';
  if (seen.health === 'cold' || seen.health === 'starting') return 'cold';
  if (expectedWaitMs(tier) > rules.queueMs) return 'load';
  return (seen.realTimeFactor ?? 0) > 1 ? 'slow' : undefined;
}

function compare(one: Ranked, other: Ranked): number {
  if (one.group !== other.group) return groupOrder[one.group] - groupOrder[other.group];
  if (one.group === 'fit' && one.current !== other.current) return one.current ? -1 : 1;
  if (one.group === 'unfit' && one.delayMs !== other.delayMs) return one.delayMs - other.delayMs;
  return one.index - other.index;
}
