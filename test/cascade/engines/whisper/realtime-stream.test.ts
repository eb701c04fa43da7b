import { expect, test } from 'vitest';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/config.js';
import { createWhisperSpeechToText } from '../../../../src/cascade/engines/whisper/index.js';
import type { RealtimeConnection, RealtimeListener } from '../../../../src/cascade/engines/whisper/realtime-session.js';
import { RealtimeStream } from '../../../../src/cascade/engines/whisper/realtime-stream.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { startFakeWhisper } from '../../../fakes/whisper/index.js';
import { Caller } from './scene.js';

/** A session that answers when the test says so. */
class ScriptedSession implements RealtimeConnection {
  listener: RealtimeListener | undefined;
  samples = 0;
  /** Audio of each commit, ms. */
  readonly commits: number[] = [];
  closed = false;

  append(samples: Int16Array): void {
    this.samples += samples.length;
  }

  commit(): void {
    this.commits.push(this.samples / 24);
    this.samples = 0;
    this.listener?.onCommitted(`item-${this.commits.length}`);
  }

  close(): void {
    this.closed = true;
  }

  understand(commit: number, text: string): void {
    this.listener?.onText(`item-${commit}`, text);
  }
}

const MINUTE_MS = 60_000;

/** @param sessions what each attempt to connect comes to, in order; the last one again and again */
async function sceneOf(...sessions: readonly (ScriptedSession | FlavorError)[]): Promise<Caller> {
  let attempts = 0;
  return Caller.with(async (clock, signal) => {
    const stream = new RealtimeStream({
      config: whisperListenSchema.parse({ server: 'speaches-realtime', url: 'http://127.0.0.1:1/v1' }),
      identity: { provider: 'whisper', model: 'whisper-1' },
      format: { encoding: 'mulaw', sampleRate: 8000 },
      clock,
      signal,
      async connect(listener) {
        const session = sessions[Math.min(attempts, sessions.length - 1)];
        attempts += 1;
        if (!(session instanceof ScriptedSession)) throw session;
        session.listener = listener;
        return session;
      },
    });
    await stream.open();
    return stream;
  });
}

async function scene(): Promise<{ readonly caller: Caller; readonly session: ScriptedSession }> {
  const session = new ScriptedSession();
  return { caller: await sceneOf(session), session };
}

test('audio is sent while somebody talks, and committed at the first silence', async () => {
  const { caller, session } = await scene();
  await caller.silence(3_000);
  expect(session.samples).toBe(0);
  await caller.speak(1_000);
  expect(session.samples / 24).toBeGreaterThan(1_000);
  await caller.silence(260);
  expect(session.commits).toHaveLength(1);
  session.understand(1, ' Hello there.\n');
  await caller.silence(200);
  expect(caller.transcripts).toEqual(['Hello there....']);
  caller.stream.finalize();
  await caller.settle();
  expect(caller.transcripts).toEqual(['Hello there....', 'Hello there.']);
  // What follows is silence.
  await caller.silence(2_000);
  expect(session.samples).toBe(0);
  expect(session.commits).toHaveLength(1);
});

test('what follows a pause is another piece of the same segment', async () => {
  const { caller, session } = await scene();
  await caller.speak(800);
  await caller.silence(400);
  await caller.speak(800);
  await caller.silence(300);
  expect(session.commits).toHaveLength(2);
  // The end of the pause goes along.
  expect(session.commits[1]).toBeGreaterThan(1_100);
  caller.stream.finalize();
  session.understand(2, 'and two');
  await caller.settle();
  expect(caller.transcripts.filter((text) => !text.endsWith('...'))).toEqual([]);
  session.understand(1, 'one');
  await caller.settle();
  expect(caller.transcripts.at(-1)).toBe('one and two');
});

test('a segment that ends without a silence is committed as it is', async () => {
  const { caller, session } = await scene();
  await caller.speak(900);
  caller.stream.finalize();
  expect(session.commits).toHaveLength(1);
  session.understand(1, 'Yes.');
  await caller.settle();
  expect(caller.transcripts).toEqual(['Yes.']);
});

test('finalize() without a word is answered at once', async () => {
  const { caller, session } = await scene();
  await caller.silence(500);
  caller.stream.finalize();
  await caller.settle();
  expect(caller.transcripts).toEqual(['']);
  expect(session.commits).toEqual([]);
});

test('a recording that is never understood ends the stream', async () => {
  const { caller, session } = await scene();
  await caller.speak(600);
  caller.stream.finalize();
  caller.clock.advance(10_000);
  await caller.settle();
  expect(caller.events.at(-1)).toMatchObject({ type: 'end', error: { code: 'ERR_FLAVOR_TIMEOUT', retryable: true } });
  expect(session.closed).toBe(true);
  expect(caller.clock.pendingTimers).toBe(0);
});

test('a lost session ends the stream with its reason, an abort without one', async () => {
  const lost = await scene();
  lost.session.listener?.onLost(new FlavorError('ERR_FLAVOR_NETWORK', 'gone', true));
  await lost.caller.settle();
  expect(lost.caller.events).toEqual([{ type: 'end', error: expect.objectContaining({ message: 'gone' }) }]);
  const over = await scene();
  await over.caller.speak(600);
  over.caller.controller.abort();
  await over.caller.settle();
  expect(over.caller.events.at(-1)).toEqual({ type: 'end' });
  expect(over.session.closed).toBe(true);
});

const gone = new FlavorError('ERR_FLAVOR_NETWORK', 'closed after half an hour', true);

