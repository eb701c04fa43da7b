import { createHostGuard, type HostGuard, privacyObstacle, privateProfile } from 'sip-voice-connector/cascade';

/** Where private calls may go, and whether all calls are private. */
export interface Privacy {
  readonly allPrivate: boolean;
  /** Names, addresses and blocks beside loopback and private addresses. */
  readonly hosts: readonly string[];
  /** Engines that hear private calls connect through it. */
  readonly guard: HostGuard;
}

/** @throws FlavorError `ERR_FLAVOR_CONFIG` for a host that is neither a name nor an address nor a block */
export function privacyOf(hosts: readonly string[], allPrivate: boolean): Privacy {
  return { allPrivate, hosts, guard: createHostGuard({ hosts }) };
}

/** Whether the engine of a section is where private calls may go. What does not say where it is, is not. */
export function isPrivate(section: object, { guard }: Pick<Privacy, 'guard'>): boolean {
  return privacyObstacle(section, guard) === undefined;
}

/**
 * @param place of the section in the flavor's configuration
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for an engine that is somewhere else
 */
export function requirePrivate(section: object, place: string, { hosts }: Privacy): void {
  privateProfile({ [place]: section }, { hosts });
}
