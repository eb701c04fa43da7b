import { setTimeout as sleep } from 'node:timers/promises';
import { speak8k } from '../../support/speech.js';
import { type Measure, ms, scaled, table } from '../lib/report.js';
import { spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';
import type { CascadeProviderSetup } from './provider-api.js';
import { CascadeScene } from './scene.js';

const CALLS = 20;
const CALLS_AT_ONCE = 10;
const PAUSE_MS = 800;
const GOAL_MS = 300;
const PATIENCE_MS = 15_000;
const groups = ['My number is', 'zero two zero', 'seven nine four six', 'zero one two three'] as const;
const number = groups.join(' ');

const provider: CascadeProviderSetup = {
  // Endpointing after 300 ms ends a line for Nova at every pause.
  lines: [...groups, 'Yes.'],
  answers: [{ text: 'Thank you. Shall I send it there?' }],
  delays: { interimMs: 50, finalMs: 60, speechMs: 80, speechSpreadMs: 20 },
  eagerSilenceMs: 200,
  endSilenceMs: 300,
};

interface PatientCall {
  /** What the model was asked, one dialogue a request. */
  readonly asked: readonly (readonly string[])[];
  /** From the final transcript of "Yes." to the request, and to the first sound of an answer less what providers took, ms. */
  readonly requestMs: number | undefined;
  readonly soundMs: number | undefined;
}

/** Nova, with the turns decided here: digits in groups are waited for, a complete word is not. */
export const measurePatience: Measure = async (tell, scale) => {
  const calls = scaled(CALLS, scale);
  const spoken = await Promise.all(groups.map((text) => speak8k(text, 'rms')));
  const yes = await abruptUtterance('Yes', 'rms');
  await using scene = await CascadeScene.open({
    provider,
    flavor: { greeting: 'Your number, please.' },
    stt: { model: 'nova-3' },
  });
  const found: PatientCall[] = [];
  for (let first = 0; first < calls; first += CALLS_AT_ONCE) {
    const last = Math.min(first + CALLS_AT_ONCE, calls);
    tell(`cascade-patience: calls ${first + 1} to ${last} of ${calls}`);
    await scene.provider.ask('clear', undefined);
    const batch = Array.from({ length: last - first }, async (_, index) => {
      await sleep(index * 200);
      return await patientCall(scene, `p-${first + index}`, spoken, yes);
    });
    const said = await Promise.all(batch);
    const { requests, turns, speeches } = await scene.account();
    for (const { from, saidYesMs, heardMs } of said) {
      const own = requests.filter(({ system }) => new RegExp(`caller ${from}(?!\\d)`, 'u').test(system));
      const request = own.find(({ dialogue }) => dialogue.at(-1) === 'user: Yes.');
      const turn = turns.findLast(
        ({ lastVoicedAtMs, toldAtMs = Number.NaN }) =>
          Math.abs(lastVoicedAtMs - saidYesMs) < 150 && toldAtMs <= (request?.atMs ?? 0),
      );
      const toldMs = turn?.toldAtMs;
      const speech = speeches.find(
        ({ askedAtMs }) => request?.firstTokenAtMs !== undefined && askedAtMs >= request.firstTokenAtMs,
      );
      const tookMs =
        (request?.firstTokenAtMs ?? 0) -
        (request?.atMs ?? 0) +
        (speech?.firstAudioAtMs ?? 0) -
        (speech?.askedAtMs ?? 0);
      found.push({
        asked: own.map(({ dialogue }) => dialogue),
        requestMs: toldMs === undefined || request === undefined ? undefined : request.atMs - toldMs,
        soundMs: toldMs === undefined || heardMs === undefined ? undefined : heardMs - toldMs - tookMs,
      });
    }
  }
  const cutOff = found.filter(({ asked }) => asked.length === 0 || !isWhole(asked[0] ?? []));
  for (const { asked } of cutOff) tell(JSON.stringify(asked));
  const requests = spreadOf(found.flatMap(({ requestMs }) => requestMs ?? []));
  const sounds = spreadOf(found.flatMap(({ soundMs }) => soundMs ?? []));
  return {
    title: 'Patience: digits in groups, and a complete word',
    lines: [
      `Nova-3, turns decided by the cascade. A telephone number in ${groups.length} groups with pauses of ${PAUSE_MS} ms is one turn; "Yes."`,
      'is one at once: ms from its final transcript to the request to the model, and to the answer’s first sound at the caller',
      'without what model and voice took.',
      '',
      ...table(
        ['calls', 'numbers whole', 'request p50', 'p95', 'sound p50', 'p95'],
        [
          [
            String(found.length),
            String(found.length - cutOff.length),
            ...[requests.p50, requests.p95, sounds.p50, sounds.p95].map(ms),
          ],
        ],
      ),
    ],
    findings: [
      {
        goal: `a number with pauses of ${PAUSE_MS} ms is not cut off`,
        measured: `${cutOff.length} of ${found.length} cut off`,
        ok: cutOff.length === 0 && found.length === calls,
      },
      {
        goal: `"Yes." is answered within ${GOAL_MS} ms of its final transcript`,
        measured: `${requests.count} of ${found.length}: request ${ms(requests.max)} ms at most, sound p50 ${ms(sounds.p50)}, p95 ${ms(sounds.p95)}`,
        ok: requests.count === found.length && sounds.p95 <= GOAL_MS,
      },
    ],
  };
};

function isWhole(dialogue: readonly string[]): boolean {
  return (
    dialogue
      .at(-1)
      ?.toLowerCase()
      .replaceAll(/[^a-z ]/gu, '') === `user ${number.toLowerCase()}`
  );
}

async function patientCall(
  scene: CascadeScene,
  from: string,
  spoken: readonly Int16Array[],
  yes: Int16Array,
): Promise<{ readonly from: string; readonly saidYesMs: number; readonly heardMs: number | undefined }> {
  const caller = scene.caller({ from });
  let saidYesMs = Number.NaN;
  if (await caller.dial()) {
    await caller.untilHeard(0, PATIENCE_MS);
    await caller.untilQuiet(500, PATIENCE_MS);
    let saidMs = 0;
    for (const [index, group] of spoken.entries()) {
      if (index > 0) await sleep(PAUSE_MS);
      saidMs = (await caller.say(group)).lastVoicedMs;
    }
    await caller.untilHeard(saidMs, PATIENCE_MS);
    await caller.untilQuiet(700, PATIENCE_MS);
    saidYesMs = (await caller.say(yes)).lastVoicedMs;
    await caller.untilHeard(saidYesMs, PATIENCE_MS);
    caller.hangUp();
  }
  await caller.ended;
  return { from, saidYesMs, heardMs: caller.firstHeardAfter(saidYesMs) };
}
