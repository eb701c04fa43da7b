import type { SpeechToText, SpeechToTextEvent, SpeechToTextStream } from '../../cascade/stages/speech-to-text.js';
import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';
import { expect } from '../check.js';
import { flavorErrorOf } from '../checks/support.js';
import { outcome } from '../pacer.js';
import type { ContractReport } from '../report.js';
import { silenceOctet, speechLike } from '../sound.js';
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

/** What the checks of a recogniser need of its author. */
export interface SpeechToTextHarness extends StageHarness<SpeechToText> {
  /** Speech that the provider understands, in `format`. Default: 1.2 s of a synthetic vowel, for fakes. */
  speech?(format: AudioFormat): Uint8Array;
  /** Wall milliseconds that a frame of 20 ms takes. Default 20; 0 for fakes that take all time from their frames. */
  readonly frameIntervalMs?: number;
}

type Check = StageCheck<SpeechToText, SpeechToTextHarness>;
type Work = StageWork<SpeechToText, SpeechToTextHarness>;

const FRAME_MS = 20;
/** From an abort to the end, wall ms. */
const END_MS = 500;
/** Silence that ends any utterance, ms of audio. */
const SILENCE_MS = 8_000;
const WRITES = 500;
const WRITE_MS = 0.2;

/** A stream that hears what the check says. */
class Line {
  readonly log: StreamLog<SpeechToTextEvent>;
  readonly #stream: SpeechToTextStream;
  readonly #work: Work;
  readonly #format: AudioFormat;
  readonly #frame: Uint8Array;
  audioMs = 0;

  static async open(work: Work, signal: AbortSignal = work.signal): Promise<Line> {
    const [format] = work.engine.capabilities.input;
    expect(format !== undefined, 'capabilities.input names no format');
    const opened = await outcome(work.engine.open({ input: format }, signal), work.deadlines.answerMs);
    if (opened.state === 'rejected') throw opened.error;
    expect(opened.state === 'resolved', 'open() neither resolved nor rejected');
    return new Line(opened.value, work, format);
  }

  private constructor(stream: SpeechToTextStream, work: Work, format: AudioFormat) {
    this.#stream = stream;
    this.#work = work;
    this.#format = format;
    this.#frame = new Uint8Array(FRAME_MS * bytesPerMs(format));
    this.log = new StreamLog(stream.events);
  }

  get stream(): SpeechToTextStream {
    return this.#stream;
  }

  async speak(): Promise<void> {
    const sound = this.#work.harness.speech?.(this.#format) ?? speechLike(this.#format, 1_200);
    for (let start = 0; start + this.#frame.length <= sound.length; start += this.#frame.length) {
      await this.#write(sound.subarray(start, start + this.#frame.length));
    }
  }

