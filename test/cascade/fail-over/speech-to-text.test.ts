import { expect, test } from 'vitest';
import { failOverSpeechToText } from '../../../src/cascade/fail-over/speech-to-text.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import type {
  SpeechToText,
  SpeechToTextEvent,
  SpeechToTextStream,
} from '../../../src/cascade/stages/speech-to-text.js';
import { type AudioFormat, type AudioFrame, FlavorError } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const mulaw: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };
const lost = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);

interface EarScript {
  /** Breaks off after so many words. */
  readonly failsAfterWords?: number;
  /** Says nothing after so many words. */
  readonly deafAfterWords?: number;
  /** A segment is closed after so many words. */
  readonly segmentWords?: number;
  readonly wordTimes?: boolean;
  /** Says nothing of a segment until so many words after its end. */
  readonly finalAfterWords?: number;
  readonly openError?: FlavorError;
  readonly endOfTurn?: boolean;
}

/** Understands three loud frames of one byte value as a word: 0x01 is `w1`. */
class ScriptedEars implements SpeechToText {
  readonly identity;
  readonly capabilities;
  readonly script: EarScript;
  opened = 0;
  closed = 0;

  constructor(name: string, script: EarScript = {}) {
    this.script = script;
    this.identity = { provider: 'scripted', model: name };
    this.capabilities = {
      input: [mulaw],
      endOfTurn: script.endOfTurn ?? false,
      eagerEndOfTurn: false,
      wordTimes: script.wordTimes ?? false,
      finalize: true,
      interim: script.finalAfterWords === undefined,
    } as const;
  }

  async check(): Promise<void> {}

