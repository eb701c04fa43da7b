import type { Clock } from '../base/clock.js';
import type { Config, Cue, DurationConfig, InterruptionConfig, RouteConfig, Saying } from '../config/config.js';
import type { LoadedConfig } from '../config/load-config.js';
import { type CallFacts, callVariables, renderTemplate } from '../config/notation/template.js';
import { renderUrl } from '../config/notation/url-template.js';
import { createRouter, describeMismatch } from '../config/router.js';
import { shownHeaders } from '../connector/call-texts.js';
import { headerFields } from '../connector/route-options.js';
import { type SettingsTrial, trySettings } from '../connector/settings/settings-trial.js';

/** A call to be tried. */
export interface TriedCall {
  /** As dialled. */
  readonly number: string;
  readonly from: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The configuration file as the operator named it. */
  readonly file: string;
  /** Whether settings are asked for. */
  readonly fetch: boolean;
}

interface Named<Value extends string> {
  readonly name: string;
  readonly is: Value;
}

/** What would become of a call. Texts have their variables filled in. */
export interface RouteOutcome {
  readonly number: string;
  readonly from: string;
  readonly file: string;
  /** Index of the route that matches; `null` for none. */
  readonly route: number | null;
  readonly line: number | null;
  readonly flavor: string | null;
  readonly use: string | null;
  /** SIP status the call is refused with. */
  readonly reject: number | null;
  /** What is said first; of a recording: its transcript. */
  readonly greeting: string | null;
  /** Names that have no value, in any text. */
  readonly missing: readonly string[];
  readonly answer: RouteConfig['answer'] | null;
  readonly passedOver: readonly { readonly route: number; readonly line: number; readonly why: string }[];
  /** Also when the settings refuse the call. */
  readonly settings: SettingsOutcome | null;
  /** Header fields of our BYE or refusal; `null` without a route. */
  readonly hangup: RouteConfig['hangup'] | null;
  /** Header fields of the call that the flavor sees. */
  readonly headers: Readonly<Record<string, string>>;
  /** How the conversation would go; `null` for a call that is refused. */
  readonly conversation: ConversationOutcome | null;
}

export interface SettingsOutcome {
  /** Filled in; `null` where the values would lead elsewhere. */
  readonly url: string | null;
  readonly required: boolean;
  /** `null`: nobody was asked. */
  readonly source: 'fetched' | 'unavailable' | null;
  readonly problems: readonly string[];
}

export interface ConversationOutcome {
  readonly instructions: string | null;
  readonly greeting: Saying | null;
  readonly timeZone: string;
  readonly interruption: InterruptionConfig;
  readonly silence: {
    readonly repromptSeconds: number;
    readonly reprompts: readonly Cue[];
    readonly goodbye: Cue | null;
    readonly firstSeconds?: number;
    /** Of the route, or `limits.silenceSeconds`. */
    readonly endSeconds: number;
  };
  readonly duration: DurationConfig & { readonly endSeconds: number };
  readonly onFailure: {
    readonly retries: number;
    readonly flavors: readonly Named<string>[];
    readonly waiting: Saying;
    readonly waitingAfterMs: number;
    readonly replyTimeoutMs: number;
    readonly apology: Saying;
    readonly transfer: Named<string> | null;
  };
  readonly tools: readonly Named<'built-in' | 'webhook' | 'mcp' | 'module'>[];
  readonly transfer: readonly Named<string>[];
}

/** Stands for the id that a real call would have. */
const EXAMPLE_ID = '0123456789abcdef';

/** Tries the routes, and the settings of the one that matches. Rejects only when `signal` aborts. */
export async function tryCall(
  call: TriedCall,
  { config, document }: LoadedConfig,
  clock: Clock,
  signal: AbortSignal,
): Promise<RouteOutcome> {
  const { file, from, headers, number } = call;
  const input = { requestUser: number, toUser: number, fromUser: from, headers };
  const { index, mismatches, route, to } = createRouter(config.routes).route(input);
  const lineOf = (position: number): number => document.lineOf(['routes', position]);
  const outcome = {
    number,
    from,
    file,
    route: index ?? null,
    line: index === undefined ? null : lineOf(index),
    passedOver: mismatches.map((mismatch) => ({
      route: mismatch.index,
      line: lineOf(mismatch.index),
      why: describeMismatch(mismatch),
    })),
  };
  const refused = {
    ...{ flavor: null, use: null, greeting: null, missing: [], answer: null, conversation: null },
    ...{ hangup: null, headers: {}, settings: null },
  };
  if (!route) return { ...outcome, ...refused, reject: 404 };
  const moment = { wallTimeMs: clock.wallTime(), timeZone: route.timeZone };
  const facts: CallFacts = { id: EXAMPLE_ID, from, to, headers, moment };
  const hangup = { headers: sentHeaders(route.hangup.headers, route, facts) };
  if (route.flavor === undefined) return { ...outcome, ...refused, reject: route.reject ?? 404, hangup };
  const trial = call.fetch && route.settings ? await ask(route, facts, config, clock, signal) : undefined;
  const settings = settingsOutcome(route, facts, trial);
  if (trial?.resolved.outcome === 'reject')
    return { ...outcome, ...refused, reject: trial.resolved.status, settings, hangup };
  const answered = trial?.resolved.route ?? route;
  const flavor = answered.flavor ?? route.flavor;
  const { conversation, missing } = conversationOf(answered, facts, config);
  return {
    ...outcome,
    flavor,
    use: config.flavors[flavor]?.use ?? null,
    reject: null,
    greeting: conversation.greeting?.text ?? null,
    missing,
    answer: { ...answered.answer, headers: sentHeaders(answered.answer.headers, answered, facts) },
    hangup,
    headers: Object.fromEntries(shownHeaders(answered, headers)),
    settings,
    conversation,
  };
}

