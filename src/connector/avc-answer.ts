import { type ParsedAnswer, parseSettingsAnswer } from './settings-answer.js';

/**
 * Settings of one call in the words of the OpenSIPS AI Voice Connector, from its `api_url` or in `extra_params`:
 * `{"flavor": "openai", "openai": {"instructions": ..., "welcome_message": ...}}`. Options of a flavor that cannot
 * differ from call to call here are told as unknown.
 *
 * @param fallback Flavor of the route, whose section counts where `flavor` is not said.
 */
export function parseAvcAnswer(body: string, fallback: string | undefined): ParsedAnswer {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { ok: false, problem: 'it is no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: 'it is no object' };
  }
  const said = new Map<string, unknown>(Object.entries(value));
  const flavor = said.get('flavor') ?? undefined;
  const name = typeof flavor === 'string' ? flavor : fallback;
  const section = new Map<string, unknown>(Object.entries(Object(said.get(name ?? '') ?? {})));
  const [instructions, greeting] = [section.get('instructions'), section.get('welcome_message')];
  const parsed = parseSettingsAnswer(
    JSON.stringify({
      ...(flavor !== undefined && flavor !== '' && { flavor }),
      ...(instructions !== undefined && instructions !== '' && { instructions }),
      ...(greeting !== undefined && greeting !== '' && { greeting }),
    }),
  );
  if (!parsed.ok) return parsed;
  const others = [...section.keys()].filter((key) => key !== 'instructions' && key !== 'welcome_message');
  return { ...parsed, unknownKeys: others.map((key) => (/^\w{1,32}$/.test(key) ? key : '?')) };
}
