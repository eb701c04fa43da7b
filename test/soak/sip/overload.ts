import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.js';
import { ConnectorHost } from '../lib/connector-host.js';
import { type Finding, type Measure, ms, scaled } from '../lib/report.js';
import type { FloodReport } from './flood.js';
import type { FloodApi } from './flood-api.js';

/** Calls at once that the connector takes. */
const LIMIT = 50;
/** Calls that are up all the time, whose audio is watched. */
const RUNNING = 40;
const PER_SECOND = 1_000;
const SECONDS = 10;

/** What `echo_calls.py` prints, as far as it is read here. */
interface EchoFigures {
  readonly ended: number;
  readonly packets: { readonly received: number; readonly sequenceGaps: number };
  readonly pacingDeviationMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Holds calls with audio both ways; the kernel's own time stamps tell when each packet came. */
async function runningCalls(port: number, calls: number, seconds: number): Promise<EchoFigures> {
  const script = fileURLToPath(new URL('../../../../test/soak/echo_calls.py', import.meta.url));
  const args = ['--port', String(port), '--calls', String(calls), '--seconds', String(seconds)];
  const child = spawn('python3', [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`echo_calls.py ended with ${code}`);
  return JSON.parse(output);
}

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** 1,000 INVITE/s for 10 s at a limit of 50 calls, 40 of which are up all the time. */
export const measureOverload: Measure = async (tell, scale) => {
  const seconds = scaled(SECONDS, scale);
  await using connector = await ConnectorHost.start({
    quiet: true,
    config: {
      limits: { calls: LIMIT, callsPerSecond: 10_000, perSourcePerSecond: 10_000 },
      flavors: { echo: { use: 'echo', mode: 'immediate' } },
      routes: [{ match: { to: '2001' }, flavor: 'echo' }],
    },
  });
  await using flood = Child.start<FloodApi>(new URL('flood-child.js', import.meta.url));
  const shared = { port: connector.sipPort, number: '2001' };
  // Compiled code is what an operator's connector runs when a flood comes.
  await flood.ask('run', { ...shared, perSecond: 40, calls: 80, holdMs: 500 });
  tell('40 calls get up');
  const running = runningCalls(connector.sipPort, RUNNING, seconds + 15);
  await pause(3_000);
  await connector.stalls();
  const cpuMs = connector.cpuMs();
  tell(`${PER_SECOND} INVITE/s for ${seconds} s`);
  const flooded = await flood.ask('run', {
    ...shared,
    perSecond: PER_SECOND,
    calls: PER_SECOND * seconds,
    holdMs: 1_000,
  });
  const busy = (connector.cpuMs() - cpuMs) / flooded.tookMs;
  const stalls = await connector.stalls();
  const recovered = await flood.ask('run', { ...shared, perSecond: 5, calls: 5, holdMs: 200 });
  const echo = await running;
  const { calls } = await connector.resources();
  const troubles = await connector.troubles();
  const lines = [
    `INVITE to final response, ms: p50 ${ms(flooded.answerMs.p50)}, p95 ${ms(flooded.answerMs.p95)}, p99 ${ms(flooded.answerMs.p99)}, max ${ms(flooded.answerMs.max)}`,
    `accepted ${flooded.accepted}, refused ${flooded.refused}, retransmissions ${flooded.retransmissions}, took ${ms(flooded.tookMs)} ms`,
    `processor of the connector: ${(busy * 100).toFixed(0)} % of one core; event loop away at most ${ms(stalls.longestMs)} ms`,
    `RTP of ${RUNNING} calls: deviation from 20 ms p50 ${ms(echo.pacingDeviationMs.p50)}, p99 ${ms(echo.pacingDeviationMs.p99)}, max ${ms(echo.pacingDeviationMs.max)} ms`,
  ];
  const longestGapMs = echo.pacingDeviationMs.max + 20;
  const findings: readonly Finding[] = [
    { goal: 'every INVITE gets 200 or 503', ...allAnswered(flooded) },
    {
      goal: 'every 503 has Retry-After',
      measured: `${flooded.withoutRetryAfter} without`,
      ok: flooded.withoutRetryAfter === 0 && flooded.refused > 0,
    },
    {
      goal: `never more than ${LIMIT} calls`,
      measured: `${RUNNING} + ${flooded.mostAtOnce}`,
      ok: RUNNING + flooded.mostAtOnce <= LIMIT,
    },
    { goal: 'p99 below 500 ms', measured: `${ms(flooded.answerMs.p99)} ms`, ok: flooded.answerMs.p99 < 500 },
    { goal: 'RTP gaps below 60 ms', measured: `${ms(longestGapMs)} ms`, ok: longestGapMs < 60 },
    {
      goal: 'normal within 2 s',
      measured: `${recovered.accepted} of 5 calls, at most ${ms(recovered.answerMs.max)} ms`,
      ok: recovered.accepted === 5 && recovered.answerMs.max < 500 && recovered.unendable === 0,
    },
    {
      goal: 'no call left',
      measured: `${calls}, and ${echo.ended} running ones ended`,
      ok: calls === 0 && echo.ended === RUNNING,
    },
    {
      goal: 'nothing thrown',
      measured: `${troubles.uncaughtExceptions.length + troubles.unhandledRejections.length}`,
      ok: troubles.uncaughtExceptions.length + troubles.unhandledRejections.length === 0,
    },
  ];
  return { title: `Overload: ${PER_SECOND} INVITE/s for ${seconds} s at calls: ${LIMIT}`, lines, findings };
};

function allAnswered({ calls, accepted, refused, unanswered, others }: FloodReport): Omit<Finding, 'goal'> {
  const strange = Object.entries(others).map(([status, count]) => `, ${count} x ${status}`);
  return {
    measured: `${accepted} + ${refused} of ${calls}, ${unanswered} unanswered${strange.join('')}`,
    ok: accepted + refused === calls,
  };
}
