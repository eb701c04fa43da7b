import type { OwnOptions, RouteConfig } from '../../config/config.js';
import type { SettingsAnswer } from './settings-answer.js';

export type NarrowedRoute =
  /** `dropped`: keys of the answer that asked for more than the route has. */
  | { readonly ok: true; readonly route: RouteConfig; readonly dropped: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/**
 * A route with the settings of one call in it. Words may be any; a flavor must be there, and tools and targets are those
 * of both, but for the one target that the words of the Python connector may name. Pure.
 */
export function narrowRoute(
  route: RouteConfig,
  answer: SettingsAnswer,
  flavors: { has(name: string): boolean },
): NarrowedRoute {
  const { greeting, instructions, timeZone } = answer;
  const flavor = answer.flavor ?? route.flavor;
  if (flavor === undefined || !flavors.has(flavor))
    return { ok: false, problem: 'flavor is none of this configuration' };
  const interruption = overlaid(route.interruption, answer.interruption);
  if (interruption.minSpeechMs > interruption.rejectAfterMs) {
    return { ok: false, problem: 'interruption.minSpeechMs is above rejectAfterMs' };
  }
  const transfer = common(route.transfer, answer.transfer);
  const anybody = transfer.length > 0 || answer.own?.transferTo !== undefined;
  // The tool would offer a choice of nobody.
  const allowed = common(route.tools, answer.tools).filter((name) => name !== 'transfer' || anybody);
  const tools = answer.own?.transferTo === undefined ? allowed : [...new Set([...allowed, 'transfer'])];
  const dropped = (['tools', 'transfer'] as const).filter((key) =>
    answer[key]?.some((name) => !route[key].includes(name)),
  );
  return {
    ok: true,
    dropped,
    route: {
      ...route,
      flavor,
      ...(instructions !== undefined && { instructions }),
      ...(greeting !== undefined && { greeting }),
      ...(timeZone !== undefined && { timeZone }),
      ...(answer.own !== undefined && { own: { ...route.own, ...merged(route.own, answer.own) } }),
      variables: { ...route.variables, ...answer.variables },
      interruption,
      silence: overlaid(route.silence, answer.silence),
      // The flavor that answers is no help when it fails.
      onFailure: { ...route.onFailure, flavors: route.onFailure.flavors.filter((name) => name !== flavor) },
      tools,
      transfer,
    },
  };
}

/** What the script of a proxy says comes after what the API said. */
function merged(before: OwnOptions | undefined, own: OwnOptions): OwnOptions {
  return { ...own, flavor: { ...before?.flavor, ...own.flavor } };
}

/** Names of both lists, in the order of the file; all of the file's where the answer has none. */
function common(allowed: readonly string[], wanted: readonly string[] | undefined): readonly string[] {
  return wanted === undefined ? allowed : allowed.filter((name) => wanted.includes(name));
}

/** `base` with what `patch` says. */
function overlaid<Section extends object>(
  base: Section,
  patch: { readonly [Key in keyof Section]?: Section[Key] | undefined } | undefined,
): Section {
  const said = Object.entries(patch ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(said) };
}
