import type { TextToSpeech, TextToSpeechEvent, TextToSpeechSession } from '../../cascade/stages/text-to-speech.js';
import { type AudioFormat, bytesPerMs, bytesPerSample } from '../../flavor-api/index.js';
import { expect } from '../check.js';
import { flavorErrorOf } from '../checks/support.js';
import { outcome } from '../pacer.js';
import type { ContractReport } from '../report.js';
import { isVoiced } from '../sound.js';
import {
  commonChecks,
  runStageChecks,
  type StageCheck,
  type StageHarness,
  type StageRunOptions,
  type StageWork,
  StreamLog,
  sleep,
} from './stage-check.js';

/** What the checks of a voice need of its author. */
export type TextToSpeechHarness = StageHarness<TextToSpeech>;

type Check = StageCheck<TextToSpeech, TextToSpeechHarness>;
type Work = StageWork<TextToSpeech, TextToSpeechHarness>;
type Log = StreamLog<TextToSpeechEvent>;

const PIECES = [
  'Your order left us this morning,',
  'and it will be there on Friday.',
  'Is there anything else?',
] as const;
/** From an abort or a cancellation to the end, wall ms. */
const END_MS = 500;
const LONGEST_CHUNK_MS = 2_000;
/** How much longer the same words may take in one format than in another. */
const LENGTH_RATIO = 1.4;
const CUE_SLACK_MS = 100;

async function open(work: Work, output?: AudioFormat, signal: AbortSignal = work.signal): Promise<TextToSpeechSession> {
  const format = output ?? formatOf(work);
  const opened = await outcome(work.engine.open({ output: format }, signal), work.deadlines.answerMs);
  if (opened.state === 'rejected') throw opened.error;
  expect(opened.state === 'resolved', 'open() neither resolved nor rejected');
  return opened.value;
}

function formatOf(work: Work): AudioFormat {
  const [format] = work.engine.capabilities.output;
  expect(format !== undefined, 'capabilities.output names no format');
  return format;
}

/** Says the pieces, and waits for the end. */
async function spoken(work: Work, session: TextToSpeechSession, pieces: readonly string[] = PIECES): Promise<Log> {
  const utterance = session.begin();
  const log = new StreamLog(utterance.events);
  for (const piece of pieces) utterance.append(piece);
  utterance.finish();
  await work.until(() => log.finished !== undefined, 'end of the utterance');
  log.requireLast('end');
  return log;
}

function bytesOf(log: Log): number {
  return log.of('audio').reduce((sum, { data }) => sum + data.length, 0);
}

