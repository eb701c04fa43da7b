import type { SipProtocol } from './port.js';

const protocols: ReadonlyMap<string, SipProtocol> = new Map(
  (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).map((name) => [name, name]),
);

/** The protocol of that name, in lower case; `undefined` where there is none. */
export function sipProtocolOf(name: string): SipProtocol | undefined {
  return protocols.get(name.toLowerCase());
}
