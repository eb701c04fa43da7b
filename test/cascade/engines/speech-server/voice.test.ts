import { afterEach, expect, test } from 'vitest';
import type { SpeechBackend, SpeechChunk } from '../../../../src/cascade/engines/speech-server/backend.js';
import { MachineTime, timed } from '../../../../src/cascade/engines/speech-server/machine-time.js';
import { outputFormats, speechServerVoice } from '../../../../src/cascade/engines/speech-server/voice.js';
import { failOverTextToSpeech } from '../../../../src/cascade/fail-over/text-to-speech.js';
import { createTextToSpeech, standbyConfig, textToSpeechConfig } from '../../../../src/cascade/index.js';
import type { TextToSpeechEvent, TextToSpeechSession } from '../../../../src/cascade/stages/text-to-speech.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { FakeClock } from '../../../support/fake-clock.js';

const pcm = { encoding: 'pcm16', sampleRate: 24_000 } as const;
const identity = { provider: 'scripted', model: 'm' };

/** A request that a test answers. */
class Request {
  readonly text: string;
  readonly signal: AbortSignal;
  readonly #chunks: (SpeechChunk | Error | undefined)[] = [];
  #wake: () => void = () => undefined;

  constructor(text: string, signal: AbortSignal) {
    this.text = text;
    this.signal = signal;
    signal.addEventListener('abort', () => this.#wake());
  }

  /** `ms` of sound at `sampleRate`. */
  say(ms: number, sampleRate = 24_000): void {
    this.push({ type: 'format', sampleRate });
    this.push({ type: 'audio', samples: new Int16Array((sampleRate * ms) / 1000).fill(1_000) });
  }

  end(): void {
    this.push(undefined);
  }

  push(chunk: SpeechChunk | Error | undefined): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  async *chunks(): AsyncGenerator<SpeechChunk> {
    for (;;) {
      this.signal.throwIfAborted();
      if (this.#chunks.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const chunk = this.#chunks.shift();
      if (chunk === undefined) return;
      if (chunk instanceof Error) throw chunk;
      yield chunk;
    }
  }
}

const ends: AbortController[] = [];
afterEach(() => {
  for (const controller of ends.splice(0)) controller.abort();
});

async function setUp(concurrency = 4, retries = 0) {
  const requests: Request[] = [];
  const clock = new FakeClock();
  const backend: SpeechBackend = {
    identity,
    capabilities: { streaming: true, sampleRate: 24_000, maxCharacters: 300, concurrency, tags: false },
    synthesize(text, signal) {
      const request = new Request(text, signal);
      requests.push(request);
      return request.chunks();
    },
    probe: async () => ({ state: 'ready' }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const controller = new AbortController();
  ends.push(controller);
  const random = { hex: () => '', integer: () => 0 };
  const session = await speechServerVoice(backend, { clock, random, retries }).open({ output: pcm }, controller.signal);
  return { requests, clock, session, controller, backend };
}

/** Begins an utterance of pieces, and keeps what it says. */
function say(session: TextToSpeechSession, ...pieces: readonly string[]) {
  const utterance = session.begin();
  const events: TextToSpeechEvent[] = [];
  void (async () => {
    for await (const event of utterance.events) events.push(event);
  })();
  for (const piece of pieces) utterance.append(piece);
  utterance.finish();
  /** What came, as a line: sounds by their length. */
  const story = (): string =>
    events
      .map((event) => {
        if (event.type === 'audio') return `${event.data.length / 48} ms`;
        if (event.type === 'piece') return `piece ${event.index}`;
        return event.type === 'end' ? `end ${event.spokenPieces} ${event.error?.code ?? ''}`.trim() : event.type;
      })
      .join(', ');
  return { utterance, events, story };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the next piece is asked for while the first is heard, and the third only when the first is over', async () => {
  const { requests, session } = await setUp();
  say(session, 'One.', 'Two.', 'Three.');
  await turn();
  expect(requests.map(({ text }) => text)).toEqual(['One.', 'Two.']);
  requests[0]?.say(10);
  requests[0]?.end();
  await turn();
  expect(requests.map(({ text }) => text)).toEqual(['One.', 'Two.', 'Three.']);
});

test('where the server works on one, the next is asked for as soon as it is free', async () => {
  const { requests, session } = await setUp(1);
  say(session, 'One.', 'Two.');
  await turn();
  expect(requests.length).toBe(1);
  requests[0]?.say(10);
  await turn();
  expect(requests.length).toBe(1);
  requests[0]?.end();
  await turn();
  expect(requests.length).toBe(2);
});

test('what the second has early waits until the first is over', async () => {
  const { requests, session } = await setUp();
  const { story } = say(session, 'One.', 'Two.');
  await turn();
  requests[1]?.say(20);
  requests[1]?.end();
  await turn();
  expect(story()).toBe('');
  requests[0]?.say(10);
  requests[0]?.end();
  await turn();
  // The last 4 ms of a piece come with its end: they are made to end softly.
  expect(story()).toBe('piece 0, 6 ms, 4 ms, piece 1, 16 ms, 4 ms, end 2');
});

test('sound goes on as it comes, without waiting for the rest of its piece', async () => {
  const { requests, session } = await setUp();
  const { story } = say(session, 'One.');
  await turn();
  requests[0]?.say(10);
  await turn();
  expect(story()).toBe('piece 0, 6 ms');
});

test('a server that changes its rate in the middle is followed', async () => {
  const { requests, session } = await setUp();
  const { events, story } = say(session, 'One.');
  await turn();
  requests[0]?.say(100, 24_000);
  requests[0]?.say(100, 16_000);
  requests[0]?.end();
  await turn();
  const bytes = events.reduce((sum, event) => sum + (event.type === 'audio' ? event.data.length : 0), 0);
  expect(bytes).toBe(200 * 48);
  expect(story()).toMatch(/end 1$/);
});

test('a cancelled utterance aborts what is under way, and the next is asked for at once', async () => {
  const { requests, session } = await setUp(1);
  const first = say(session, 'One.', 'Two.');
  await turn();
  first.utterance.cancel();
  expect(requests[0]?.signal.aborted).toBe(true);
  const second = say(session, 'Yes?');
  await turn();
  requests[1]?.say(10);
  requests[1]?.end();
  await turn();
  expect(first.story()).toBe('end 0');
  expect(second.story()).toBe('piece 0, 6 ms, 4 ms, end 1');
  expect(requests.map(({ text }) => text)).toEqual(['One.', 'Yes?']);
});

test.each(['cancel', 'close'] as const)('what an answer has used is told when it ends by %s', async (how) => {
  const clock = new FakeClock();
  const backend = (await setUp()).backend;
  const voice = speechServerVoice(
    {
      ...backend,
      synthesize: (_, signal) =>
        timed(
          new MachineTime('own/laptop', clock),
          async function* (taken) {
            taken();
            yield { type: 'audio', samples: new Int16Array(240) };
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
          },
          signal,
        ),
    },
    { clock },
  );
  const session = await voice.open({ output: pcm }, new AbortController().signal);
  const { utterance, events } = say(session, 'One.', 'Two.');
  await turn();
  clock.advance(700);
  if (how === 'cancel') utterance.cancel();
  else session.close();
  await turn();
  // Both requests.
  expect(events.filter(({ type }) => type === 'usage')).toEqual([usage, usage]);
  expect(events.at(-1)).toMatchObject({ type: 'end' });
  expect(clock.pendingTimers).toBe(0);
});

/** A server that rents its machine by the time, whose first answer breaks off when told. */
async function setUpTimed(clock: FakeClock) {
  let breakOff: () => void = () => undefined;
  const backend: SpeechBackend = {
    ...(await setUp()).backend,
    synthesize: (text, signal) =>
      timed(
        new MachineTime('own/laptop', clock),
        async function* (taken) {
          taken();
          yield { type: 'audio', samples: new Int16Array(240) };
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
            if (text === 'One.') breakOff = () => reject(new FlavorError('ERR_FLAVOR_NETWORK', 'broke', true));
          });
        },
        signal,
      ),
  };
  return { backend, breakOff: () => breakOff() };
}

const usage = { type: 'usage', provider: 'own', model: 'laptop', unit: 'machine-ms', quantity: 700 } as const;

test('what the next piece has used already is told when a voice breaks off', async () => {
  const clock = new FakeClock();
  const { backend, breakOff } = await setUpTimed(clock);
  const session = await speechServerVoice(backend, { clock }).open({ output: pcm }, new AbortController().signal);
  const { utterance, events } = say(session, 'One.', 'Two.');
  await turn();
  clock.advance(700);
  breakOff();
  await turn();
  expect(events.filter(({ type }) => type === 'usage')).toEqual([usage, usage]);
  expect(events.at(-1)).toMatchObject({ type: 'end', spokenPieces: 0, error: { code: 'ERR_FLAVOR_NETWORK' } });
  utterance.cancel();
  expect(clock.pendingTimers).toBe(0);
});

test('a server that does not let go of the next piece does not keep the error back', async () => {
  const { requests, clock, backend } = await setUp();
  const deaf: SpeechBackend = {
    ...backend,
    synthesize: (text, signal) => backend.synthesize(text, text === 'Two.' ? new AbortController().signal : signal),
  };
  const session = await speechServerVoice(deaf, { clock, retries: 0 }).open(
    { output: pcm },
    new AbortController().signal,
  );
  const { utterance, story } = say(session, 'One.', 'Two.');
  await turn();
  requests[0]?.push(new FlavorError('ERR_FLAVOR_NETWORK', 'broke', true));
  await turn();
  utterance.append('Three.');
  expect(story()).toBe('');
  clock.advance(50);
  await turn();
  expect(story()).toBe('end 0 ERR_FLAVOR_NETWORK');
  expect(requests.map(({ text }) => text)).toEqual(['One.', 'Two.']);
});

test.each(['breaks off', 'is cancelled'] as const)(
  'with a voice that stands by, what was used is told when the first one %s',
  async (how) => {
    const clock = new FakeClock();
    const { backend, breakOff } = await setUpTimed(clock);
    const { backend: other, requests } = await setUp();
    const voice = failOverTextToSpeech([speechServerVoice(backend, { clock }), speechServerVoice(other, { clock })], {
      clock,
    });
    const session = await voice.open({ output: pcm }, new AbortController().signal);
    const { utterance, events } = say(session, 'One.', 'Two.');
    await turn();
    clock.advance(700);
    if (how === 'is cancelled') utterance.cancel();
    else breakOff();
    await turn();
    expect(events.filter(({ type }) => type === 'usage')).toEqual([usage, usage]);
    // Only somebody who was left is followed for that: the other one speaks at once.
    expect(requests.length).toBe(how === 'breaks off' ? 2 : 0);
    utterance.cancel();
    await turn();
    expect(events.at(-1)).toMatchObject({ type: 'end' });
    expect(events.filter(({ type }) => type === 'usage').length).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  },
);

test('a piece of which nothing was heard is asked for again; one that was begun is not', async () => {
  const broke = new FlavorError('ERR_FLAVOR_NETWORK', 'broke', true);
  const { requests, clock, session } = await setUp(1, 1);
  const first = say(session, 'One.');
  await turn();
  requests[0]?.push(broke);
  await turn();
  clock.advance(150);
  await turn();
  requests[1]?.say(10);
  requests[1]?.end();
  await turn();
  expect(first.story()).toBe('piece 0, 6 ms, 4 ms, end 1');
  const second = say(session, 'Two.', 'Three.');
  await turn();
  requests[2]?.say(10);
  requests[2]?.push(broke);
  await turn();
  // What was heard of it ends softly, and the rest is not begun.
  expect(second.story()).toBe('piece 0, 6 ms, 4 ms, end 0 ERR_FLAVOR_NETWORK');
  expect(requests.length).toBe(3);
});

test.each([
  ['ERR_FLAVOR_AUTH', false],
  ['ERR_FLAVOR_QUOTA', true],
  ['ERR_FLAVOR_TIMEOUT', true],
] as const)('%s is not tried again', async (code, retryable) => {
  const { requests, session } = await setUp(1, 3);
  const { story } = say(session, 'One.');
  await turn();
  requests[0]?.push(new FlavorError(code, 'no', retryable));
  await turn();
  expect(story()).toBe(`end 0 ${code}`);
});

test('of bare punctuation nothing is asked, and its piece is named all the same', async () => {
  const { requests, session } = await setUp();
  const { story } = say(session, '...', '—');
  await turn();
  expect(requests).toEqual([]);
  expect(story()).toBe('piece 0, piece 1, end 2');
});

test('an abort of the call ends everything', async () => {
  const { requests, session, controller } = await setUp();
  const { story } = say(session, 'One.', 'Two.');
  await turn();
  controller.abort();
  await turn();
  expect(requests.every(({ signal }) => signal.aborted)).toBe(true);
  expect(story()).toBe('end 0');
});

test("the server's own rate comes first, and phones' formats are among them", () => {
  expect(outputFormats(24_000)[0]).toEqual(pcm);
  expect(outputFormats(22_050)[0]).toEqual(pcm);
  expect(outputFormats(96_000)[0]).toEqual({ encoding: 'pcm16', sampleRate: 48_000 });
  expect(outputFormats(8_000)).toEqual([
    { encoding: 'pcm16', sampleRate: 8_000 },
    { encoding: 'mulaw', sampleRate: 8_000 },
    { encoding: 'alaw', sampleRate: 8_000 },
  ]);
});

test.each([
  { provider: 'chatterbox', server: 'devnen', url: 'http://127.0.0.1:8004' },
  { provider: 'chatterbox', server: 'travisvn', url: 'http://127.0.0.1:4123' },
  { provider: 'chatterbox', server: 'modal', url: 'https://me--app.modal.run' },
  { provider: 'openai-speech', baseUrl: 'http://127.0.0.1:8880/v1' },
])('a flavor made of stages can name %o, as its voice or to stand by for it', async (section) => {
  const voice = createTextToSpeech(textToSpeechConfig.parse(section));
  expect(voice.capabilities.output).toContainEqual({ encoding: 'mulaw', sampleRate: 8_000 });
  expect(standbyConfig.parse({ tts: [section] }).tts.length).toBe(1);
  await voice[Symbol.asyncDispose]();
});

test('where two utterances end together, nothing is asked for the second', async () => {
  const { requests, session } = await setUp(1);
  say(session, 'One.');
  say(session, 'Two.');
  await turn();
  session.close();
  await turn();
  expect(requests.map(({ text }) => text)).toEqual(['One.']);
});
