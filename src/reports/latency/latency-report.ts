import type { ReportedCall } from '../record-source.js';
import { type Band, bandOf } from './bands.js';
import { Histogram } from './histogram.js';
import { type Share, shares, type TurnShares, turnShares } from './turn-shares.js';

/** Answers of one flavor, or of one of its tiers. */
export interface LatencyGroup {
  readonly flavor: string;
  /** Who spoke first, where the flavor chooses among several; `undefined` where it does not. */
  readonly tier: string | undefined;
  readonly answers: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Of 1. */
  readonly bands: Readonly<Record<Band, number>>;
  /** Together the mean: that is what means are for. */
  readonly meanShareMs: Readonly<Record<Share, number>>;
  readonly p95ShareMs: Readonly<Record<Share, number>>;
  /** Answers that were begun before the turn was surely over, and could be used: of 1; `undefined` where none was. */
  readonly speculativeHits: number | undefined;
  /** Answers that another tier went on with. */
  readonly handedOver: number;
}

type Turn = ReportedCall['turns'][number];

/** Not one that was asked and left before anything of it was heard. */
const spoke = ({ left }: NonNullable<Turn['tiers']>[number]): boolean => left === undefined;

/** Groups that are told apart; a file may hold anything. */
const MOST_GROUPS = 50;
const OTHERS = 'others';

/** Adds up what answers waited for, by flavor and tier. */
export class LatencyReport {
  readonly #groups = new Map<string, Sum>();
  #unanswering = 0;

  add({ flavor, turns }: ReportedCall): void {
    for (const turn of turns) {
      const spent = turnShares(turn);
      if (spent === undefined) this.#unanswering += 1;
      else this.#group(flavor ?? 'none', turn.tiers?.find(spoke)?.tier).add(turn, spent);
    }
  }

  /** Turns that answered nothing, such as greetings: they have no latency. */
  get unanswering(): number {
    return this.#unanswering;
  }

  get answers(): number {
    return this.groups.reduce((sum, { answers }) => sum + answers, 0);
  }

  /** By flavor and tier. */
  get groups(): readonly LatencyGroup[] {
    return [...this.#groups.values()]
      .map((sum) => sum.result())
      .toSorted((a, b) => compare(a.flavor, b.flavor) || compare(a.tier ?? '', b.tier ?? ''));
  }

  #group(flavor: string, tier: string | undefined): Sum {
    const key = JSON.stringify([flavor, tier]);
    const fits = this.#groups.has(key) || this.#groups.size < MOST_GROUPS;
    const place = fits ? key : OTHERS;
    const known = this.#groups.get(place) ?? (fits ? new Sum(flavor, tier) : new Sum(OTHERS, undefined));
    this.#groups.set(place, known);
    return known;
  }
}

class Sum {
  readonly #flavor: string;
  readonly #tier: string | undefined;
  readonly #v2v = new Histogram();
  readonly #shares: Readonly<Record<Share, Histogram>> = {
    endOfTurn: new Histogram(),
    transcript: new Histogram(),
    firstToken: new Histogram(),
    firstAudio: new Histogram(),
    connector: new Histogram(),
  };
  readonly #bands: Record<Band, number> = { natural: 0, acceptable: 0, broken: 0 };
  #hits = 0;
  #misses = 0;
  #handedOver = 0;

  constructor(flavor: string, tier: string | undefined) {
    this.#flavor = flavor;
    this.#tier = tier;
  }

  add({ v2vMs = 0, stages: { speculative }, tiers = [] }: Turn, spent: TurnShares): void {
    this.#v2v.add(v2vMs);
    this.#bands[bandOf(v2vMs)] += 1;
    for (const share of shares) this.#shares[share].add(spent[share]);
    if (new Set(tiers.filter(spoke).map(({ tier }) => tier)).size > 1) this.#handedOver += 1;
    if (speculative === 'hit') this.#hits += 1;
    else if (speculative === 'miss') this.#misses += 1;
  }

  result(): LatencyGroup {
    const { count: answers } = this.#v2v;
    const of = (count: number): number => count / answers;
    const begun = this.#hits + this.#misses;
    const quantile = (share: number): number => this.#v2v.quantileMs(share) ?? 0;
    const eachShare = (value: (histogram: Histogram) => number | undefined) => ({
      endOfTurn: value(this.#shares.endOfTurn) ?? 0,
      transcript: value(this.#shares.transcript) ?? 0,
      firstToken: value(this.#shares.firstToken) ?? 0,
      firstAudio: value(this.#shares.firstAudio) ?? 0,
      connector: value(this.#shares.connector) ?? 0,
    });
    return {
      flavor: this.#flavor,
      tier: this.#tier,
      answers,
      meanMs: this.#v2v.meanMs ?? 0,
      p50Ms: quantile(0.5),
      p95Ms: quantile(0.95),
      p99Ms: quantile(0.99),
      bands: {
        natural: of(this.#bands.natural),
        acceptable: of(this.#bands.acceptable),
        broken: of(this.#bands.broken),
      },
      meanShareMs: eachShare(({ meanMs }) => meanMs),
      p95ShareMs: eachShare((histogram) => histogram.quantileMs(0.95)),
      speculativeHits: begun === 0 ? undefined : this.#hits / begun,
      handedOver: this.#handedOver,
    };
  }
}

/** By code units: the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
