import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { RtpPeer } from '../support/rtp-peer.js';
import { token } from './peer/basics.js';
import { Phone } from './peer/phone.js';
import type { Transport } from './peer/sip-socket.js';
import { Deviation, type Partner, type Scenario, type Scene, type Verdict } from './scenario.js';
import { type Subject, waitForCalls } from './subject.js';
import type { StartedPartner } from './subjects.js';

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly transports: readonly Transport[];
  /** How many run beside each other. */
  readonly beside: number;
  /** Starts the partner over a transport, where a scenario asks for it; `undefined` where there can be none. */
  partner(transport: Transport): Promise<StartedPartner | undefined>;
  /** Where there is one; scenarios that need it are left out elsewhere. */
  readonly partnerOver: readonly Transport[];
  /** Scenarios that take longer are left out. */
  readonly maxSeconds: number;
}

/** One scenario over one transport. */
export interface Run {
  readonly scenario: Scenario;
  readonly transport: Transport;
  readonly verdict: Promise<Verdict>;
}

/** What all scenarios have in common. */
interface Common {
  readonly subject: Subject;
  /** A port that takes RTP and forgets it. */
  readonly sinkPort: number;
  partner(transport: Transport): Promise<Partner>;
}

interface Job {
  readonly scenario: Scenario;
  readonly transport: Transport;
  settle(verdict: Verdict): void;
}

/** Longest time of a scenario beyond what it says it takes, ms. */
const LIMIT_MS = 50_000;

/**
 * Runs every scenario over every transport: those that may, side by side; then those that fill the subject, one after the
 * other; then those after which it takes no calls. The verdicts come as they come.
 */
export function runScenarios(subject: Subject, options: RunOptions): readonly Run[] {
  const jobs: Job[] = [];
  const runs = options.scenarios.flatMap((scenario) =>
    options.transports.map((transport): Run => {
      const verdict = new Promise<Verdict>((settle) => {
        const early = withoutRunning(subject, scenario, transport, options);
        if (early) settle(early);
        else jobs.push({ scenario, transport, settle });
      });
      return { scenario, transport, verdict };
    }),
  );
  void work(subject, jobs, options);
  return runs;
}

function withoutRunning(
  subject: Subject,
  { over, except, partner = false, seconds = 0 }: Scenario,
  transport: Transport,
  { maxSeconds, partnerOver }: RunOptions,
): Verdict | undefined {
  if (over && !over.includes(transport)) return { result: 'left-out', seen: `only over ${over.join(', ')}` };
  if (partner && transport === 'ws') return { result: 'left-out', seen: 'no browser is called or registered with' };
  const excepted = except?.[subject.driver];
  const reason = typeof excepted === 'string' ? excepted : excepted?.[transport];
  if (reason !== undefined) return { result: 'excepted', seen: reason };
  if (partner && !partnerOver.includes(transport)) return { result: 'left-out', seen: `no partner over ${transport}` };
  if (seconds > maxSeconds) return { result: 'left-out', seen: `takes ${seconds} s` };
  return undefined;
}

/** Never rejects. */
async function work(subject: Subject, jobs: readonly Job[], { beside, partner }: RunOptions): Promise<void> {
  const sink = createSocket('udp4');
  sink.bind(0, '127.0.0.1');
  await once(sink, 'listening');
  const partners = new Map<Transport, Promise<StartedPartner | undefined>>();
  const common: Common = {
    subject,
    sinkPort: sink.address().port,
    partner: async (transport) => {
      const there = await partners.get(transport);
      if (!there) throw new Deviation(`there is no partner over ${transport}`);
      return there;
    },
  };
  // One after the other and before all else: beside ten scenarios on a busy machine three starts take longer than a
  // scenario waits.
  for (const transport of new Set(jobs.filter((job) => job.scenario.partner).map((job) => job.transport))) {
    const started = partner(transport).catch((error: unknown) => {
      throw new Deviation(`the partner over ${transport} did not start: ${String(error)}`);
    });
    partners.set(transport, started);
    await started.catch(() => undefined);
  }
  const of = (turn: Scenario['turn']): Job[] => jobs.filter(({ scenario }) => (scenario.turn ?? 'beside') === turn);
  // The longest first, so that none of them runs on when all others are done.
  const queue = [...of('first'), ...of('beside').sort((a, b) => (b.scenario.seconds ?? 0) - (a.scenario.seconds ?? 0))];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job; job = queue.shift()) await runJob(job, common);
  };
  await Promise.all(Array.from({ length: beside }, worker));
  for (const job of of('alone')) {
    await waitForCalls(subject, 0).catch(() => undefined);
    await runJob(job, common);
  }
  const last = of('last');
  await Promise.all(
    [...new Set(last.map(({ scenario }) => scenario))].map(async (scenario) => {
      const same = last.filter((job) => job.scenario === scenario);
      const meet = meeting(same.length);
      await Promise.all(same.map((job) => runJob(job, common, meet)));
    }),
  );
  sink.close();
  await Promise.allSettled([...partners.values()].map(async (started) => (await started)?.[Symbol.asyncDispose]()));
}

/** Resolves for everybody once `size` have called; then again for the next round. */
function meeting(size: number): () => Promise<void> {
  let waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length < size) return;
      for (const go of waiting) go();
      waiting = [];
    });
}

async function runJob(
  { scenario, transport, settle }: Job,
  { subject, sinkPort, partner }: Common,
  meet: Scene['meet'] = async () => {},
): Promise<void> {
  const opened: AsyncDisposable[] = [];
  const phones: Phone[] = [];
  const scene: Scene = {
    subject,
    transport,
    meet,
    partner: () => partner(transport),
    phone: async ({ from, family = 4, at = subject } = {}) => {
      const target = at.sip(transport, family);
      if (!target) throw new Deviation(`the subject does not listen on ${transport}, IPv${family}`);
      const options = { transport, target, user: `p${token()}`, sinkPort, ...(from !== undefined && { from }) };
      const phone = await Phone.open(options);
      phones.push(phone);
      opened.push(phone);
      return phone;
    },
    rtp: async () => {
      const peer = await RtpPeer.open();
      opened.push(peer);
      return peer;
    },
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const limitMs = LIMIT_MS + (scenario.seconds ?? 0) * 1000;
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 1000} s`)), limitMs);
  });
  let seen: string | undefined;
  try {
    await Promise.race([scenario.run(scene), late]);
    const exchange = scenario.partner ? (await partner(transport)).exchange : undefined;
    const faults = [...phones.flatMap((phone) => phone.faults), ...(exchange?.faults.splice(0) ?? [])];
    if (faults.length > 0) seen = [...new Set(faults)].slice(0, 3).join('; ');
  } catch (error) {
    seen = error instanceof Error ? error.message : String(error);
  }
  clearTimeout(timer);
  await Promise.allSettled(opened.map((resource) => resource[Symbol.asyncDispose]()));
  settle(seen === undefined ? { result: 'pass' } : { result: 'fail', seen });
}
