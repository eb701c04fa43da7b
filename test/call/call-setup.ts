import { CircuitBreaker } from '../../src/base/circuit-breaker.js';
import { createSystemRandom } from '../../src/base/random.js';
import { Call } from '../../src/call/call.js';
import type { CallDeps, CallOptions } from '../../src/call/call-options.js';
import { MediaNegotiation } from '../../src/call/media/media-negotiation.js';
import { FailOverPlan, type FlavorChoice } from '../../src/call/session/fail-over-plan.js';
import { EventRound, type FlavorCapabilities } from '../../src/flavor-api/index.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import type { InviteRequest } from '../../src/signaling/port.js';
import { createHangUpTool } from '../../src/tools/hang-up.js';
import { defaultCallLimits, defaultCallPolicies, noSounds } from '../support/call-policies.js';
import { FakeAnnouncer } from '../support/fake-announcer.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeFlavor, type FakeSession } from '../support/fake-flavor.js';
import { FakeLeg } from '../support/fake-leg.js';
import { FakeEngine, type FakeStream } from '../support/fake-media.js';
import { FakeOutboundLeg } from '../support/fake-outbound-leg.js';
import { freeMeter } from '../support/free-meter.js';
import { createKeptLog } from '../support/silent-log.js';
import { runnerOf } from '../support/tool-runner.js';

export interface CallSetup {
  readonly invite?: Partial<InviteRequest>;
  readonly options?: Partial<CallOptions>;
  readonly capabilities?: Partial<FlavorCapabilities>;
  readonly deps?: Partial<CallDeps>;
  /** Of each flavor. */
  readonly retries?: number;
  readonly backups?: readonly FakeFlavor[];
}

/** A call on fakes: no socket, no real time. */
export function setUp({
  invite = {},
  options = {},
  capabilities = {},
  deps = {},
  retries = 0,
  backups = [],
}: CallSetup = {}) {
  const clock = new FakeClock(1000);
  const leg = new FakeLeg({ receivedAtMs: clock.now(), ...invite });
  const flavor = new FakeFlavor(capabilities);
  const engine = new FakeEngine(clock);
  const choices = [
    choiceOf('echo', flavor, clock),
    ...backups.map((backup, index) => choiceOf(`backup-${index + 1}`, backup, clock)),
  ];
  const secondLegs: FakeOutboundLeg[] = [];
  const records: CallRecord[] = [];
  const events: CallEvent[] = [];
  const negotiation = new MediaNegotiation(
    leg.invite.sdp,
    { address: '127.0.0.1', codecs: ['pcmu', 'pcma'] },
    createSystemRandom(),
  );
  const log = createKeptLog();
  const identity = {
    id: 'c1',
    direction: 'inbound' as const,
    from: 'alice',
    to: '2000',
    route: '1',
    flavor: 'echo',
    startedAtMs: clock.wallTime(),
  };
  const call = new Call(
    leg,
    {
      identity,
      greeting: undefined,
      instructions: undefined,
      render: (text) => text,
      variables: {},
      headers: new Map(),
      answer: { delayMs: 0, earlyMedia: false, headers: new Map() },
      hangUp: { headers: new Map() },
      limits: { ...defaultCallLimits, silenceMs: 10_000 },
      ...defaultCallPolicies,
      include: ['transcript', 'heardText', 'dtmf'],
      ...options,
    },
    {
      clock,
      engine,
      eventRound: new EventRound(),
      plan: new FailOverPlan(choices, retries),
      announcer: new FakeAnnouncer(),
      sounds: noSounds,
      negotiation,
      features: { attendedTransfer: true, headers: true, infoDigits: true },
      tools: runnerOf(createHangUpTool()),
      second: {
        clock,
        engine,
        invite: (request) => {
          const outbound = new FakeOutboundLeg(request);
          secondLegs.push(outbound);
          return outbound;
        },
        order: ({ uri }) => ({ uri }),
        negotiate: (address, codec) => {
          const codecs = codec === 'pcma' ? (['pcma', 'pcmu'] as const) : (['pcmu', 'pcma'] as const);
          return new MediaNegotiation(undefined, { address, codecs }, createSystemRandom());
        },
      },
      openRecorder: undefined,
      log,
      emit: (event) => events.push(event),
      beforeAnswer: async () => undefined,
      openMeter: () => freeMeter,
      onFinished: (record) => records.push(record),
      ...deps,
    },
  );
  return { clock, leg, flavor, choices, engine, secondLegs, records, events, call, log };
}

export function choiceOf(name: string, flavor: FakeFlavor, clock: FakeClock): FlavorChoice {
  return { name, flavor, breaker: new CircuitBreaker({ failures: 5, openMs: 30_000 }, clock) };
}

export type Setup = ReturnType<typeof setUp>;

/** Lets everything that only waits for promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Brings the call to its answer and ACK. */
export async function answer(setup: Setup): Promise<{ stream: FakeStream; session: FakeSession }> {
  setup.call.begin();
  await settle();
  const stream = setup.engine.streams[0];
  const session = setup.flavor.sessions[0];
  if (!stream || !session) throw new Error('the call did not open');
  setup.leg.emit({ type: 'acked', sdp: undefined });
  return { stream, session };
}

/** Lets `ms` of the call pass, the caller speaking or not. */
export async function slots(setup: Setup, stream: FakeStream, ms: number, voiced = false): Promise<void> {
  for (let elapsed = 0; elapsed < ms; elapsed += 20) {
    setup.clock.advance(20);
    stream.slot(voiced);
    await settle();
  }
}

/** The caller hangs up. */
export const bye = { type: 'ended', end: { by: 'peer', status: 0, text: '' } } as const;
