import type { InviteRequest } from '../signaling/port.js';

/** Whether a caller takes requests of this method: what its Allow says (RFC 3261 section 20.5), else probably. */
export function allowsMethod({ headers }: Pick<InviteRequest, 'headers'>, method: string): boolean {
  const allow = headers.get('allow');
  if (allow === undefined) return true;
  return allow.some((value) => value.split(',').some((name) => name.trim() === method));
}
