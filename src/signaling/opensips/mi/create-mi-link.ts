import { assertUnreachable } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import { FifoMiLink } from './fifo-mi-link.js';
import { HttpMiLink } from './http-mi-link.js';
import type { MiAddress, MiLink } from './mi-link.js';
import { UdpMiLink } from './udp-mi-link.js';

export function createMiLink(address: MiAddress, deps: { readonly clock: Clock; readonly random: Random }): MiLink {
  switch (address.protocol) {
    case 'udp':
      return new UdpMiLink(address.host, address.port);
    case 'http':
      return new HttpMiLink(address.url);
    case 'fifo':
      return new FifoMiLink(address, deps);
    default:
      return assertUnreachable(address);
  }
}
