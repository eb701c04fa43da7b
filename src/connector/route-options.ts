import { type HeaderFields, toHeaderFields } from '../base/header-fields.js';
import { fixedCallLimits } from '../call/call-limits.js';
import type { CallOptions } from '../call/call-options.js';
import { FailOverPlan, type FlavorChoice } from '../call/session/fail-over-plan.js';
import { AVC_TRANSFER_TARGET } from '../config/avc/avc-options.js';
import type { Config, RouteConfig, Saying } from '../config/config.js';
import type { TransferTarget } from '../tools/tool.js';

/** What the configuration says of a call; everything else is the call's own. */
type RouteOptions = Pick<
  CallOptions,
  | 'greeting'
  | 'answer'
  | 'hangUp'
  | 'limits'
  | 'interruption'
  | 'silence'
  | 'ending'
  | 'failure'
  | 'recording'
  | 'include'
>;

/** Fills `{{name}}` into a text of the operator's, for one call. */
export type Render = (text: string) => string;

/** How a call on this route goes, as far as the configuration says. */
export function routeOptions(
  config: Pick<Config, 'limits' | 'cost' | 'cdr' | 'recording' | 'transfer'>,
  route: RouteConfig,
  render: Render,
): RouteOptions {
  const { limits, cdr, recording } = config;
  const { interruption, silence, duration, onFailure } = route;
  const { waiting, waitingAfterMs, replyTimeoutMs, apology } = onFailure;
  return {
    greeting: route.greeting,
    answer: { ...route.answer, headers: headerFields(route.answer.headers, render) },
    hangUp: { headers: headerFields(route.hangup.headers, render) },
    limits: {
      callMs: (duration.endSeconds ?? limits.callSeconds) * 1000,
      silenceMs: (silence.endSeconds ?? limits.silenceSeconds) * 1000,
      ...fixedCallLimits,
    },
    interruption,
    silence: {
      repromptMs: silence.repromptSeconds * 1000,
      firstMs: (silence.firstSeconds ?? silence.repromptSeconds) * 1000,
      reprompts: silence.reprompts,
      goodbye: silence.goodbye,
    },
    ending: { warningMs: duration.warningSeconds * 1000, warning: duration.warning, spent: config.cost.goodbye },
    failure: {
      waiting,
      waitingAfterMs,
      replyTimeoutMs,
      apology,
      transfer: onFailure.transfer === undefined ? undefined : transferTarget(config, onFailure.transfer, render),
    },
    recording: { announcement: recording.mode === 'off' ? undefined : recording.announce },
    include: cdr.include,
  };
}

/** Whom a call on this route asks for a session. `own`: the route's flavor. */
export function routePlan(
  { onFailure }: RouteConfig,
  own: FlavorChoice,
  flavors: ReadonlyMap<string, FlavorChoice>,
): FailOverPlan {
  const others = onFailure.flavors.flatMap((name) => flavors.get(name) ?? []);
  return new FailOverPlan([own, ...others], onFailure.retries);
}

/** Everything the host may have to say with this configuration, whatever call it is: to be made before calls come. */
export function fixedSayings({
  cost,
  recording,
  routes,
  transfer,
}: Pick<Config, 'cost' | 'recording' | 'routes' | 'transfer'>): readonly Saying[] {
  const toTargets = Object.values(transfer.targets).flatMap(({ announce }) => announce ?? []);
  return routes
    .flatMap(({ flavor, greeting, silence, duration, onFailure }) => {
      if (flavor === undefined) return [];
      const spokenByHost = [onFailure.waiting, onFailure.apology].filter(isFixed);
      // Texts of these are the agent's to speak.
      const recorded = [greeting, ...silence.reprompts, silence.goodbye, duration.warning];
      return [...spokenByHost, ...recorded.filter((saying) => saying?.wav !== undefined)].flatMap(
        (saying) => saying ?? [],
      );
    })
    .concat(toTargets.filter(isFixed))
    .concat(recording.mode !== 'off' && recording.announce && isFixed(recording.announce) ? [recording.announce] : [])
    .concat(cost.goodbye.wav === undefined ? [] : [cost.goodbye]);
}

/** No caller changes what is said. */
function isFixed({ text, wav }: Saying): boolean {
  return wav !== undefined || text?.includes('{{') === false;
}

/** Those of a route, by their names. A target of the call's own takes the place of the one in the file. */
export function transferTargets(
  config: Pick<Config, 'transfer'>,
  { own, transfer }: Pick<RouteConfig, 'own' | 'transfer'>,
  render: Render,
): readonly TransferTarget[] {
  const given = own?.transferTo;
  const names = given === undefined ? transfer : transfer.filter((name) => name !== AVC_TRANSFER_TARGET);
  const targets = names.flatMap((name) => transferTarget(config, name, render) ?? []);
  return given === undefined ? targets : [...targets, { name: AVC_TRANSFER_TARGET, uri: given }];
}

function transferTarget(config: Pick<Config, 'transfer'>, name: string, render: Render): TransferTarget | undefined {
  const target = config.transfer.targets[name];
  if (!target) return undefined;
  const { ringSeconds, headers, trunk: _trunk, ...others } = target;
  return { name, ...others, headers: headerFields(headers, render), ringMs: ringSeconds * 1000 };
}

/** Header fields of ours for one call: whatever a caller says of himself, they stay single lines. */
export function headerFields(templates: Readonly<Record<string, string>>, render: Render): HeaderFields {
  return toHeaderFields(Object.entries(templates).map(([name, text]) => [name, render(text)] as const));
}
