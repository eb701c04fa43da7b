import type { Clock } from '../../base/clock.js';
import { errorCode, errorMessage } from '../../base/connector-error.js';
import type { RouteConfig, SettingsConfig } from '../../config/config.js';
import { type CallFacts, callVariables } from '../../config/notation/template.js';
import { renderUrl } from '../../config/notation/url-template.js';
import type { Logger } from '../../flavor-api/index.js';
import type { GuardedFetch } from '../../http/guarded-fetch.js';
import { parseAvcAnswer } from './avc-answer.js';
import { MAX_ANSWER_BYTES, parseSettingsAnswer, type SettingsAnswer } from './settings-answer.js';
import { SettingsCache } from './settings-cache.js';
import { narrowRoute } from './settings-narrowing.js';
import { SharedFlight } from './shared-flight.js';

/** The status of a call whose settings are needed and cannot be had: another connector may fare better. */
const UNAVAILABLE_STATUS = 503;

/** What becomes of a call once its settings are known. */
export type ResolvedRoute =
  /** `route` has a flavor that exists; but for that it is the route of the file, or less. */
  | { readonly outcome: 'answer'; readonly route: RouteConfig; readonly source: SettingsSource }
  /** `unavailable`: the settings are required and were not to be had. `settings`: they say so. */
  | { readonly outcome: 'reject'; readonly status: number; readonly why: 'settings' | 'unavailable' };

/** `file`: the route has no settings, or they were not to be had and are not required. */
type SettingsSource = 'file' | 'cache' | 'fetched';

/** A call that has found its route. */
export interface SettingsCall {
  /** A route with a flavor. */
  readonly route: RouteConfig;
  readonly facts: CallFacts;
  /** Names of the flavors there are: those of the generation the call belongs to. */
  readonly flavors: { has(name: string): boolean };
  /** Child logger of this call. */
  readonly log: Logger;
}

export interface CallSettingsDeps {
  readonly clock: Clock;
  readonly fetch: Pick<GuardedFetch, 'request'>;
}

/** Where an API is asked, and what about; `bot` in the words of the Python connector. */
interface Question {
  readonly url: string;
  readonly bot: string | undefined;
  readonly route: RouteConfig;
}

/** An answer, or why there is none. The problem repeats neither address nor values. */
type Fetched =
  | { readonly ok: true; readonly answer: SettingsAnswer }
  | { readonly ok: false; readonly problem: string; readonly code?: string };

/**
 * The settings of each call, fetched from an HTTP API of the operator's (`routes[].settings`). One for a connector; its
 * cache and its requests in flight are shared by all calls, by address and token.
 *
 * What comes from the network never widens what the file allows: a flavor must be one of the file, tools and targets
 * only become fewer, recordings cannot be named. Whatever is wrong with an answer, the call goes on with the route as
 * it stands in the file, or is refused with 503 where the settings are `required`.
 */
export class CallSettings {
  readonly #deps: CallSettingsDeps;
  readonly #cache = new SettingsCache<SettingsAnswer>();
  readonly #flights = new Map<string, SharedFlight<Fetched>>();

  constructor(deps: CallSettingsDeps) {
    this.#deps = deps;
  }

