import type { CallRecord } from '../../../src/ops/call-record.js';
import type { ConversationAccount } from '../lib/callers-api.js';
import type { CascadeProviderAccount, CascadeProviderSetup } from './provider-api.js';

/** One answer, timed in three processes on the machine's clock. All in ms. */
export interface TimedAnswer {
  /** At the connector's socket. */
  readonly v2vMs: number;
  /** At the caller's socket. */
  readonly callerMs: number;
  /** What the providers took: silence as it was scripted, the rest as it was. What is left is added. */
  readonly tookMs: number;
  /** The way of the answer: caller's last packet to recogniser, end of turn to model, model to voice, voice to caller. */
  readonly up: number;
  readonly ask: number;
  readonly say: number;
  readonly down: number;
}

/** Longest way between two parts of the provider by which the two are taken for one caller's, ms. */
const NEAR_MS = 100;

/**
 * The answers of one call. Connections carry no name, requests to the model do: a caller's connections are those whose
 * times go with all of its requests. Where the processes do not agree on how many answers there were, there is nothing.
 */
export function timedAnswers(
  { turns: record }: Pick<CallRecord, 'turns'>,
  { from, turns: said }: ConversationAccount,
  provider: CascadeProviderAccount,
  { endSilenceMs }: Pick<CascadeProviderSetup, 'endSilenceMs'>,
): readonly TimedAnswer[] {
  const v2v = record.flatMap(({ v2vMs }) => v2vMs ?? []);
  const own = new RegExp(`caller ${from}(?!\\d)`, 'u');
  const asked = provider.requests.filter(({ system }) => own.test(system));
  const heard = connectionOf(
    provider.turns,
    asked.map(({ atMs }) => ({ fromMs: atMs - NEAR_MS, untilMs: atMs })),
    ({ toldAtMs = Number.NaN }) => toldAtMs,
  );
  const spoken = connectionOf(
    provider.speeches,
    asked.map(({ firstTokenAtMs = Number.NaN }) => ({ fromMs: firstTokenAtMs, untilMs: firstTokenAtMs + NEAR_MS })),
    ({ askedAtMs }) => askedAtMs,
  );
  if (v2v.length !== said.length || asked.length !== said.length) return [];
  return said.flatMap(({ lastVoicedMs, heardMs }, index): readonly TimedAnswer[] => {
    const [request, turn, speech, v2vMs] = [asked[index], heard[index], spoken[index], v2v[index]];
    if (!turn || !speech || heardMs === undefined || v2vMs === undefined) return [];
    const { endedAtMs, toldAtMs, lastVoicedAtMs } = turn;
    if (endedAtMs === undefined || toldAtMs === undefined || request?.firstTokenAtMs === undefined) return [];
    const { askedAtMs, firstAudioAtMs = Number.NaN } = speech;
    const thinkMs = request.firstTokenAtMs - request.atMs;
    return [
      {
        v2vMs,
        callerMs: heardMs - lastVoicedMs,
        tookMs: endSilenceMs + (toldAtMs - endedAtMs) + thinkMs + (firstAudioAtMs - askedAtMs),
        up: lastVoicedAtMs - lastVoicedMs + (endedAtMs - lastVoicedAtMs - endSilenceMs),
        ask: request.atMs - toldAtMs,
        say: askedAtMs - request.firstTokenAtMs,
        down: heardMs - firstAudioAtMs,
      },
    ];
  });
}

/** A happening of a provider beside the caller's own time of it. */
interface Found<Happening> {
  readonly happening: Happening | undefined;
  readonly wayMs: number;
}

/**
 * What of one connection falls into each of the spans: of the connection with the most, and where several have as many,
 * of the one whose way is the steadiest.
 */
export function connectionOf<Happening extends { readonly connection: number }>(
  all: readonly Happening[],
  spans: readonly { readonly fromMs: number; readonly untilMs: number }[],
  atMs: (happening: Happening) => number,
): readonly (Happening | undefined)[] {
  const byConnection = new Map<number, Happening[]>();
  for (const each of all) byConnection.set(each.connection, [...(byConnection.get(each.connection) ?? []), each]);
  let best: { readonly found: readonly Found<Happening>[]; readonly count: number; readonly unsteadyMs: number } = {
    found: [],
    count: 0,
    unsteadyMs: 0,
  };
  for (const own of byConnection.values()) {
    const found = spans.map(({ fromMs, untilMs }): Found<Happening> => {
      const happening = own.find((each) => atMs(each) >= fromMs && atMs(each) <= untilMs);
      return { happening, wayMs: happening === undefined ? Number.NaN : atMs(happening) - fromMs };
    });
    const ways = found.map(({ wayMs }) => wayMs).filter((wayMs) => !Number.isNaN(wayMs));
    const unsteadyMs = Math.max(...ways) - Math.min(...ways);
    const more = ways.length - best.count;
    if (more > 0 || (more === 0 && unsteadyMs < best.unsteadyMs)) best = { found, count: ways.length, unsteadyMs };
  }
  return best.found.map(({ happening }) => happening);
}
