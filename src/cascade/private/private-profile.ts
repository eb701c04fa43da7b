import { FlavorError } from '../../flavor-api/index.js';
import { createHostGuard, type HostGuard, type HostGuardOptions } from '../engines/shared/host-guard.js';

/** Engines that work inside the process: they have no address. */
const IN_PROCESS: readonly string[] = ['sherpa-onnx'];
const MAX_DEPTH = 12;

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
  for (const [name, section] of Object.entries(sections)) inspect(section, name, guard, 0);
  return guard;
}

/** How many addresses there are in a section; all of them are allowed. */
function inspect(value: unknown, path: string, guard: HostGuard, depth: number): number {
  if (typeof value === 'string') return admit(value, path, guard);
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) throw refusal(path, 'is nested too deeply to be looked at');
  const found = Object.entries(value).map(([key, inner]) =>
    inspect(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, guard, depth + 1),
  );
  const addresses = found.reduce((sum, count) => sum + count, 0);
  if (!('provider' in value)) return addresses;
  if (value.provider === 'azure' && 'speech' in value) {
    throw refusal(path, 'the SDK of Azure Speech makes connections of its own, which nobody could look at');
  }
  if (addresses === 0 && !IN_PROCESS.some((name) => name === value.provider)) {
    throw refusal(path, 'names no address: where it would connect to is not to be seen');
  }
  return addresses;
}

function admit(text: string, path: string, guard: HostGuard): number {
  if (!/^\s*(?:https?|wss?):/i.test(text)) return 0;
  if (!URL.canParse(text)) throw refusal(path, 'is no address');
  try {
    guard.admit(new URL(text));
  } catch (error) {
    throw refusal(path, error instanceof Error ? error.message : 'is not allowed');
  }
  return 1;
}

function refusal(path: string, why: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_CONFIG', `profile private, ${path}: ${why}`, false);
}