  /**
   * Decides what the call is answered with. Takes at most `settings.timeoutMs`; at once for a route without settings.
   * To be awaited before the call is made, while the leg can still be refused; texts of the result are templates yet,
   * to be filled in with `callVariables(result.route.variables, facts)`.
   *
   * @param signal Aborts when the caller has given up; the promise then rejects with its reason, and in no other case.
   */
  async resolve(call: SettingsCall, signal: AbortSignal): Promise<ResolvedRoute> {
    const { flavors, log, route } = call;
    const { settings } = route;
    if (settings === undefined) return { outcome: 'answer', route, source: 'file' };
    const url = renderUrl(settings.url, callVariables(route.variables, call.facts));
    if (!url.ok) return withoutAnswer(route, settings, { problem: url.problem }, log);
    const bot = settings.format === 'avc' ? call.facts.to.toLowerCase() : undefined;
    // In those words an answer is read for the flavor of the route.
    const words = bot === undefined ? null : [bot, route.flavor];
    const key = JSON.stringify([url.value, settings.token ?? null, words]);
    const cached = this.#cache.get(key, this.#deps.clock.now());
    const fetched = cached
      ? { ok: true as const, answer: cached }
      : await this.#fetch(key, { url: url.value, bot, route }, settings, log, signal);
    if (!fetched.ok) return withoutAnswer(route, settings, fetched, log);
    const { reject } = fetched.answer;
    // What the API of the Python connector does not know, a route for everybody does not know either.
    if (bot !== undefined && fetched.answer.flavor === undefined && route.match.any === true) {
      return { outcome: 'reject', status: 404, why: 'settings' };
    }
    if (reject !== undefined) return { outcome: 'reject', status: reject, why: 'settings' };
    const narrowed = narrowRoute(route, fetched.answer, flavors);
    if (!narrowed.ok) return withoutAnswer(route, settings, narrowed, log);
    if (narrowed.dropped.length > 0) {
      log.warn({ keys: narrowed.dropped }, 'the settings of a call name what its route does not allow: left out');
    }
    return { outcome: 'answer', route: narrowed.route, source: cached ? 'cache' : 'fetched' };
  }

  async #fetch(
    key: string,
    question: Question,
    settings: SettingsConfig,
    log: Logger,
    signal: AbortSignal,
  ): Promise<Fetched> {
    signal.throwIfAborted();
    const start = (abort: AbortSignal): Promise<Fetched> => this.#request(key, question, settings, log, abort);
    // An API that wants to be asked for every call may count them.
    if (settings.cacheSeconds === 0) return new SharedFlight(start).join(signal);
    let flight = this.#flights.get(key);
    if (!flight || flight.abandoned) {
      const launched = new SharedFlight(async (abort) => {
        try {
          return await start(abort);
        } finally {
          if (this.#flights.get(key) === launched) this.#flights.delete(key);
        }
      });
      flight = launched;
      this.#flights.set(key, launched);
    }
    return flight.join(signal);
  }

  /** Never rejects but when `signal` aborts, and then nobody listens. */
  async #request(
    key: string,
    { bot, route, url }: Question,
    { cacheSeconds, timeoutMs, token }: SettingsConfig,
    log: Logger,
    signal: AbortSignal,
  ): Promise<Fetched> {
    const { clock, fetch } = this.#deps;
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    let response: Awaited<ReturnType<GuardedFetch['request']>>;
    try {
      const post = bot === undefined ? {} : { method: 'POST', body: JSON.stringify({ bot }) };
      if (bot !== undefined) headers['content-type'] = 'application/json';
      response = await fetch.request({ url, ...post, headers, timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal });
    } catch (error) {
      const code = errorCode(error);
      // Without a code it is nothing the guard has worded, and may repeat what was sent.
      return code === undefined
        ? { ok: false, problem: 'the request failed' }
        : { ok: false, problem: errorMessage(error), code };
    }
    if (response.status !== 200) return { ok: false, problem: `the answer has status ${response.status}` };
    const parsed = bot === undefined ? parseSettingsAnswer(response.body) : parseAvcAnswer(response.body, route.flavor);
    if (!parsed.ok) return parsed;
    if (parsed.unknownKeys.length > 0) {
      log.warn(
        { keys: parsed.unknownKeys.slice(0, 10) },
        'the settings of a call have keys that this version does not know',
      );
    }
    const expiresAtMs = clock.now() + cacheSeconds * 1000;
    if (cacheSeconds > 0) this.#cache.set(key, parsed.answer, response.body.length + key.length, expiresAtMs);
    return { ok: true, answer: parsed.answer };
  }
}

function withoutAnswer(
  route: RouteConfig,
  { required }: SettingsConfig,
  { code, problem }: { readonly problem: string; readonly code?: string },
  log: Logger,
): ResolvedRoute {
  const fields = { problem, ...(code !== undefined && { code }) };
  if (required) {
    log.error(fields, 'the settings of a call cannot be had: refused, as they are required');
    return { outcome: 'reject', status: UNAVAILABLE_STATUS, why: 'unavailable' };
  }
  log.warn(fields, 'the settings of a call cannot be had: it goes on with the route as the file has it');
  return { outcome: 'answer', route, source: 'file' };
}
