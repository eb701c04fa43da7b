import { setTimeout as sleep } from 'node:timers/promises';
import { type Measure, ms, percent, scaled, table } from '../lib/report.js';
import { NUMBER } from '../lib/scene.js';
import { spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';
import { callerTexts, reportedProviders } from './providers.js';
import { CascadeScene } from './scene.js';

const CALLS = 100;
const TURNS = 6;
const APART_MS = 60;
const GOAL_PERCENT = 0.6;
/** After the last has dialled, until all are up, ms. */
const SETTLED_MS = 3_000;

/** A hundred calls at once with the flavor `deepgram` as it is by default: what a call costs, and how it fares. */
export const measureCascadeLoad: Measure = async (tell, scale) => {
  const calls = scaled(CALLS, scale);
  const utterances = await Promise.all(callerTexts.map((text) => abruptUtterance(text, 'rms')));
  await using scene = await CascadeScene.open({
    provider: reportedProviders,
    flavor: { greeting: 'Hello.' },
    stt: { model: 'flux-general-en' },
    quiet: true,
  });
  tell(`cascade-load: ${calls} calls, ${TURNS} turns each`);
  const { callers } = scene;
  const before = scene.cpuMs();
  const talking = callers.ask('converse', {
    port: scene.connector.sipPort,
    number: NUMBER,
    calls,
    apartMs: APART_MS,
    turns: TURNS,
    utterances,
    quietMs: 500,
    prefix: 'l',
  });
  await sleep(calls * APART_MS + SETTLED_MS);
  // A stretch in which all of them are up, and none begins or ends: what a call costs as such.
  const [from, fromMs] = [scene.cpuMs(), performance.now()];
  await sleep(SETTLED_MS);
  const [to, toMs] = [scene.cpuMs(), performance.now()];
  const { connections } = await scene.account();
  const accounts = await talking;
  const after = scene.cpuMs();
  const callMs = accounts.reduce((sum, { answeredMs = 0, endedMs = 0 }) => sum + endedMs - answeredMs, 0);
  const whole = (after.connector - before.connector) / callMs;
  const steady = (to.connector - from.connector) / (toMs - fromMs) / calls;
  const turns = accounts.flatMap((account) => account.turns);
  const heard = turns.flatMap(({ heardMs, lastVoicedMs }) => (heardMs === undefined ? [] : heardMs - lastVoicedMs));
  const { p50, p95 } = spreadOf(heard);
  const troubles = await scene.connector.troubles();
  const thrown = troubles.uncaughtExceptions.length + troubles.unhandledRejections.length;
  return {
    title: `${calls} calls at once with the flavor deepgram`,
    lines: [
      'CPU of the connector, percent of a core a call: `whole` with the calls’ beginnings and ends, by the seconds that they',
      'lasted; `steady` in 3 s in which all of them are up. Connections at the providers while all are up; v2v at the callers’',
      'sockets with providers as fast as reported.',
      '',
      ...table(
        ['calls', 'whole', 'steady', 'listen', 'speak', 'model', 'answers', 'v2v p50', 'p95'],
        [
          [
            String(calls),
            `${(100 * whole).toFixed(2)} %`,
            `${(100 * steady).toFixed(2)} %`,
            ...[connections.listen, connections.speak, connections.model, heard.length].map(String),
            ms(p50),
            ms(p95),
          ],
        ],
      ),
    ],
    findings: [
      {
        goal: `CPU <= ${GOAL_PERCENT} % of a core a call`,
        measured: `${(100 * whole).toFixed(2)} % whole, ${(100 * steady).toFixed(2)} % steady`,
        ok: 100 * whole <= GOAL_PERCENT,
      },
      {
        goal: 'every turn is answered, nothing is thrown',
        measured: `${percent(heard.length, calls * TURNS)}, ${thrown}`,
        ok: heard.length === calls * TURNS && thrown === 0,
      },
    ],
  };
};
