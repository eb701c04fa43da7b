import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { createEmbeddedDriver } from '../../src/signaling/embedded/embedded-driver.js';
import type { EmbeddedOptions } from '../../src/signaling/embedded/embedded-options.js';
import type { InboundLeg, LegEvent, ListeningAddress, SignalingDriver, SipProtocol } from '../../src/signaling/port.js';

export interface SocketDriver extends AsyncDisposable {
  readonly driver: SignalingDriver;
  readonly bound: readonly ListeningAddress[];
  readonly legs: readonly InboundLeg[];
  readonly events: readonly LegEvent[];
  readonly warnings: readonly object[];
  /** Names that were looked up; none resolves. */
  readonly names: readonly string[];
}

/** A driver on real sockets of loopback, UDP and TCP where nothing else is asked for. */
export async function startSocketDriver(
  onInvite: (leg: InboundLeg) => unknown,
  options: Partial<EmbeddedOptions> & { readonly address?: string; readonly protocols?: readonly SipProtocol[] } = {},
): Promise<SocketDriver> {
  const { address = '127.0.0.1', protocols = ['udp', 'tcp'], ...rest } = options;
  const legs: InboundLeg[] = [];
  const events: LegEvent[] = [];
  const warnings: object[] = [];
  const names: string[] = [];
  const driver = createEmbeddedDriver(
    {
      listen: protocols.map((protocol) => ({ protocol, host: address, port: 0 })),
      allow: ['127.0.0.0/8', '::1/128'],
      ...rest,
    },
    {
      clock: createSystemClock(),
      random: createSystemRandom(),
      log: { debug: () => {}, warn: (fields) => warnings.push(fields) },
      lookup: async (name) => {
        names.push(name);
        throw new Error('ENOTFOUND');
      },
    },
  );
  const bound = await driver.start({
    onInvite: (leg) => {
      legs.push(leg);
      leg.listen((event) => events.push(event));
      return onInvite(leg);
    },
    onRefused: () => {},
    onStateChange: () => {},
  });
  return { driver, bound, legs, events, warnings, names, [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose]() };
}

export function addressOf({ bound }: SocketDriver, protocol: SipProtocol): ListeningAddress {
  const address = bound.find((listening) => listening.protocol === protocol);
  if (address === undefined) throw new Error(`no ${protocol}`);
  return address;
}
