import { isLoopback } from '../notation/addresses.js';
import type { ParsedConfig } from '../schema.js';
import type { BrokenRule } from './broken-rule.js';

const HELP = 'use tls: or wss: for signalling, or keep it on a network that nobody listens to';

/** SDES (RFC 4568) writes the keys into SDP: whoever can read the signalling can hear the calls. */
export function checkSrtp(config: ParsedConfig): BrokenRule[] {
  const { media, signaling, trunks } = config;
  const broken: BrokenRule[] = [];
  if (media.srtp !== 'off' && signaling.driver === 'embedded') {
    const plain = signaling.embedded.listen.find(
      ({ protocol, host }) => protocol !== 'tls' && protocol !== 'wss' && !isLoopback(host),
    );
    if (plain !== undefined) {
      broken.push({
        severity: 'warning',
        path: ['media', 'srtp'],
        message: `SRTP keys go over ${plain.protocol}: in the clear`,
        help: HELP,
      });
    }
  }
  for (const [name, { srtp = media.srtp, targets }] of Object.entries(trunks)) {
    if (srtp === 'off') continue;
    const plain = targets.findIndex((target) => !/^sips:|;transport=(?:tls|wss)(?:;|$)/i.test(target));
    if (plain < 0) continue;
    broken.push({
      severity: 'warning',
      path: ['trunks', name, 'targets', plain],
      message: 'SRTP keys go to this target in the clear',
      help: HELP,
    });
  }
  return broken;
}
