import type { RegisterConfig } from '../config/config.js';
import type { RegistrationStatus, SignalingDriver } from '../signaling/port.js';

/** What `/readyz` answers: 503 unless `ready`, with the reasons in any case. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface ReadinessParts {
  readonly draining: boolean;
  readonly driverUp: boolean;
  /** Absent before the start. */
  readonly driver: Pick<SignalingDriver, 'servers' | 'registrations'> | undefined;
  /** The extensions as configured. */
  readonly register: readonly Pick<RegisterConfig, 'registrar' | 'user' | 'required'>[];
}

/** Why no call can be taken or made at all. */
export function obstacles({ draining, driverUp }: Pick<ReadinessParts, 'draining' | 'driverUp'>): readonly string[] {
  return [...(draining ? ['draining'] : []), ...(driverUp ? [] : ['the SIP driver is down'])];
}

/**
 * Whether calls come in. One server of several that is missing takes no calls, but the others do; so it is with a PBX that
 * we are not registered with, unless the file says that it is required. Both are named. `/readyz` asks for no token:
 * extensions are not named.
 */
export function readiness(parts: ReadinessParts): Readiness {
  const { driver, register } = parts;
  const missing = (driver?.servers?.() ?? [])
    .filter(({ state }) => state !== 'up')
    .map(({ name, state }) => `${name} ${state === 'down' ? 'is not connected' : 'refuses our secret'}`);
  const unregistered = (driver?.registrations?.() ?? []).filter((status) => !isRegistered(status));
  const required = unregistered.some(({ registrar, user }) =>
    register.some((extension) => extension.required && extension.registrar === registrar && extension.user === user),
  );
  const stopping = obstacles(parts);
  const named = new Set(unregistered.map(({ registrar }) => `an extension is not registered with ${registrar}`));
  return { ready: stopping.length === 0 && !required, reasons: [...stopping, ...missing, ...named] };
}

/** A refresh that failed leaves the binding as it is until it expires. */
function isRegistered({ expiresAtMs, state }: RegistrationStatus): boolean {
  return state === 'registered' || expiresAtMs !== undefined;
}
