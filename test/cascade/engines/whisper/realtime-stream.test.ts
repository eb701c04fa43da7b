import { expect, test } from 'vitest';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/config.js';
import type { RealtimeConnection, RealtimeListener } from '../../../../src/cascade/engines/whisper/realtime-session.js';
import { RealtimeStream } from '../../../../src/cascade/engines/whisper/realtime-stream.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
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

async function scene(): Promise<{ readonly caller: Caller; readonly session: ScriptedSession }> {
  const session = new ScriptedSession();
  const caller = await Caller.with(async (clock, signal) => {
    const stream = new RealtimeStream({
      config: whisperListenSchema.parse({ server: 'speaches-realtime', url: 'http://127.0.0.1:1/v1' }),
      identity: { provider: 'whisper', model: 'whisper-1' },
      format: { encoding: 'mulaw', sampleRate: 8000 },
      clock,
      signal,
      async connect(listener) {
        session.listener = listener;
        return session;
      },
    });
    await stream.open();
    return stream;
  });
  return { caller, session };
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
