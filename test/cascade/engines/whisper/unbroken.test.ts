import { beforeAll, expect, test } from 'vitest';
import { Slots } from '../../../../src/cascade/engines/speech-server/slots.js';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/config.js';
import type { RealtimeListener } from '../../../../src/cascade/engines/whisper/realtime-session.js';
import { RealtimeStream } from '../../../../src/cascade/engines/whisper/realtime-stream.js';
import { RequestStream } from '../../../../src/cascade/engines/whisper/request-stream.js';
import { SampleBatch } from '../../../../src/cascade/engines/whisper/sample-batch.js';
import { AlignedWhisper, type AlignedWhisperOptions, speakUnbroken, type UnbrokenSpeech } from './aligned-whisper.js';
import { Caller } from './scene.js';

let speech: UnbrokenSpeech;
beforeAll(async () => {
  speech = await speakUnbroken();
});

interface Heard {
  readonly finals: readonly string[];
  /** All that was shown, with what was final before it. */
  readonly interims: readonly string[];
  /** Ends of the final segments but for the last, ms. */
  readonly untilMs: readonly number[];
  /** Length of each recording, ms. */
  readonly recordings: readonly number[];
}

async function hear(section: object, options: Partial<AlignedWhisperOptions> = {}): Promise<Heard> {
  const caller = new Caller();
  const server = new AlignedWhisper({ speech, clock: caller.clock, serverMs: 300, ...options });
  caller.listen(
    new RequestStream({
      config: whisperListenSchema.parse({ url: 'http://127.0.0.1:1/v1', ...section }),
      identity: { provider: 'whisper', model: 'whisper-1' },
      server,
      slots: new Slots(4),
      format: { encoding: 'mulaw', sampleRate: 8000 },
      clock: caller.clock,
      signal: caller.controller.signal,
      onWell: () => {},
    }),
  );
  await caller.play(speech.samples);
  await caller.silence(2_000);
  caller.stream.close();
  await caller.settle();
  const finals: string[] = [];
  const interims: string[] = [];
  const untilMs: number[] = [];
  for (const event of caller.events) {
    if (event.type !== 'transcript') continue;
    if (!event.final) interims.push([...finals, event.text].join(' '));
    else {
      finals.push(event.text);
      untilMs.push(event.untilMs ?? 0);
    }
  }
  return { finals, interims, untilMs: untilMs.slice(0, -1), recordings: server.recordings };
}

const plain = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replace(/[^a-z ]+/g, '')
    .split(' ')
    .filter((word) => word !== '');
const said = (): readonly string[] => plain(speech.words.map(({ text }) => text).join(' '));

test.each([{ longestMs: 18_000 }, { longestMs: 12_000 }, { longestMs: 9_000, partials: false }, { longestMs: 7_300 }])(
  'who speaks for 25 s without a pause is cut, and no word is lost or doubled: %j',
  async (section) => {
    const { finals, interims, recordings } = await hear(section);
    expect(finals.length).toBeGreaterThan(1);
    expect(Math.max(...recordings)).toBeLessThanOrEqual(section.longestMs + 3_000);
    expect(plain(finals.join(' '))).toEqual(said());
    // Nothing that is shown meanwhile comes twice either: the last word may be half of one.
    for (const shown of interims) expect(plain(shown).slice(0, -1)).toEqual(said().slice(0, plain(shown).length - 1));
  },
);

test('a word in six that is understood differently each time is neither lost nor doubled at a cut', async () => {
  const mishears = (word: number, recording: number): boolean => (5 * word + 7 * recording) % 6 === 0;
  const { finals } = await hear({ longestMs: 8_000, partials: false }, { mishears });
  const words = plain(finals.join(' '));
  expect(words).toHaveLength(said().length);
  const wrong = said().filter((word, index) => words[index] !== word);
  expect(wrong.length).toBeLessThan(said().length / 4);
  for (const [index, word] of said().entries()) expect(words[index]?.[0]).toBe(word[0]);
});

test('a segment is over where it was cut, for whoever must tell the rest to another recogniser', async () => {
  const { untilMs } = await hear({ longestMs: 9_000, partials: false });
  expect(untilMs.length).toBeGreaterThan(2);
  for (const [index, atMs] of untilMs.entries()) {
    const beforeMs = untilMs[index - 1] ?? 0;
    expect(atMs - beforeMs).toBeGreaterThan(4_000);
    expect(atMs - beforeMs).toBeLessThanOrEqual(9_300);
  }
});

test('what was sent to a session cannot be taken back: it is sent again for some words, and none is lost or doubled', async () => {
  const caller = new Caller();
  const server = new AlignedWhisper({ speech, clock: caller.clock, serverMs: 300, sampleRate: 24_000 });
  const connect = async (listener: RealtimeListener) => {
    const sent = new SampleBatch(Number.POSITIVE_INFINITY);
    let commits = 0;
    return {
      append: (samples: Int16Array) => void sent.add(samples),
      commit: () => {
        const item = `item-${++commits}`;
        listener.onCommitted(item);
        void server.understand(sent.take(), caller.controller.signal).then(({ text }) => listener.onText(item, text));
      },
      close: () => {},
    };
  };
  const stream = new RealtimeStream({
    config: whisperListenSchema.parse({ server: 'speaches-realtime', url: 'http://127.0.0.1:1/v1', longestMs: 8_000 }),
    identity: { provider: 'whisper', model: 'whisper-1' },
    format: { encoding: 'mulaw', sampleRate: 8000 },
    clock: caller.clock,
    signal: caller.controller.signal,
    connect,
  });
  await stream.open();
  caller.listen(stream);
  await caller.play(speech.samples);
  await caller.silence(2_000);
  const finals = caller.transcripts.filter((text) => !text.endsWith('...'));
  expect(finals.length).toBeGreaterThan(2);
  expect(plain(finals.join(' '))).toEqual(said());
});