  async open(): Promise<SpeechToTextStream> {
    if (this.script.openError) throw this.script.openError;
    this.opened += 1;
    return new ScriptedStream(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class ScriptedStream implements SpeechToTextStream {
  readonly events = new EventStream<SpeechToTextEvent>();
  readonly #ears: ScriptedEars;
  #last = 0xff;
  #frames = 0;
  #heard = 0;
  #segment: string[] = [];
  readonly #late: { readonly text: string; readonly untilMs: number; readonly atWord: number }[] = [];

  constructor(ears: ScriptedEars) {
    this.#ears = ears;
  }

  write({ data, positionMs }: AudioFrame): void {
    const value = data[0] ?? 0xff;
    this.#frames = value === this.#last ? this.#frames + 1 : 1;
    this.#last = value;
    if (value === 0xff || this.#frames !== 3) return;
    const { failsAfterWords, deafAfterWords, segmentWords, wordTimes } = this.#ears.script;
    if (this.#heard === failsAfterWords) {
      this.events.push({ type: 'end', error: lost });
      return;
    }
    if (this.#heard === deafAfterWords) return;
    this.#heard += 1;
    this.#segment.push(`w${value}`);
    const final = this.#segment.length === segmentWords;
    const word = { text: `w${value}`, startMs: positionMs - 40, endMs: positionMs + 20 };
    const text = this.#segment.join(' ');
    const { finalAfterWords } = this.#ears.script;
    if (finalAfterWords !== undefined) {
      if (final) this.#late.push({ text, untilMs: word.endMs, atWord: this.#heard + finalAfterWords });
      const due = this.#late[0]?.atWord === this.#heard ? this.#late.shift() : undefined;
      if (due) this.events.push({ type: 'transcript', text: due.text, final: true, untilMs: due.untilMs });
    } else this.events.push({ type: 'transcript', text, final, ...(wordTimes && { words: [word] }) });
    if (final) this.#segment = [];
  }

  finalize(): void {
    this.events.push({ type: 'transcript', text: this.#segment.join(' '), final: true });
    this.#segment = [];
  }

  close(): void {
    this.#ears.closed += 1;
    const { identity } = this.#ears;
    this.events.push({ type: 'usage', ...identity, unit: 'audio-ms', quantity: this.#heard });
    this.events.push({ type: 'end' });
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

async function setUp(...ears: ScriptedEars[]) {
  const clock = new FakeClock();
  const controller = new AbortController();
  const stream = await failOverSpeechToText(ears, { clock }).open({ input: mulaw }, controller.signal);
  const events: SpeechToTextEvent[] = [];
  void (async () => {
    for await (const event of stream.events) events.push(event);
  })();
  let positionMs = 4_000;
  const frame = async (value: number): Promise<void> => {
    // Borrowed memory: what is kept has to be copied.
    const data = new Uint8Array(160).fill(value);
    stream.write({ data, positionMs, concealed: false });
    data.fill(0xff);
    positionMs += 20;
    clock.advance(20);
    await settle();
  };
  const say = async (...words: number[]): Promise<void> => {
    for (const word of words) for (let count = 0; count < 3; count += 1) await frame(word);
  };
  const pause = async (frames: number): Promise<void> => {
    for (let count = 0; count < frames; count += 1) await frame(0xff);
  };
  /** The turn's words as the turn loop puts them together. */
  const heard = (): string => {
    const segments: string[] = [];
    let open = '';
    for (const event of events) {
      if (event.type !== 'transcript') continue;
      if (event.final) segments.push(event.text);
      open = event.final ? '' : event.text;
    }
    return [...segments, open].filter((text) => text !== '').join(' ');
  };
  return { clock, controller, stream, events, say, pause, heard };
}

test('a recogniser that does not fail is the only one that listens', async () => {
  const [first, second] = [new ScriptedEars('a', { segmentWords: 2 }), new ScriptedEars('b')];
  const { say, heard, events, stream } = await setUp(first, second);
  await say(1, 2, 3);
  expect(heard()).toBe('w1 w2 w3');
  expect(second.opened).toBe(0);
  stream.close();
  await settle();
  expect(events.slice(-2).map(({ type }) => type)).toEqual(['usage', 'end']);
});

test.each([true, false])(
  'when one breaks off, the next hears the words since the last final segment (word times: %s)',
  async (wordTimes) => {
    const first = new ScriptedEars('a', { segmentWords: 2, failsAfterWords: 5, wordTimes });
    const second = new ScriptedEars('b', { endOfTurn: true });
    const { say, pause, heard, events } = await setUp(first, second);
    await pause(10);
    await say(1, 2, 3, 4, 5, 6, 7);
    expect(heard()).toBe('w1 w2 w3 w4 w5 w6 w7');
    expect(events.find((event) => event.type === 'taken-over')).toMatchObject({
      identity: { model: 'b' },
      capabilities: { endOfTurn: true },
    });
    expect(events.find((event) => event.type === 'warning')).toMatchObject({ error: { code: 'ERR_FLAVOR_NETWORK' } });
    expect(first.closed).toBe(1);
  },
);

test('one whose final segments come late is known by where they end: what was said since is told again', async () => {
  const first = new ScriptedEars('a', { segmentWords: 3, finalAfterWords: 2, failsAfterWords: 6 });
  const { say, heard } = await setUp(first, new ScriptedEars('b'));
  await say(1, 2, 3, 4, 5, 6, 7, 8);
  expect(heard()).toBe('w1 w2 w3 w4 w5 w6 w7 w8');
});

test('one that never says anything while the caller talks is not taken for deaf', async () => {
  const first = new ScriptedEars('a', { segmentWords: 120, finalAfterWords: 1 });
  const second = new ScriptedEars('b');
  const { say, heard } = await setUp(first, second);
  // Seven seconds.
  const words = Array.from({ length: 121 }, (_, index) => 1 + (index % 40));
  await say(...words);
  expect(second.opened).toBe(0);
  expect(heard().split(' ')).toHaveLength(120);
});

test('what is told again keeps its place on the call’s clock', async () => {
  const first = new ScriptedEars('a', { failsAfterWords: 1 });
  const second = new ScriptedEars('b', { wordTimes: true });
  const { say, events } = await setUp(first, second);
  await say(1, 2);
  const words = events.flatMap((event) => (event.type === 'transcript' ? (event.words ?? []) : []));
  expect(words.map(({ text, startMs }) => [text, startMs])).toEqual([
    ['w1', 4_000],
    ['w2', 4_060],
  ]);
});

test('one that hears nothing while the caller talks is taken for deaf; silence proves nothing', async () => {
  const first = new ScriptedEars('a', { deafAfterWords: 1 });
  const second = new ScriptedEars('b');
  const { say, pause, heard } = await setUp(first, second);
  await say(1);
  await pause(400);
  expect(second.opened).toBe(0);
  await say(...Array.from({ length: 41 }, (_, index) => 2 + (index % 40)));
  expect(second.opened).toBe(0);
  await say(3);
  expect(second.opened).toBe(1);
  expect(heard().startsWith('w1 w2 w3 w4')).toBe(true);
});

test('an engine that cannot be had is passed over from the beginning, and that is said', async () => {
  const refused = new FlavorError('ERR_FLAVOR_QUOTA', 'too many streams', true);
  const { say, heard, events } = await setUp(new ScriptedEars('a', { openError: refused }), new ScriptedEars('b'));
  await say(1);
  expect(heard()).toBe('w1');
  expect(events[0]).toMatchObject({ type: 'taken-over', identity: { model: 'b' } });
});

test('where nobody is left the stream ends with the error', async () => {
  const refused = new FlavorError('ERR_FLAVOR_AUTH', 'no key', false);
  const first = new ScriptedEars('a', { failsAfterWords: 0 });
  const { say, events } = await setUp(first, new ScriptedEars('b', { openError: refused }));
  await say(1, 2);
  expect(events.filter(({ type }) => type === 'end')).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({ type: 'end', error: { code: expect.stringMatching(/AUTH|NETWORK/) } });
  // It is asked again while others cannot be had, not for ever.
  expect(first.opened).toBeLessThanOrEqual(8);
});

test('an opening that fails throws the last error', async () => {
  const refused = new FlavorError('ERR_FLAVOR_AUTH', 'no key', false);
  await expect(setUp(new ScriptedEars('a', { openError: refused }))).rejects.toBe(refused);
});

test('the end of the call ends it without an error', async () => {
  const first = new ScriptedEars('a');
  const { controller, events } = await setUp(first);
  controller.abort();
  await settle();
  expect(events.map(({ type }) => type)).toEqual(['usage', 'end']);
  expect(first.closed).toBe(1);
});

test('what an engine has used is told, also when it was left because it is deaf', async () => {
  const first = new ScriptedEars('a', { deafAfterWords: 1 });
  const { say, events, controller } = await setUp(first, new ScriptedEars('b'));
  await say(...Array.from({ length: 44 }, (_, index) => 1 + (index % 40)));
  controller.abort();
  await settle();
  expect(events.filter(({ type }) => type === 'taken-over')).toHaveLength(1);
  expect(events.flatMap((event) => (event.type === 'usage' ? [event.model] : []))).toEqual(['a', 'b']);
});

test.each([
  ['whose events throw', 'throws'],
  ['that stops without a word', 'stops'],
] as const)('an engine %s is replaced, and harms nobody else', async (_, how) => {
  const first = new ScriptedEars('a');
  const open = first.open.bind(first);
  first.open = async () => {
    const stream = await open();
    const next = async (): Promise<IteratorResult<SpeechToTextEvent>> => {
      if (how === 'throws') throw new Error('a fault of its own');
      return { done: true, value: undefined };
    };
    const events = { [Symbol.asyncIterator]: () => ({ next }) };
    return { events, write: () => {}, finalize: () => {}, close: () => stream.close() };
  };
  const { say, heard } = await setUp(first, new ScriptedEars('b'));
  await say(1, 2);
  expect(heard()).toContain('w2');
});
