import { isEverybody } from '../notation/addresses.js';
import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, isWritten } from './broken-rule.js';
import { openToEverybody } from './remote-peers.js';
import { checkSessionTimers } from './session-timers.js';

/**
 * The servers of `driver: drachtio`.
 *
 * @param written The file as plain data: servers that are there, though something is wrong with them.
 */
export function checkDrachtio({ signaling }: ParsedConfig, written: unknown): BrokenRule[] {
  const servers = signaling.drachtio ?? [];
  const broken: BrokenRule[] = [];
  if (!isWritten(written, ['signaling', 'drachtio'])) {
    broken.push({
      path: ['signaling', 'driver'],
      message: 'no drachtio server is named',
      help: 'add signaling.drachtio: { host: ADDRESS, secret: ... }',
    });
  }
  const seen = new Set<string>();
  let listens = false;
  for (const [index, { allow, from, host, listen, port, sessionTimers }] of servers.entries()) {
    const path = ['signaling', 'drachtio', index];
    const address = `${host}:${port}`;
    if (host !== undefined && seen.has(address)) broken.push({ path, message: 'this server is named twice' });
    if (listen !== undefined && listens) {
      broken.push({ path: [...path, 'listen'], message: 'servers connect to one place only' });
    }
    listens ||= listen !== undefined;
    broken.push(...checkSessionTimers(sessionTimers, path));
    seen.add(address);
    for (const [block, text] of from.entries()) {
      if (listen === undefined || !isEverybody(text)) continue;
      broken.push({
        path: [...path, 'from', block],
        message: 'anybody on the network would be told the secret',
        help: 'name the addresses of your drachtio servers',
      });
    }
    broken.push(...openToEverybody(allow, [...path, 'allow']));
  }
  return broken;
}