  /** Silence until `condition` holds, or for 8 s. */
  async silence(condition: () => boolean = () => false): Promise<void> {
    const octet = silenceOctet(this.#format.encoding);
    const silence = new Uint8Array(this.#frame.length).fill(octet);
    for (let ms = 0; ms < SILENCE_MS && !condition(); ms += FRAME_MS) await this.#write(silence);
  }

  /** Speaks and is silent until it was understood. Returns the text of the final segments. */
  async understood(): Promise<string> {
    await this.speak();
    await this.silence(() => this.finals !== '');
    await this.#work.until(
      () => this.finals !== '' || this.log.finished !== undefined,
      'final transcript of what was said',
    );
    expect(this.finals !== '', 'the stream ended, and no final transcript of what was said had come');
    return this.finals;
  }

  get finals(): string {
    const texts = this.log.of('transcript').flatMap(({ text, final }) => (final ? [text] : []));
    return texts.join(' ').trim();
  }

  /** Longest of many writes, 99th percentile, ms. */
  writeTimes(): number {
    const took = Array.from({ length: WRITES }, () => {
      const startedAtMs = performance.now();
      this.#stream.write({ data: this.#frame, positionMs: this.audioMs, concealed: false });
      this.audioMs += FRAME_MS;
      return performance.now() - startedAtMs;
    });
    return took.toSorted((one, other) => one - other)[Math.floor(WRITES * 0.99)] ?? 0;
  }

  async #write(data: Uint8Array): Promise<void> {
    this.#frame.set(data);
    this.#stream.write({ data: this.#frame, positionMs: this.audioMs, concealed: false });
    // The host reuses the memory: whoever still reads it hears noise.
    for (let index = 0; index < this.#frame.length; index += 1) this.#frame[index] = index % 2 === 0 ? 0xa5 : 0x5a;
    this.audioMs += FRAME_MS;
    await sleep(this.#work.harness.frameIntervalMs ?? FRAME_MS);
  }
}

const checks: readonly Check[] = [
  {
    id: 1,
    title: 'capabilities name a format and fit together',
    async run({ engine: { capabilities } }) {
      expect(capabilities.input.length > 0, 'capabilities.input names no format');
      const fits = capabilities.endOfTurn || !capabilities.eagerEndOfTurn;
      expect(fits, 'eagerEndOfTurn without endOfTurn: nobody would ever say that the turn is over');
    },
  },
  {
    id: 2,
    title: 'speech becomes a final transcript, and the memory of a frame is not read after write()',
    async run(work) {
      await (await Line.open(work)).understood();
    },
  },
  {
    id: 3,
    title: 'close() ends the stream with usage and exactly one end, last',
    async run(work) {
      const line = await Line.open(work);
      await line.understood();
      line.stream.close();
      await work.until(() => line.log.finished !== undefined, 'end after close()');
      line.log.requireLast('end');
      expect(line.log.of('end')[0]?.error === undefined, 'the stream was closed and ends with an error');
      const usage = line.log.of('usage');
      expect(usage.length > 0, 'no usage was reported');
      const audioMs = usage.reduce((sum, { unit, quantity }) => sum + (unit === 'audio-ms' ? quantity : 0), 0);
      const most = line.audioMs * 1.5 + 5_000;
      expect(audioMs <= most, `${audioMs} ms of audio were reported as used, ${line.audioMs} were heard`);
    },
  },
  {
    id: 4,
    title: 'an abort ends the stream within 500 ms, without an error, or keeps it from opening',
    async run(work) {
      const controller = new AbortController();
      const line = await Line.open(work, controller.signal);
      await line.speak();
      const abortedAtMs = performance.now();
      controller.abort();
      await work.until(() => line.log.finished !== undefined, 'end after the abort');
      const tookMs = performance.now() - abortedAtMs;
      expect(tookMs <= END_MS, `the end came ${Math.round(tookMs)} ms after the abort`);
      line.log.requireLast('end');
      expect(line.log.of('end')[0]?.error === undefined, 'aborted, the stream ends with an error');
      const opening = await outcome(Line.open(work, controller.signal), work.deadlines.answerMs);
      expect(opening.state === 'rejected', `open() with an aborted signal: ${opening.state}`);
    },
  },
  {
    id: 5,
    title: 'no method throws, also after the end',
    async run(work) {
      const line = await Line.open(work);
      line.stream.finalize();
      line.stream.close();
      await work.until(() => line.log.finished !== undefined, 'end after close()');
      line.stream.close();
      line.stream.finalize();
      await line.speak();
      await sleep(work.deadlines.settleMs);
      line.log.requireLast('end');
    },
  },
  {
    id: 6,
    title: 'turns end as the capabilities say, and eager ends are confirmed or taken back',
    async run(work) {
      const { capabilities } = work.engine;
      const line = await Line.open(work);
      await line.understood();
      if (capabilities.endOfTurn) {
        const ended = (): boolean => line.log.of('end-of-turn').length > 0;
        await line.silence(ended);
        await work.until(ended, 'end-of-turn');
        expect(line.log.of('end-of-turn')[0]?.text.trim() !== '', 'end-of-turn without the text of the turn');
      }
      requireTurns(line.log.events, capabilities);
    },
  },
  {
    id: 7,
    title: 'words come where they are promised, within the audio and in order',
    async run(work) {
      const { wordTimes } = work.engine.capabilities;
      const line = await Line.open(work);
      await line.understood();
      const finals = line.log.of('transcript').filter(({ final, text }) => final && text.trim() !== '');
      const words = finals.flatMap((event) => event.words ?? []);
      if (!wordTimes) work.notApplicable('capabilities.wordTimes is false');
      expect(words.length > 0, 'capabilities.wordTimes, and final transcripts have no words');
      let latest = 0;
      for (const { startMs, endMs } of words) {
        expect(
          startMs >= latest - 50 && endMs >= startMs,
          `a word from ${startMs} to ${endMs} ms after one at ${latest}`,
        );
        expect(endMs <= line.audioMs + 100, `a word ends at ${endMs} ms of ${line.audioMs}`);
        latest = startMs;
      }
    },
  },
  {
    id: 8,
    title: 'finalize() brings the rest of what was said, without more silence',
    async run(work) {
      if (!work.engine.capabilities.finalize) work.notApplicable('capabilities.finalize is false');
      const line = await Line.open(work);
      await line.speak();
      line.stream.finalize();
      await work.until(() => line.finals !== '', 'final transcript after finalize()');
    },
  },
  {
    id: 9,
    title: 'write() takes less than 0.2 ms, 99th percentile',
    async run(work) {
      const line = await Line.open(work);
      const rounds = [line.writeTimes(), line.writeTimes(), line.writeTimes()];
      const bestMs = Math.min(...rounds);
      expect(bestMs < WRITE_MS, `write() takes ${bestMs.toFixed(3)} ms`);
    },
  },
  {
    id: 10,
    title: 'a broken connection ends the stream with a retryable error, or is made good',
    async run(work) {
      const { provider } = work.harness;
      if (!provider) return work.notApplicable('no provider whose connection could break');
      const line = await Line.open(work);
      await line.speak();
      await provider.drop();
      await line.silence(() => line.log.finished !== undefined || line.finals !== '');
      const settled = (): boolean => line.log.finished !== undefined || line.finals !== '';
      await work.until(settled, 'end or transcript after the connection broke', work.deadlines.faultMs);
      if (line.log.finished === undefined) return;
      line.log.requireLast('end');
      const error = flavorErrorOf(line.log.of('end')[0]?.error);
      expect(error !== undefined, 'the connection broke, and the stream ends as if it had been closed');
      expect(error.retryable, 'the connection broke: it can be made again, and the error says it cannot');
    },
  },
  ...commonChecks<SpeechToText, SpeechToTextHarness>(11, failure),
];

/** The order of events within turns. */
function requireTurns(
  events: readonly SpeechToTextEvent[],
  { endOfTurn, eagerEndOfTurn }: SpeechToText['capabilities'],
): void {
  let eager = false;
  for (const { type } of events) {
    if (type === 'end-of-turn') {
      expect(endOfTurn, 'end-of-turn, and capabilities.endOfTurn is false');
      eager = false;
    } else if (type === 'eager-end-of-turn') {
      expect(eagerEndOfTurn, 'eager-end-of-turn, and capabilities.eagerEndOfTurn is false');
      expect(!eager, 'a second eager-end-of-turn before the first was confirmed or taken back');
      eager = true;
    } else if (type === 'turn-resumed') {
      expect(eager, 'turn-resumed, and no eager-end-of-turn to take back');
      eager = false;
    }
  }
  expect(!eager, 'an eager-end-of-turn was neither confirmed nor taken back');
}

/** What the stage says of a provider that fails: when it is opened, or in its stream. */
async function failure(work: Work): Promise<unknown> {
  const opened = await outcome(Line.open(work), work.deadlines.faultMs);
  if (opened.state !== 'resolved') return opened.state === 'rejected' ? opened.error : undefined;
  const { log } = opened.value;
  await opened.value.speak();
  await work.until(() => log.finished !== undefined, 'error of the stream', work.deadlines.faultMs);
  return log.of('end')[0]?.error;
}

/**
 * Runs the checks of a recogniser. A stage conforms when none failed; those that do not apply to its capabilities are
 * listed as such.
 */
export function runSpeechToTextChecks(
  harness: SpeechToTextHarness,
  options: StageRunOptions = {},
): Promise<ContractReport> {
  return runStageChecks('speech to text', checks, harness, options);
}

/** Numbers of the checks, for `only`. */
export const speechToTextCheckIds: readonly number[] = checks.map(({ id }) => id);
