import { isObject } from '../../base/is-object.js';
import { isNestedTooDeep } from '../../base/nesting.js';
import { readAvcOptions } from '../../config/avc/avc-agents.js';
import { AvcSection } from '../../config/avc/avc-sections.js';
import type { IniOption } from '../../config/avc/ini.js';
import type { OwnOptions } from '../../config/config.js';
import { type ParsedAnswer, parseSettingsAnswer } from './settings-answer.js';

/** Longest value of an option, characters: instructions go another way. */
const MAX_VALUE_LENGTH = 4_096;

/** What a route says of a call, and no flavor. */
const ofTheRoute: ReadonlySet<string> = new Set(['instructions', 'welcome_message']);

/**
 * Settings of one call in the words of the OpenSIPS AI Voice Connector, from its `api_url` or in `extra_params`:
 * `{"flavor": "openai", "openai": {"instructions": ..., "welcome_message": ..., "voice": ..., "key": ...}}`. The options
 * are those of its INI file. What cannot be had is told as unknown.
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
  if (!isObject(value)) {
    return { ok: false, problem: 'it is no object' };
  }
  if (isNestedTooDeep(value)) return { ok: false, problem: 'it is too deep' };
  const said = new Map<string, unknown>(Object.entries(value));
  const flavor = said.get('flavor') ?? undefined;
  const name = typeof flavor === 'string' && flavor !== '' ? flavor : (fallback ?? '');
  const section = new Map<string, unknown>(Object.entries(Object(said.get(name) ?? {})));
  const [instructions, greeting] = [section.get('instructions'), section.get('welcome_message')];
  const parsed = parseSettingsAnswer(
    JSON.stringify({
      ...(flavor !== undefined && flavor !== '' && { flavor }),
      ...(instructions !== undefined && instructions !== '' && { instructions }),
      ...(greeting !== undefined && greeting !== '' && { greeting }),
    }),
  );
  if (!parsed.ok) return parsed;
  const { own, unknownKeys } = readOwn(name, section);
  const told = unknownKeys.map((key) => (/^\w{1,32}$/.test(key) ? key : '?'));
  return { ...parsed, answer: { ...parsed.answer, ...(own !== undefined && { own }) }, unknownKeys: told };
}

/** The options of a flavor for this call, none of them from the environment. */
function readOwn(
  name: string,
  values: ReadonlyMap<string, unknown>,
): { readonly own: OwnOptions | undefined; readonly unknownKeys: readonly string[] } {
  const texts = new Map<string, IniOption>();
  const unreadable: string[] = [];
  for (const [key, value] of values) {
    if (ofTheRoute.has(key) || value === null || value === '') continue;
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
    if (text === undefined || text.length > MAX_VALUE_LENGTH) unreadable.push(key);
    else texts.set(key, { value: text, line: 0 });
  }
  const section = new AvcSection(name, new Map([[name, texts]]), {});
  const { options, refused, transferTo } = readAvcOptions(name, section);
  const unknownKeys = [...unreadable, ...refused.map(({ option }) => option), ...section.unread(new Set())];
  if (Object.keys(options).length === 0 && transferTo === undefined) return { own: undefined, unknownKeys };
  return { own: { flavor: options, ...(transferTo !== undefined && { transferTo }) }, unknownKeys };
}