/** Header fields of ours as this call would have them. */
function sentHeaders(
  templates: Readonly<Record<string, string>>,
  { variables }: RouteConfig,
  facts: CallFacts,
): Readonly<Record<string, string>> {
  const all = callVariables(variables, facts);
  return Object.fromEntries(headerFields(templates, (text) => renderTemplate(text, all).text));
}

function ask(
  route: RouteConfig,
  facts: CallFacts,
  { flavors, http }: Config,
  clock: Clock,
  signal: AbortSignal,
): Promise<SettingsTrial> {
  const known = { has: (name: string): boolean => Object.hasOwn(flavors, name) };
  return trySettings({ route, facts, flavors: known }, http.allow, clock, signal);
}

function settingsOutcome(
  { settings, variables }: RouteConfig,
  facts: CallFacts,
  trial: SettingsTrial | undefined,
): SettingsOutcome | null {
  if (!settings) return null;
  const url = renderUrl(settings.url, callVariables(variables, facts));
  const resolved = trial?.resolved;
  const fetched = resolved?.outcome === 'answer' ? resolved.source === 'fetched' : resolved?.why === 'settings';
  return {
    url: url.ok ? url.value : null,
    required: settings.required,
    source: resolved === undefined ? null : fetched ? 'fetched' : 'unavailable',
    problems: trial?.problems ?? (url.ok ? [] : [url.problem]),
  };
}

function conversationOf(
  route: RouteConfig,
  facts: CallFacts,
  config: Config,
): { readonly conversation: ConversationOutcome; readonly missing: readonly string[] } {
  const { duration, greeting, instructions, onFailure, silence, timeZone } = route;
  const moment = { ...facts.moment, timeZone };
  const variables = callVariables(route.variables, { ...facts, moment });
  const missing = new Set<string>();
  const fill = (text: string): string => {
    const rendered = renderTemplate(text, variables);
    for (const name of rendered.missing) missing.add(name);
    return rendered.text;
  };
  const say = (saying: Cue): Cue => ({
    ...saying,
    ...(saying.text !== undefined && { text: fill(saying.text) }),
    ...(saying.instructions !== undefined && { instructions: fill(saying.instructions) }),
  });
  const target = (name: string): Named<string> => ({ name, is: config.transfer.targets[name]?.uri ?? '' });
  const conversation: ConversationOutcome = {
    instructions: instructions === undefined ? null : fill(instructions),
    greeting: greeting === undefined ? null : say(greeting),
    timeZone,
    interruption: route.interruption,
    silence: {
      repromptSeconds: silence.repromptSeconds,
      reprompts: silence.reprompts.map(say),
      goodbye: silence.goodbye === undefined ? null : say(silence.goodbye),
      ...(silence.firstSeconds !== undefined && { firstSeconds: silence.firstSeconds }),
      endSeconds: silence.endSeconds ?? config.limits.silenceSeconds,
    },
    duration: {
      warningSeconds: duration.warningSeconds,
      ...(duration.warning !== undefined && { warning: say(duration.warning) }),
      endSeconds: duration.endSeconds ?? config.limits.callSeconds,
    },
    onFailure: {
      retries: onFailure.retries,
      flavors: onFailure.flavors.map((name) => ({ name, is: config.flavors[name]?.use ?? '' })),
      waiting: say(onFailure.waiting),
      waitingAfterMs: onFailure.waitingAfterMs,
      replyTimeoutMs: onFailure.replyTimeoutMs,
      apology: say(onFailure.apology),
      transfer: onFailure.transfer === undefined ? null : target(onFailure.transfer),
    },
    tools: route.tools.map((name) => ({ name, is: config.tools[name]?.type ?? 'built-in' })),
    transfer: route.transfer.map(target),
  };
  return { conversation, missing: [...missing] };
}
