import { FlavorError } from '../../flavor-api/index.js';
import { createHostGuard, type HostGuard, type HostGuardOptions } from '../engines/shared/host-guard.js';

/** Engines that work inside the process: they have no address. */
const IN_PROCESS: readonly string[] = ['sherpa-onnx'];
const MAX_DEPTH = 12;

/** Why an engine may not hear private calls. */
export interface PrivacyObstacle {
  /** Of the key, within the section. */
  readonly path: readonly (string | number)[];
  /** Half a sentence, to stand behind the key. */
  readonly why: string;
}

/**
 * The private profile: everything that a caller says, and everything that is said to them, stays on hosts that are
 * allowed. Looks at all addresses in the sections of a cascade, and returns the guard that its engines are to be made
 * with, which looks at every connection again.
 *
 * @param sections of a flavor's configuration, by their names: `{ stt, llm, tts, standby }`, defaults filled in
 * @throws FlavorError `ERR_FLAVOR_CONFIG` that names the key: for an address elsewhere, for an engine that names none,
 *   and for one whose SDK makes its own connections
 */
export function privateProfile(sections: Readonly<Record<string, unknown>>, options: HostGuardOptions): HostGuard {
  const guard = createHostGuard(options);
  for (const [name, section] of Object.entries(sections)) {
    const obstacle = privacyObstacle(section, guard);
    if (obstacle === undefined) continue;
    const key = obstacle.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
    throw new FlavorError('ERR_FLAVOR_CONFIG', `profile private, ${name}${key}: ${obstacle.why}`, false);
  }
  return guard;
}

/** The same of one section: the first thing that stands against it, `undefined` where nothing does. */
export function privacyObstacle(section: unknown, guard: Pick<HostGuard, 'admit'>): PrivacyObstacle | undefined {
  return inspect(section, [], guard).obstacle;
}

interface Finding {
  /** How many there are; all of them are allowed, unless there is an obstacle. */
  readonly addresses: number;
  readonly obstacle?: PrivacyObstacle;
}

function inspect(value: unknown, path: PrivacyObstacle['path'], guard: Pick<HostGuard, 'admit'>): Finding {
  if (typeof value === 'string') return admit(value, path, guard);
  if (typeof value !== 'object' || value === null) return { addresses: 0 };
  const against = (why: string): Finding => ({ addresses: 0, obstacle: { path, why } });
  if (path.length > MAX_DEPTH) return against('is nested too deeply to be looked at');
  let addresses = 0;
  for (const [key, inner] of Object.entries(value)) {
    const found = inspect(inner, [...path, Array.isArray(value) ? Number(key) : key], guard);
    if (found.obstacle !== undefined) return found;
    addresses += found.addresses;
  }
  if (!('provider' in value)) return { addresses };
  if (value.provider === 'azure' && 'speech' in value) {
    return against('the SDK of Azure Speech makes connections of its own, which nobody could look at');
  }
  if (addresses === 0 && !IN_PROCESS.some((name) => name === value.provider)) {
    return against('names no address: where it would connect to is not to be seen');
  }
  return { addresses };
}

function admit(text: string, path: PrivacyObstacle['path'], guard: Pick<HostGuard, 'admit'>): Finding {
  if (!/^\s*(?:https?|wss?):/i.test(text)) return { addresses: 0 };
  const against = (why: string): Finding => ({ addresses: 0, obstacle: { path, why } });
  if (!URL.canParse(text)) return against('is no address');
  try {
    guard.admit(new URL(text));
  } catch (error) {
    return against(error instanceof Error ? error.message : 'is not allowed');
  }
  return { addresses: 1 };
}
