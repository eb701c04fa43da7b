import { isLoopback } from '../notation/addresses.js';
import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, isWritten } from './broken-rule.js';
import { hasRemotePeers, openToEverybody } from './remote-peers.js';
import { checkSessionTimers } from './session-timers.js';

/** Our own SIP endpoint. */
export function checkEmbedded(config: ParsedConfig, written: unknown): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const { embedded } = config.signaling;
  if (embedded.advertise !== undefined && isLoopback(embedded.advertise) && hasRemotePeers(config)) {
    broken.push({
      path: ['signaling', 'embedded', 'advertise'],
      message: 'peers on other machines may call in, and would be told to answer to themselves',
      help: 'advertise an address that they reach, or allow loopback only',
    });
  }
  broken.push(...openToEverybody(embedded.allow, ['signaling', 'embedded', 'allow']));
  broken.push(...checkTls(config, written));
  broken.push(...checkSessionTimers(embedded.sessionTimers, ['signaling', 'embedded']));
  const seen = new Set<string>();
  for (const [index, { protocol, host, port }] of embedded.listen.entries()) {
    const address = `${protocol}:${host}:${port}`;
    if (port !== 0 && seen.has(address)) {
      broken.push({ path: ['signaling', 'embedded', 'listen', index], message: 'this address is listed twice' });
    }
    seen.add(address);
  }
  return broken;
}

function checkTls({ signaling }: ParsedConfig, written: unknown): BrokenRule[] {
  const { listen, tls } = signaling.embedded;
  const broken: BrokenRule[] = [];
  const named = isWritten(written, ['signaling', 'embedded', 'tls']);
  for (const [index, { protocol }] of listen.entries()) {
    if ((protocol !== 'tls' && protocol !== 'wss') || named) continue;
    broken.push({
      path: ['signaling', 'embedded', 'listen', index],
      message: `${protocol}: needs a certificate`,
      help: 'add signaling.embedded.tls: { cert: FILE, key: FILE }',
    });
  }
  if (tls?.requireClientCertificate && tls.ca === undefined) {
    broken.push({
      path: ['signaling', 'embedded', 'tls', 'requireClientCertificate'],
      message: "with the system's authorities anybody's certificate would do",
      help: 'name the authority of your peers: ca: FILE',
    });
  }
  return broken;
}
