import { onTestFinished } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import type { MiLink } from '../../src/signaling/opensips/mi/mi-link.js';
import { createOpensipsDriver } from '../../src/signaling/opensips/opensips-driver.js';
import { type OpensipsOptions, opensipsDefaults } from '../../src/signaling/opensips/opensips-options.js';
import type { InboundLeg, InviteRequest, LegEvent, SignalingDriver, SipLeg } from '../../src/signaling/port.js';
import { FakeOpensips } from '../fakes/opensips/fake-opensips.js';
import type { FakeClock } from './fake-clock.js';

export const OFFER =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n';
export const ANSWER = OFFER.replace('30000', '40000');

export interface OpensipsScene {
  readonly opensips: FakeOpensips;
  readonly driver: SignalingDriver;
  readonly states: ('up' | 'down')[];
  readonly refused: { readonly invite: InviteRequest; readonly status: number }[];
  /** The leg of the next INVITE that reaches the connector. */
  nextLeg(): Promise<InboundLeg>;
}

/** MI without sockets: an answer comes in a turn of its own. */
export function linkTo(opensips: FakeOpensips): MiLink {
  let receive = (_text: string): void => {};
  return {
    address: undefined,
    open: async (onAnswer) => {
      receive = onAnswer;
    },
    send: (text) => {
      const answer = opensips.handle(text);
      if (answer !== undefined) queueMicrotask(() => receive(answer));
    },
    close: async () => {},
  };
}

/**
 * A driver over real datagrams beside a fake OpenSIPS; both are closed after the test. `options.mi` may be what `prepare`
 * makes of the fake. With a `clock` of the test's the commands go without datagrams. `onInvite` is run first for each leg.
 */
export async function openOpensipsScene(
  options: Partial<OpensipsOptions> = {},
  prepare: (opensips: FakeOpensips) => unknown = () => {},
  clock?: FakeClock,
  onInvite: () => void = () => {},
): Promise<OpensipsScene> {
  const opensips = new FakeOpensips();
  await prepare(opensips);
  await opensips.start();
  const driver = createOpensipsDriver(
    {
      mi: { protocol: 'udp', host: '127.0.0.1', port: opensips.port },
      events: { host: '127.0.0.1', port: 0 },
      allow: ['127.0.0.1'],
      domain: undefined,
      ...options,
    },
    { clock: clock ?? createSystemClock(), random: createSystemRandom() },
    clock && linkTo(opensips),
  );
  const legs: InboundLeg[] = [];
  const waiting: ((leg: InboundLeg) => void)[] = [];
  const states: ('up' | 'down')[] = [];
  const refused: { readonly invite: InviteRequest; readonly status: number }[] = [];
  await driver.start({
    onInvite: (leg) => {
      onInvite();
      const next = waiting.shift();
      if (next) next(leg);
      else legs.push(leg);
    },
    onRefused: (invite, status) => refused.push({ invite, status }),
    onStateChange: (state) => states.push(state),
  });
  onTestFinished(async () => {
    const closed = driver[Symbol.asyncDispose]();
    for (const session of opensips.sessions.ringing) opensips.respond(session, 'INVITE', 487);
    clock?.advance(opensipsDefaults.limits.closeMs);
    await closed;
    await opensips.stop();
  });
  const nextLeg = async (): Promise<InboundLeg> =>
    legs.shift() ?? new Promise<InboundLeg>((resolve) => waiting.push(resolve));
  return { opensips, driver, states, refused, nextLeg };
}

/** The events of a leg, and a promise of the first that fits. */
export function watch(leg: SipLeg): {
  readonly events: LegEvent[];
  first<Type extends LegEvent['type']>(type: Type): Promise<Extract<LegEvent, { type: Type }>>;
} {
  const events: LegEvent[] = [];
  let wake = (): void => {};
  leg.listen((event) => {
    events.push(event);
    wake();
  });
  return {
    events,
    async first<Type extends LegEvent['type']>(type: Type) {
      for (;;) {
        const found = events.find((event): event is Extract<LegEvent, { type: Type }> => event.type === type);
        if (found) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
