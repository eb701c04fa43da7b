import { isObject } from '../../base/is-object.js';
import { isNestedTooDeep } from '../../base/nesting.js';
import type { RouteConfig } from '../../config/config.js';
import type { Logger } from '../../flavor-api/index.js';
import { parseAvcAnswer } from './avc-answer.js';
import { MAX_ANSWER_BYTES, parseSettingsAnswer, type SettingsAnswer } from './settings-answer.js';
import { narrowRoute } from './settings-narrowing.js';

/** What a proxy's script says of the INVITE itself; the driver has read it. */
const ofTheInvite: ReadonlySet<string> = new Set(['requestUri', 'source']);

/**
 * Reads what the script of a proxy gave with a call (`InviteRequest.extraParams`): the settings of one call as an API would
 * give them, or in the words of the OpenSIPS AI Voice Connector. `undefined`: nothing, or nothing that can be read, which
 * is told.
 *
 * @param flavor That of the route, if there is one.
 */
export function readScriptSettings(
  text: string | undefined,
  flavor: string | undefined,
  log: Logger,
): SettingsAnswer | undefined {
  if (text === undefined || text === '') return undefined;
  const params = text.length <= MAX_ANSWER_BYTES ? objectOf(text) : undefined;
  if (params === undefined) {
    log.warn({}, 'the script gave parameters with a call that cannot be read: left out');
    return undefined;
  }
  const said = params.filter(([key]) => !ofTheInvite.has(key));
  if (said.length === 0) return undefined;
  const names = new Set([flavor, ...said.filter(([key]) => key === 'flavor').map(([, value]) => value)]);
  const asBefore = said.some(([key, value]) => names.has(key) && typeof value === 'object');
  const body = JSON.stringify(Object.fromEntries(said.filter(([, value]) => value !== '')));
  const parsed = asBefore ? parseAvcAnswer(body, flavor) : parseSettingsAnswer(body);
  if (!parsed.ok) {
    log.warn({ problem: parsed.problem }, 'the script gave parameters with a call that cannot be read: left out');
    return undefined;
  }
  if (parsed.unknownKeys.length > 0) {
    log.warn(
      { keys: parsed.unknownKeys.slice(0, 10) },
      'the script gave parameters with a call that mean nothing here',
    );
  }
  return parsed.answer;
}

/** The route with the script's settings in it; a status where the call is to be refused. */
export function applyScriptSettings(
  route: RouteConfig,
  settings: SettingsAnswer | undefined,
  flavors: { has(name: string): boolean },
  log: Logger,
): RouteConfig | number {
  if (settings === undefined) return route;
  if (settings.reject !== undefined) return settings.reject;
  const narrowed = narrowRoute(route, settings, flavors);
  if (narrowed.ok) return narrowed.route;
  log.warn({ problem: narrowed.problem }, 'the script asks for what is not there: the call is refused');
  return 404;
}

function objectOf(text: string): [string, unknown][] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !isNestedTooDeep(value) ? Object.entries(value) : undefined;
  } catch {
    return undefined;
  }
}
