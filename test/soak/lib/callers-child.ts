/** Entry point of the process that many callers live in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { createPhoneParts } from '../../../src/phone/phone-parts.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { Caller } from './caller.js';
import type { CallersApi, ConversationAccount, Conversations } from './callers-api.js';
import { serve } from './child.js';

const ANSWER_LIMIT_MS = 15_000;
/** Longest wait for the agent to begin, and to finish. */
const PATIENCE_MS = 20_000;
/** A person's pause before speaking: from 300 ms, spread so that no two callers keep step with the clocks of the machine. */
const PAUSE_MS = { least: 300, spread: 400 } as const;

const clock = createSystemClock();
const random = createSystemRandom();
const parts = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, { clock, random });

serve<CallersApi>(
  {
    async converse(params) {
      return await Promise.all(Array.from({ length: params.calls }, (_, index) => converse(index, params)));
    },
  },
  async () => await parts[Symbol.asyncDispose](),
);

async function converse(index: number, params: Conversations): Promise<ConversationAccount> {
  const { port, number, turns, utterances, quietMs, apartMs, prefix, patienceMs = PATIENCE_MS } = params;
  const pauses = new SeededRandom(index + 1);
  await sleep(index * apartMs);
  const from = `${prefix}-${index}`;
  const caller = new Caller({ port, number, from }, { parts, clock, random });
  const answered = await Promise.race([caller.dial(), sleep(ANSWER_LIMIT_MS, false)]);
  const said: ConversationAccount['turns'][number][] = [];
  if (answered) await caller.untilHeard(0, patienceMs);
  for (let turn = 0; answered && turn < turns && caller.endedMs === undefined; turn += 1) {
    await caller.untilQuiet(quietMs, patienceMs);
    await sleep(PAUSE_MS.least + pauses.integer(PAUSE_MS.spread));
    const spoken = await caller.say(utterances[turn % utterances.length] ?? new Int16Array(0));
    await caller.untilHeard(spoken.lastVoicedMs, patienceMs);
    said.push({ ...spoken, heardMs: caller.firstHeardAfter(spoken.lastVoicedMs) });
  }
  await caller.untilQuiet(quietMs, patienceMs);
  caller.hangUp();
  await caller.ended;
  return { from, answeredMs: caller.answeredMs, endedMs: caller.endedMs, turns: said, stretches: caller.stretches };
}
