import { describe, expect, test } from 'vitest';
import { Recogniser } from '../../../src/cascade/session/recogniser.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import type {
  SpeechToText,
  SpeechToTextEvent,
  SpeechToTextStream,
} from '../../../src/cascade/stages/speech-to-text.js';
import { type AudioFrame, FlavorError, type FlavorErrorCode } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const input = { encoding: 'mulaw', sampleRate: 8000 } as const;
const capabilities = { input: [input], endOfTurn: false, eagerEndOfTurn: false, wordTimes: false, finalize: false };

function setUp() {
  const clock = new FakeClock();
  const streams: EventStream<SpeechToTextEvent>[] = [];
  const failures: FlavorError[] = [];
  const written: number[] = [];
  const listen = (): SpeechToTextStream => {
    const events = new EventStream<SpeechToTextEvent>();
    streams.push(events);
    const write = ({ positionMs }: AudioFrame): void => void written.push(positionMs);
    return { events, write, finalize: () => {}, close: () => {} };
  };
  const engine = { identity: { provider: 'p', model: 'm' }, capabilities, open: async () => listen() };
  const { signal } = new AbortController();
  const parts = { engine: engine as unknown as SpeechToText, input, clock, signal };
  const recogniser = new Recogniser(
    { ...parts, onEvent: () => {}, onLost: () => {}, onFailed: (error) => void failures.push(error) },
    listen(),
  );
  /** The latest stream lives for a while, says `heard` before its end, and breaks; whether another is opened. */
  const lose = async (code: FlavorErrorCode, livedMs: number, heard = false): Promise<boolean> => {
    const { length } = streams;
    clock.advance(livedMs);
    if (heard) streams.at(-1)?.push({ type: 'transcript', text: 'hello', final: true });
    streams.at(-1)?.push({ type: 'end', error: new FlavorError(code, 'lost', true) });
    for (let turn = 0; turn < 20; turn += 1) await undefined;
    clock.advance(1_000);
    for (let turn = 0; turn < 20; turn += 1) await undefined;
    return streams.length > length;
  };
  return { lose, failures, written, recogniser, clock, streams };
}

describe('a recogniser that is lost again and again', () => {
  test('is given up where it never answers, however long each of them is waited for', async () => {
    const { lose, failures } = setUp();
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await lose('ERR_FLAVOR_TIMEOUT', 10_000)).toBe(true);
    expect(await lose('ERR_FLAVOR_TIMEOUT', 10_000)).toBe(false);
    expect(failures).toMatchObject([{ code: 'ERR_FLAVOR_TIMEOUT' }]);
  });

  test.each([
    ['has answered before', 'ERR_FLAVOR_TIMEOUT', true],
    ['has had nothing to answer', 'ERR_FLAVOR_NETWORK', false],
  ] as const)('is not where each of them %s', async (_what, code, heard) => {
    const { lose, failures } = setUp();
    for (let attempt = 0; attempt < 8; attempt += 1) expect(await lose(code, 10_000, heard)).toBe(true);
    expect(failures).toEqual([]);
  });

  test('is given up where none of them lasts', async () => {
    const { lose } = setUp();
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await lose('ERR_FLAVOR_NETWORK', 500)).toBe(true);
    expect(await lose('ERR_FLAVOR_NETWORK', 500)).toBe(false);
  });
});

test('of what is said while there is no recogniser the next one hears the last five seconds', async () => {
  const { recogniser, written, clock, streams } = setUp();
  streams[0]?.push({ type: 'end', error: new FlavorError('ERR_FLAVOR_NETWORK', 'lost', true) });
  for (let turn = 0; turn < 20; turn += 1) await undefined;
  for (let positionMs = 0; positionMs < 8_000; positionMs += 20) {
    recogniser.write({ data: new Uint8Array(160), positionMs, concealed: false });
  }
  expect(written).toEqual([]);
  clock.advance(1_000);
  for (let turn = 0; turn < 20; turn += 1) await undefined;
  expect([written[0], written.at(-1), written.length]).toEqual([3_000, 7_980, 250]);
});