test('a session is replaced before the server ends it, where nobody speaks', async () => {
  const [first, second] = [new ScriptedSession(), new ScriptedSession()];
  const caller = await sceneOf(first, second);
  await caller.speak(600);
  await caller.silence(1_000);
  first.understand(1, 'Good morning.');
  caller.clock.advance(25 * MINUTE_MS);
  await caller.settle();
  expect([first.closed, second.closed]).toEqual([true, false]);
  first.listener?.onLost(gone);
  await caller.speak(600);
  await caller.silence(1_000);
  second.understand(1, 'Still there?');
  await caller.settle();
  expect(caller.transcripts.filter((text) => !text.endsWith('...'))).toEqual(['Good morning.', 'Still there?']);
  caller.stream.close();
  await caller.settle();
  expect(second.closed).toBe(true);
  expect(caller.clock.pendingTimers).toBe(0);
});

test('in the middle of speech it goes on to the next silence, and is closed when it has told all', async () => {
  const [first, second] = [new ScriptedSession(), new ScriptedSession()];
  const caller = await sceneOf(first, second);
  caller.clock.advance(25 * MINUTE_MS - 500);
  await caller.speak(1_500);
  expect(second.samples).toBe(0);
  await caller.silence(400);
  // The same segment, in another recording.
  await caller.speak(800);
  await caller.silence(1_000);
  expect([first.commits.length, second.commits.length, first.closed]).toEqual([1, 1, false]);
  second.understand(1, 'and two');
  first.understand(1, 'one');
  await caller.settle();
  expect(caller.transcripts.at(-1)).toBe('one and two');
  expect([first.closed, second.closed]).toEqual([true, false]);
});

test('a caller who is silent after that waits for nobody: the old session ends, and the stream does not', async () => {
  const [first, second] = [new ScriptedSession(), new ScriptedSession()];
  const caller = await sceneOf(first, second);
  caller.clock.advance(25 * MINUTE_MS - 500);
  await caller.speak(1_500);
  await caller.silence(1_000);
  first.understand(1, 'One moment.');
  await caller.settle();
  expect([first.closed, second.closed]).toEqual([true, false]);
});

test('a click, of which nothing is recognised, does not keep the old session', async () => {
  const [first, second] = [new ScriptedSession(), new ScriptedSession()];
  const caller = await sceneOf(first, second);
  await caller.speak(60);
  await caller.silence(2_000);
  expect(first.commits).toEqual([]);
  caller.clock.advance(25 * MINUTE_MS);
  await caller.settle();
  expect([first.closed, second.closed]).toEqual([true, false]);
});

test('a new session that is not to be had is tried again; one that breaks unused is made again', async () => {
  const [first, second, third] = [new ScriptedSession(), new ScriptedSession(), new ScriptedSession()];
  const caller = await sceneOf(first, gone, second, third);
  caller.clock.advance(25 * MINUTE_MS - 1_000);
  await caller.speak(2_000);
  // Refused a second ago.
  caller.clock.advance(30_000);
  await caller.settle();
  expect(second.listener).toBeDefined();
  second.listener?.onLost(gone);
  caller.clock.advance(30_000);
  await caller.silence(1_000);
  first.understand(1, 'Hello.');
  await caller.speak(600);
  await caller.silence(1_000);
  third.understand(1, 'It is me.');
  await caller.settle();
  expect(caller.transcripts.filter((text) => !text.endsWith('...'))).toEqual(['Hello.', 'It is me.']);
  expect([first.closed, second.samples, second.closed]).toEqual([true, 0, true]);
});

test('a session that ends while it owes a text ends the stream: the words are told again to another', async () => {
  const [first, second] = [new ScriptedSession(), new ScriptedSession()];
  const caller = await sceneOf(first, second);
  caller.clock.advance(25 * MINUTE_MS - 300);
  await caller.speak(600);
  await caller.silence(1_000);
  first.listener?.onLost(gone);
  await caller.settle();
  expect(caller.events.at(-1)).toMatchObject({ type: 'end', error: { code: 'ERR_FLAVOR_NETWORK' } });
  expect([first.closed, second.closed]).toEqual([true, true]);
  expect(caller.clock.pendingTimers).toBe(0);
});

test('speaches ends every session after half an hour: a longer call loses no word', async () => {
  const caller = new Caller();
  const lines = ['Before.', 'After.'];
  await using fake = await startFakeWhisper({ lines, clock: caller.clock });
  const section = { server: 'speaches-realtime', url: fake.url, connectTimeoutMs: 60_000 };
  const engine = createWhisperSpeechToText(whisperListenSchema.parse(section), { clock: caller.clock });
  const input = { encoding: 'mulaw', sampleRate: 8000 } as const;
  caller.listen(await engine.open({ input }, caller.controller.signal));
  for (const line of lines) {
    await caller.speak(600);
    await caller.silence(1_000);
    await expect.poll(() => caller.transcripts.at(-1)).toBe(line);
    // Half an hour passes; the WebSocket's pings, each 8 s, must have their way meanwhile.
    for (let step = 0; step < 265 && line === 'Before.'; step += 1) {
      caller.clock.advance(7_000);
      await fetch(`${fake.origin}/health`);
    }
  }
  expect(caller.events.filter(({ type }) => type === 'end')).toEqual([]);
  expect(fake.seen.filter((seen) => seen.startsWith('UPGRADE')).length).toBe(2);
  caller.stream.close();
  await engine[Symbol.asyncDispose]();
});
