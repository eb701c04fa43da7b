import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMulaw } from '../../../src/audio/g711.js';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { exactWordTimes } from '../../support/speech.js';
import { heardPart } from '../lib/audio-search.js';
import type { Caller } from '../lib/caller.js';
import { type Measure, ms, scaled, table } from '../lib/report.js';
import { spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';
import type { CascadeProviderSetup } from './provider-api.js';
import { callerTexts, reportedProviders } from './providers.js';
import { CascadeScene } from './scene.js';

const CALLS = 4;
/** Each in processes of its own. */
const CASES_AT_ONCE = 2;
const GOAL_MS = 1_500;
const PATIENCE_MS = 30_000;
/** After what the agent is heard to say, or the caller begins to, ms. */
const MOMENT_MS = 1_200;
/** Of a word, so much must be heard to count; a stretch of a text that is found is longer. ms. */
const HEARD_MS = 60;
const SHORTEST_MS = 150;
/** Whose the two voices are. */
const voices: readonly [FliteVoiceName, FliteVoiceName] = ['slt', 'rms'];

/** Voices speak so many times as fast as they are listened to; slow ones cannot say a piece again in time. */
const AUDIO_RATE = 3;
const SLOW_RATE = 1.2;

/** The first answer is short; in the second, every stage has time to fail. */
const second =
  'Your parcel left the warehouse in Birmingham yesterday at half past seven in the evening. It reached the depot in ' +
  'Leicester during the night, where it was sorted and loaded on a van this morning.';

function providerOf(audioRate: number): CascadeProviderSetup {
  const answers = [
    { text: 'Yes, of course.' },
    // One token a sentence: a stream that is cut has said something.
    { text: second, tokens: sentencesOf(second), tokenMs: 100 },
    { text: 'You are welcome.' },
  ];
  return {
    ...reportedProviders,
    lines: [...callerTexts, 'Thank you.'],
    answers: answers.map((answer) => ({ ...answer, firstTokenMs: 350 })),
    byLine: true,
    // What is not sent yet when the voice dies is what another has to say.
    audioRate,
  };
}

type Stage = 'stt' | 'llm' | 'tts';

interface Case {
  readonly name: string;
  readonly stage: Stage;
  /** The word under way may be said again. */
  readonly slow?: true;
  strike(scene: CascadeScene): Promise<void>;
}

const deepgramFault = (part: 'listen' | 'speak', name: 'close-1006' | 'fall-silent') => async (scene: CascadeScene) => {
  await scene.provider.ask('failDeepgram', { name: 'connect-refused', options: { part, to: 'new' } });
  await scene.provider.ask('failDeepgram', { name, options: { part, to: 'open', when: 'idle' } });
};

const cases: readonly Case[] = [
  {
    name: 'recogniser, connection broken while the caller speaks',
    stage: 'stt',
    strike: deepgramFault('listen', 'close-1006'),
  },
  { name: 'voice, connection broken while it speaks', stage: 'tts', strike: deepgramFault('speak', 'close-1006') },
  { name: 'voice, fallen silent while it speaks', stage: 'tts', strike: deepgramFault('speak', 'fall-silent') },
  {
    name: 'voice, connection broken while it speaks, both of them slow',
    stage: 'tts',
    slow: true,
    strike: deepgramFault('speak', 'close-1006'),
  },
  {
    name: 'model, hangs up when asked',
    stage: 'llm',
    strike: (scene) => scene.provider.ask('failModel', { name: 'hang-up' }),
  },
  {
    name: 'model, says nothing',
    stage: 'llm',
    strike: (scene) => scene.provider.ask('failModel', { name: 'stall-before-first' }),
  },
  {
    name: 'model, cut off after a sentence',
    stage: 'llm',
    strike: (scene) => scene.provider.ask('failModel', { name: 'cut-mid-stream' }),
  },
];

/** One call whose second turn met a failure. */
interface FailedCall {
  /** From the caller's last sound to the first of the answer, of the turn before and of this one, ms. */
  readonly usualMs: number;
  readonly answerMs: number;
  /** The longest silence within the answer, ms. */
  readonly gapMs: number;
  /** Each of the voices, up to and from where it is heard. */
  readonly heard: readonly string[];
  readonly repeated: number;
  readonly lost: number;
  /** What the next request has of caller and agent is what they said. */
  readonly remembered: boolean;
}

/** Each stage fails in the middle of calls, and another takes over: what of it is heard, and what is remembered. */
export const measureFailOver: Measure = async (tell, scale) => {
  const calls = scaled(CALLS, scale);
  const utterances = await Promise.all([...callerTexts, 'Thank you'].map((text) => abruptUtterance(text, 'rms')));
  const results: { readonly name: string; readonly slow?: true; readonly calls: readonly FailedCall[] }[] = [];
  for (let at = 0; at < cases.length; at += CASES_AT_ONCE) {
    const some = cases.slice(at, at + CASES_AT_ONCE);
    tell(`cascade-fail-over: ${some.map(({ name }) => name).join('; ')}`);
    const found = await Promise.all(some.map(async (each) => await measureCase(each, calls, utterances)));
    for (const [index, each] of some.entries()) {
      const own = found[index] ?? [];
      for (const call of own) if (call.lost > 0 || call.repeated > 0 || !call.remembered) tell(JSON.stringify(call));
      results.push({ ...each, calls: own });
    }
  }
  const worst = (pick: (call: FailedCall) => number): number =>
    Math.max(...results.flatMap((result) => result.calls.map(pick)));
  const longest = worst((call) => Math.max(call.gapMs, call.answerMs - call.usualMs));
  const all = results.flatMap((result) => result.calls);
  const [quick, slow] = [results.filter((each) => !each.slow), results.filter((each) => each.slow)].map((some) =>
    some.flatMap((result) => result.calls),
  );
  const told = (some: readonly FailedCall[] = []): string =>
    `${some.reduce((n, { repeated }) => n + repeated, 0)} twice, ${some.reduce((n, { lost }) => n + lost, 0)} lost, in ${some.length} answers`;
  return {
    title: 'A stage fails in the middle of calls, and another takes over',
    lines: [
      `${calls} calls each. \`later\`: the answer’s first sound, against the turn before; \`gap\`: longest silence within the answer, at the`,
      'caller’s socket; words of the answer that were heard twice, or not at all, by exact search of both voices’ samples;',
      'whether the request that follows has all of what the caller and the agent said.',
      '',
      ...table(
        ['', 'answers', 'later p50', 'max', 'gap p50', 'max', 'words twice', 'lost', 'remembered'],
        results.map(({ name, calls: found }) => {
          const later = spreadOf(found.map(({ answerMs, usualMs }) => answerMs - usualMs));
          const gap = spreadOf(found.map(({ gapMs }) => gapMs));
          const sum = (pick: (call: FailedCall) => number): string =>
            String(found.reduce((n, call) => n + pick(call), 0));
          return [
            name,
            String(found.length),
            ...[later.p50, later.max, gap.p50, gap.max].map(ms),
            sum(({ repeated }) => repeated),
            sum(({ lost }) => lost),
            sum(({ remembered }) => (remembered ? 1 : 0)),
          ];
        }),
      ),
    ],
    findings: [
      { goal: `nothing is silent for more than ${GOAL_MS} ms`, measured: `${ms(longest)} ms`, ok: longest <= GOAL_MS },
      {
        goal: 'no word is said twice, none is lost',
        measured: told(quick),
        ok: (quick ?? []).every(({ repeated, lost }) => repeated === 0 && lost === 0),
      },
      {
        goal: `voices ${SLOW_RATE} times as fast as they are heard: the word under way may be said again, none is lost`,
        measured: told(slow),
        ok: (slow ?? []).every(({ repeated, lost }) => repeated <= 1 && lost === 0),
      },
      {
        goal: 'no word is lost from the history',
        measured: `${all.filter(({ remembered }) => remembered).length} of ${all.length}`,
        ok: all.length === calls * cases.length && all.every(({ remembered }) => remembered),
      },
    ],
  };
};

async function measureCase(
  { stage, slow, strike }: Case,
  calls: number,
  [first, next, last]: readonly Int16Array[],
): Promise<readonly FailedCall[]> {
  const provider = providerOf(slow ? SLOW_RATE : AUDIO_RATE);
  await using scene = await CascadeScene.open({
    provider,
    standby: {
      ...provider,
      voice: voices[1],
      // Whoever takes over hears the second turn first.
      lines: provider.lines.slice(1),
      answers: [second, 'You are welcome.'].map((text) => ({ text, firstTokenMs: 350, tokenMs: 15 })),
      goesOn: true,
    },
    flavor: { greeting: 'Hello.' },
    stt: { model: 'flux-general-en' },
  });
  const callers = Array.from({ length: calls }, (_, index) => scene.caller({ from: `f-${index}`, keepAudio: true }));
  const usual = await Promise.all(
    callers.map(async (caller, index) => {
      await sleep(index * 60);
      await caller.dial();
      await caller.untilHeard(0, PATIENCE_MS);
      return await turn(caller, first);
    }),
  );
  const struck = stage === 'llm' ? strike(scene) : Promise.resolve();
  await struck;
  const saying = callers.map(async (caller) => await turn(caller, next));
  if (stage === 'stt') await sleep(MOMENT_MS).then(() => strike(scene));
  if (stage === 'tts') {
    const sinceMs = callers.map((caller) => caller.stretches.at(-1)?.endMs ?? 0);
    await Promise.all(callers.map(async (caller, index) => await caller.untilHeard(sinceMs[index] ?? 0, PATIENCE_MS)));
    await sleep(MOMENT_MS).then(() => strike(scene));
  }
  const answered = await Promise.all(saying);
  await Promise.all(callers.map(async (caller) => await turn(caller, last)));
  for (const caller of callers) caller.hangUp();
  await Promise.all(callers.map(async ({ ended }) => await ended));
  const found: FailedCall[] = [];
  for (const [index, caller] of callers.entries()) {
    const { answerMs, gapMs } = answered[index] ?? { answerMs: Number.NaN, gapMs: Number.NaN };
    const parts = await partsHeard(scene, caller.heard());
    const words = parts.flatMap((part) => part.words);
    const common = commonWords(wordsOf(second), words);
    found.push({
      usualMs: usual[index]?.answerMs ?? Number.NaN,
      answerMs,
      gapMs,
      heard: parts.map((part) => part.words.join(' ')),
      repeated: words.length - common,
      lost: wordsOf(second).length - common,
      remembered: await isRemembered(scene, caller.from),
    });
  }
  return found;
}

/** Says something and listens to the answer to its end. */
async function turn(
  caller: Caller,
  sound: Int16Array = new Int16Array(0),
): Promise<{ readonly answerMs: number; readonly gapMs: number }> {
  await caller.untilQuiet(500, PATIENCE_MS);
  const { lastVoicedMs } = await caller.say(sound);
  await caller.untilHeard(lastVoicedMs, PATIENCE_MS);
  await caller.untilQuiet(2_000, PATIENCE_MS);
  const stretches = caller.stretches.filter(({ endMs }) => endMs > lastVoicedMs);
  const gaps = stretches.map(({ startMs }, index) => startMs - (stretches[index - 1]?.endMs ?? startMs));
  return { answerMs: (stretches[0]?.startMs ?? Number.NaN) - lastVoicedMs, gapMs: Math.max(0, ...gaps) };
}

/** What of the long answer came over the socket, in the order in which it came, whoever said it. */
async function partsHeard(scene: CascadeScene, audio: Int16Array): Promise<readonly HeardText[]> {
  const parts: HeardText[] = [];
  for (const [index, child] of [scene.provider, scene.standby].entries()) {
    const speeches = (await child?.ask('account', undefined))?.speeches ?? [];
    for (const text of new Set(speeches.map((speech) => speech.text).filter((said) => second.includes(said)))) {
      const { bytes } = (await child?.ask('voiced', { text })) ?? { bytes: new Uint8Array(0) };
      const part = await findText(text, bytes, audio, voices[index] ?? 'slt');
      if (part) parts.push(part);
    }
  }
  // Two texts that end alike may be found in one place: the longer one is it.
  const own = parts.filter(
    (part) =>
      !parts.some((other) => other !== part && other.from < part.to && part.from < other.to && isLonger(other, part)),
  );
  return own.toSorted((a, b) => a.from - b.from);
}

/** A text of which a stretch was heard. */
interface HeardText {
  readonly from: number;
  readonly to: number;
  readonly words: readonly string[];
}

/** A voice that takes over may have said more of a text than is heard. */
async function findText(
  text: string,
  bytes: Uint8Array,
  audio: Int16Array,
  voice: FliteVoiceName,
): Promise<HeardText | undefined> {
  const item = new Int16Array(bytes.length);
  decodeMulaw(bytes, item);
  const part = heardPart(item, audio);
  const [first, last] = [part?.runs[0], part?.runs.at(-1)];
  if (!part || !first || !last || last.heardStart + last.length - first.heardStart < SHORTEST_MS * 8) return undefined;
  const [fromMs, untilMs] = [part.lost.before === 0 ? 0 : first.itemStart / 8, part.soundEndSample / 8];
  const words = (await exactWordTimes(text, voice)).filter(
    ({ startMs }) => startMs >= fromMs - HEARD_MS && startMs < untilMs - HEARD_MS,
  );
  return {
    from: first.heardStart,
    to: last.heardStart + last.length,
    words: words.map((word) => word.text),
  };
}

function isLonger(one: HeardText, other: HeardText): boolean {
  return one.to - one.from > other.to - other.from;
}

/** The last request of the call has the caller's second line whole, and behind it all of the answer. */
async function isRemembered(scene: CascadeScene, from: string): Promise<boolean> {
  const asked = [];
  for (const child of [scene.provider, scene.standby]) {
    asked.push(...((await child?.ask('account', undefined))?.requests ?? []));
  }
  const own = asked
    .filter(({ system }) => new RegExp(`caller ${from}(?!\\d)`, 'u').test(system))
    .toSorted((a, b) => a.atMs - b.atMs);
  const dialogue = own.at(-1)?.dialogue ?? [];
  const caller = dialogue.findLastIndex((line) => line.startsWith('user: ') && line.includes(callerTexts[1]));
  const agent = dialogue.slice(caller + 1).filter((line) => line.startsWith('assistant: '));
  const said = agent.map((line) => line.slice('assistant: '.length)).join(' ');
  return caller >= 0 && wordsOf(said).join(' ') === wordsOf(second).join(' ');
}

function sentencesOf(text: string): readonly string[] {
  return text.match(/[^.]+\.\s*/gu) ?? [text];
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/u).flatMap((word) => word.toLowerCase().replaceAll(/[^a-z]/gu, '') || []);
}

/** Length of the longest sequence of words that both have in order. */
function commonWords(one: readonly string[], other: readonly string[]): number {
  const words = other.flatMap(wordsOf);
  let row = new Array<number>(words.length + 1).fill(0);
  for (const word of one) {
    const next = [0];
    for (const [index, heard] of words.entries()) {
      next.push(word === heard ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
