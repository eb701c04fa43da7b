import { expect, test } from 'vitest';
import { jobView, workersIn } from '../../../../src/cascade/engines/runpod/job-view.js';
import { StreamItems } from '../../../../src/cascade/engines/runpod/stream-items.js';
import type { SpeechChunk } from '../../../../src/cascade/engines/speech-server/backend.js';

const TEXT = 'Yes.';

function base64(...samples: readonly number[]): string {
  return Buffer.from(new Int16Array(samples).buffer).toString('base64');
}

function samplesOf(chunks: readonly SpeechChunk[]): readonly number[] {
  return chunks.flatMap((chunk) => (chunk.type === 'audio' ? [...chunk.samples] : []));
}

function thrown(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('items in order are heard, and the rate is told when it changes', () => {
  const items = new StreamItems('RunPod', TEXT);
  const first = items.push({ index: 0, sample_rate: 24_000, audio: base64(1, 2) });
  expect(first[0]).toEqual({ type: 'format', sampleRate: 24_000 });
  expect(samplesOf(first)).toEqual([1, 2]);
  expect(items.push({ index: 1, sample_rate: 24_000, audio: base64(3) })).toHaveLength(1);
  expect(items.push({ index: 2, sample_rate: 16_000, audio: base64(4) })[0]).toMatchObject({ sampleRate: 16_000 });
  expect(items.satisfied).toBe(false);
  expect(items.push({ index: 3, done: true, samples: 4, machine_ms: 12 })).toEqual([]);
  expect(items).toMatchObject({ satisfied: true, machineMs: 12, samples: 4 });
  items.end();
});

test('an item that comes twice is heard once', () => {
  const items = new StreamItems('RunPod', TEXT);
  items.push({ index: 0, audio: base64(1) });
  expect(items.push({ index: 0, audio: base64(1) })).toEqual([]);
  expect(samplesOf(items.push({ index: 1, audio: base64(2) }))).toEqual([2]);
});

test('a sample that is cut in two by the end of an item is put together', () => {
  const bytes = Buffer.from(new Int16Array([258, 772]).buffer);
  const items = new StreamItems('RunPod', TEXT);
  const first = items.push(bytes.subarray(0, 3).toString('base64'));
  expect([...samplesOf(first), ...samplesOf(items.push(bytes.subarray(3).toString('base64')))]).toEqual([258, 772]);
});

const broken = { code: 'ERR_FLAVOR_NETWORK', retryable: true };
const wrong = { code: 'ERR_FLAVOR_PROTOCOL' };

test.each([
  [
    'an item that is missing',
    [
      { index: 0, audio: base64(1) },
      { index: 2, audio: base64(2) },
    ],
    broken,
  ],
  [
    'fewer samples than were made',
    [
      { index: 0, audio: base64(1) },
      { index: 1, done: true, samples: 2 },
    ],
    broken,
  ],
  ['what is no base64', [{ index: 0, audio: 'no speech!' }], wrong],
  ['an item without speech', [{ index: 0 }], wrong],
  ['a number', [7], wrong],
  ['an impossible rate', [{ index: 0, sample_rate: 1, audio: base64(1) }], wrong],
  [
    'speech without end',
    [{ index: 0, sample_rate: 4_000, audio: base64(...new Array<number>(60_000).fill(9)) }],
    wrong,
  ],
  ['a refusal', [{ index: 0, refused: 'voice' }], { code: 'ERR_FLAVOR_CONFIG', retryable: false }],
] as const)('%s is told', (_name, given, expected) => {
  const items = new StreamItems('RunPod', TEXT);
  expect(thrown(() => given.map((item) => items.push(item)))).toMatchObject(expected);
});

test('after a question that failed, items that do not count themselves are not believed', () => {
  const items = new StreamItems('RunPod', TEXT);
  items.push(base64(1));
  items.lost();
  expect(thrown(() => items.push(base64(2)))).toMatchObject(broken);
  const silent = new StreamItems('RunPod', TEXT);
  silent.push(base64(1));
  silent.lost();
  expect(thrown(() => silent.end())).toMatchObject(broken);
});

test('what a handler raised is named by its type, and its words are not repeated', () => {
  const raised = { error_type: "<class 'torch.cuda.OutOfMemoryError'>", error_message: 'while saying: Your order' };
  const { error } = jobView({ id: 'a-u1', status: 'FAILED', error: JSON.stringify(raised) });
  expect(error?.message).toBe("RunPod's worker failed (torch.cuda.OutOfMemoryError)");
  expect(jobView({ id: 'a-u1', status: 'FAILED', error: 'plain words' }).error?.message).toBe("RunPod's worker failed");
});

test.each([
  ['IN_QUEUE', 'queued'],
  ['IN_PROGRESS', 'working'],
  ['RUNNING', 'working'],
  ['COMPLETED', 'done'],
  ['FAILED', 'failed'],
  ['CANCELLED', 'failed'],
  ['TIMED_OUT', 'failed'],
  ['SOMETHING_NEW', 'queued'],
])('%s means that a job is %s', (status, state) => {
  expect(jobView({ id: 'a-u1', status }).state).toBe(state);
});

test.each(['', '../../admin', 'a b', 'a'.repeat(200)])('a job by the name of "%s" is not asked for', (id) => {
  expect(thrown(() => jobView({ id, status: 'IN_QUEUE' }))).toMatchObject(wrong);
});

test.each([
  [{ workers: { idle: 1, running: 0 } }, 1],
  [{ workers: { idle: 0, running: 2 } }, 2],
  [{ workers: { idle: 0, ready: 1, running: 0, initializing: 1 } }, 1],
  [{ workers: { idle: 0, running: 0, throttled: 3 } }, 0],
  [{}, 0],
])('%j has workers that are up: %i', (health, up) => {
  expect(workersIn(health).up).toBe(up);
});

test('what a worker names as the type of its error may be as long as it likes', () => {
  const raised = { error_type: `${'a'.repeat(200_000)}!` };
  const { error } = jobView({ id: 'a-u1', status: 'FAILED', error: raised });
  expect(error?.message).toBe("RunPod's worker failed");
});