const checks: readonly Check[] = [
  {
    id: 1,
    title: 'capabilities name a format and a length',
    async run({ engine: { capabilities } }) {
      expect(capabilities.output.length > 0, 'capabilities.output names no format');
      expect(capabilities.maxCharacters >= 40, `capabilities.maxCharacters is ${capabilities.maxCharacters}`);
    },
  },
  {
    id: 2,
    title: 'what was appended is spoken, in whole samples and chunks of at most 2 s, and ends with exactly one end',
    async run(work) {
      const format = formatOf(work);
      const log = await spoken(work, await open(work));
      const end = log.of('end')[0];
      expect(end?.error === undefined, `the utterance ends with ${String(end?.error)}`);
      expect(end?.spokenPieces === PIECES.length, `spokenPieces is ${String(end?.spokenPieces)} of ${PIECES.length}`);
      expect(
        log.of('audio').some(({ data }) => isVoiced(data, format)),
        'nothing can be heard',
      );
      for (const { data } of log.of('audio')) {
        expect(data.length > 0, 'an empty chunk of audio');
        expect(
          data.length % bytesPerSample(format.encoding) === 0,
          `a chunk of ${data.length} bytes cuts a sample in two`,
        );
        const ms = data.length / bytesPerMs(format);
        expect(ms <= LONGEST_CHUNK_MS, `a chunk of ${Math.round(ms)} ms`);
      }
    },
  },
  {
    id: 3,
    title: 'pieces are named in order; engines of single requests name every one',
    async run(work) {
      const log = await spoken(work, await open(work));
      const named = log.of('piece').map(({ index }) => index);
      const rising = named.every((index, at) => index < PIECES.length && index > (named[at - 1] ?? -1));
      expect(rising, `pieces are named ${named.join(', ')}`);
      const first = log.events.findIndex(({ type }) => type === 'piece');
      const audio = log.events.findIndex(({ type }) => type === 'audio');
      if (named[0] === 0) expect(first < audio, 'audio came before the piece that it is of was named');
      const all = work.engine.capabilities.text === 'stream' || named.length === PIECES.length;
      expect(all, `only the pieces ${named.join(', ')} were named: the next would never be asked for`);
    },
  },
  {
    id: 4,
    title: 'words come where they are promised, within the audio and in order',
    async run(work) {
      const log = await spoken(work, await open(work));
      const words = log.of('word');
      if (!work.engine.capabilities.wordTimes) {
        expect(words.length === 0, 'words, and capabilities.wordTimes is false');
        work.notApplicable('capabilities.wordTimes is false');
      }
      expect(words.length > 0, 'capabilities.wordTimes, and no word');
      const audioMs = bytesOf(log) / bytesPerMs(formatOf(work));
      let latest = 0;
      for (const { atMs } of words) {
        expect(atMs >= latest, `a word at ${atMs} ms after one at ${latest}`);
        latest = atMs;
      }
      expect(latest <= audioMs + CUE_SLACK_MS, `a word at ${latest} ms of ${Math.round(audioMs)}`);
    },
  },
  {
    id: 5,
    title: 'cancel() stops at once: no audio follows, and the end comes within 500 ms',
    async run(work) {
      const session = await open(work);
      const utterance = session.begin();
      const log = new StreamLog(utterance.events);
      for (const piece of PIECES) utterance.append(piece);
      await work.until(() => log.of('audio').length > 0, 'first audio');
      utterance.cancel();
      const cancelledAtMs = performance.now();
      // What was pushed before may still be on its way through the iterator.
      await new Promise((resolve) => setImmediate(resolve));
      const chunks = log.of('audio').length;
      await work.until(() => log.finished !== undefined, 'end after cancel()');
      const tookMs = performance.now() - cancelledAtMs;
      expect(tookMs <= END_MS, `the end came ${Math.round(tookMs)} ms after cancel()`);
      expect(log.of('audio').length === chunks, 'audio after cancel()');
      log.requireLast('end');
      expect(log.of('end')[0]?.error === undefined, 'cancelled, the utterance ends with an error');
      expect(bytesOf(await spoken(work, session)) > 0, 'after cancel() nothing more is said');
    },
  },
  {
    id: 6,
    title: 'an abort ends what is being said within 500 ms, or keeps the voice from opening',
    async run(work) {
      const controller = new AbortController();
      const session = await open(work, undefined, controller.signal);
      const utterance = session.begin();
      const log = new StreamLog(utterance.events);
      utterance.append(PIECES[0]);
      const abortedAtMs = performance.now();
      controller.abort();
      await work.until(() => log.finished !== undefined, 'end after the abort');
      const tookMs = performance.now() - abortedAtMs;
      expect(tookMs <= END_MS, `the end came ${Math.round(tookMs)} ms after the abort`);
      const opening = await outcome(open(work, undefined, controller.signal), work.deadlines.answerMs);
      expect(opening.state === 'rejected', `open() with an aborted signal: ${opening.state}`);
    },
  },
  {
    id: 7,
    title: 'no method throws, also after the end, and close() ends what is being said',
    async run(work) {
      const session = await open(work);
      const over = session.begin();
      const overLog = new StreamLog(over.events);
      over.append(PIECES[0]);
      over.cancel();
      over.append(PIECES[1]);
      over.finish();
      over.cancel();
      const last = session.begin();
      const lastLog = new StreamLog(last.events);
      last.append(PIECES[0]);
      session.close();
      session.close();
      await work.until(() => overLog.finished !== undefined && lastLog.finished !== undefined, 'end after close()');
      overLog.requireLast('end');
      lastLog.requireLast('end');
    },
  },
  {
    id: 8,
    title: 'the same words take as long in every format',
    async run(work) {
      const lengths: number[] = [];
      for (const format of work.engine.capabilities.output) {
        const session = await open(work, format);
        lengths.push(bytesOf(await spoken(work, session)) / bytesPerMs(format));
        session.close();
      }
      const least = Math.min(...lengths);
      const most = Math.max(...lengths);
      expect(most <= least * LENGTH_RATIO, `the same words take ${Math.round(least)} ms and ${Math.round(most)} ms`);
    },
  },
  {
    id: 9,
    title: 'an utterance without pieces ends at once and makes no sound',
    async run(work) {
      const log = await spoken(work, await open(work), []);
      expect(bytesOf(log) === 0, 'nothing was to be said, and something was');
      expect(log.of('end')[0]?.error === undefined, 'nothing was to be said, and that failed');
    },
  },
  {
    id: 10,
    title: 'two utterances begun in turn are both said, each for itself',
    async run(work) {
      const session = await open(work);
      const [first, second] = [session.begin(), session.begin()];
      const logs = [new StreamLog(first.events), new StreamLog(second.events)];
      first.append(PIECES[0]);
      second.append(PIECES[1]);
      first.finish();
      second.finish();
      await work.until(() => logs.every(({ finished }) => finished !== undefined), 'end of two utterances');
      for (const log of logs) expect(bytesOf(log) > 0, 'one of two utterances made no sound');
    },
  },
  {
    id: 11,
    title: 'what was used is reported',
    async run(work) {
      const session = await open(work);
      const log = await spoken(work, session);
      await sleep(work.deadlines.settleMs);
      const characters = log
        .of('usage')
        .reduce((sum, { unit, quantity }) => sum + (unit === 'characters' ? quantity : 0), 0);
      const other = log.of('usage').some(({ unit }) => unit !== 'characters');
      expect(characters > 0 || other, 'no usage was reported');
      const most = PIECES.join(' ').length * 2;
      expect(
        characters <= most,
        `${characters} characters were reported as used, ${PIECES.join(' ').length} were given`,
      );
    },
  },
  {
    id: 12,
    title: 'a broken connection ends the utterance with a retryable error, or is made good, and the next is said',
    async run(work) {
      const { provider } = work.harness;
      if (!provider) return work.notApplicable('no provider whose connection could break');
      const session = await open(work);
      const utterance = session.begin();
      const log = new StreamLog(utterance.events);
      utterance.append(PIECES[0]);
      await provider.drop();
      utterance.finish();
      await work.until(() => log.finished !== undefined, 'end after the connection broke', work.deadlines.faultMs);
      log.requireLast('end');
      const end = log.of('end')[0];
      if (end?.error === undefined) {
        expect(end?.spokenPieces === 1 && bytesOf(log) > 0, 'the connection broke, and the end does not say so');
      } else expect(flavorErrorOf(end.error)?.retryable === true, 'the connection broke: the error must be retryable');
      expect(bytesOf(await spoken(work, session)) > 0, 'after a broken connection nothing more is said');
    },
  },
  ...commonChecks<TextToSpeech, TextToSpeechHarness>(13, failure),
];

async function failure(work: Work): Promise<unknown> {
  const opened = await outcome(open(work), work.deadlines.faultMs);
  if (opened.state !== 'resolved') return opened.state === 'rejected' ? opened.error : undefined;
  const log = await spoken(work, opened.value, [PIECES[0]]);
  return log.of('end')[0]?.error;
}

/** Runs the checks of a voice. */
export function runTextToSpeechChecks(
  harness: TextToSpeechHarness,
  options: StageRunOptions = {},
): Promise<ContractReport> {
  return runStageChecks('text to speech', checks, harness, options);
}

/** Numbers of the checks, for `only`. */
export const textToSpeechCheckIds: readonly number[] = checks.map(({ id }) => id);
