import { isEverybody, isLoopback } from '../notation/addresses.js';
import type { ConfigPath } from '../reading/config-path.js';
import type { ParsedConfig } from '../schema.js';
import type { BrokenRule } from './broken-rule.js';

/** Whether peers on other machines can call in at all. */
export function hasRemotePeers({ signaling }: ParsedConfig): boolean {
  if (signaling.driver === 'drachtio') {
    return signaling.drachtio?.some(({ allow }) => allow.some((block) => !isLoopback(block))) ?? false;
  }
  // The callers are OpenSIPS's, and may be anywhere; or it serves this machine alone.
  if (signaling.driver === 'opensips') return false;
  const { allow, listen } = signaling.embedded;
  return listen.some(({ host }) => !isLoopback(host)) && allow.some((block) => !isLoopback(block));
}

/** Who may call in, where that is everybody. */
export function openToEverybody(allow: readonly string[], path: ConfigPath): BrokenRule[] {
  return allow.flatMap((block, index): BrokenRule[] => {
    if (!isEverybody(block)) return [];
    const message = 'anybody on the network may call in';
    const help = 'name the networks of your PBX and trunks';
    return [{ severity: 'warning', path: [...path, index], message, help }];
  });
}
