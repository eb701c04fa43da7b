import { describe, expect, test } from 'vitest';
import { ALAW_SILENCE, decodeAlaw, encodeMulaw, MULAW_SILENCE } from '../../../src/audio/g711.js';
import type { StreamEvent } from '../../../src/media/engine.js';
import { AdaptiveJitterBuffer } from '../../../src/media/jitter/adaptive-jitter-buffer.js';
import { Latch } from '../../../src/media/peer/latch.js';
import { RtpReceiver } from '../../../src/media/stream/rtp-receiver.js';
import { StreamCodecs } from '../../../src/media/stream/stream-codecs.js';
import { FakeVoiceDetector } from '../../support/fake-voice-detector.js';
import { eventPayload, type RtpFields, rtpBytes } from '../../support/rtp-bytes.js';
import { SeededRandom } from '../../support/seeded-random.js';

const eventsOf = (payloadType: number) => ({ payloadType, unitsPerMs: 8 });
const CALLER = { address: '192.0.2.1', port: 4000 };
/** A loud mu-law code. */
const LOUD = 0x10;

interface HeardFrame {
  readonly codes: readonly number[];
  readonly positionMs: number;
  readonly concealed: boolean;
  readonly voiced: boolean;
  readonly receivedAtMs: number;
}

/** A receiver of PCMU with telephone events as 101, and its caller. A frame is taken every 20 ms. */
const setUp = (options: { receiving?: boolean; events?: number | null; inbandDtmf?: boolean } = {}) => {
  const frames: HeardFrame[] = [];
  const events: StreamEvent[] = [];
  const reported: number[] = [];
  const tapped: { samples: number; atMs: number; timestamp: number }[] = [];
  const latch = new Latch({ nat: false, strict: false });
  const receiver = new RtpReceiver({
    latch,
    jitterBuffer: new AdaptiveJitterBuffer(),
    voice: new FakeVoiceDetector(),
    codecs: new StreamCodecs(),
    audience: { onFrame: (frame) => frames.push({ ...frame, codes: [...frame.data] }) },
    listener: { onEvent: (event) => events.push(event) },
    tap: {
      caller: (samples, atMs, timestamp) => tapped.push({ samples: samples.length, atMs, timestamp }),
      agent: () => {},
    },
    inbandDtmf: options.inbandDtmf ?? false,
    reports: { ssrc: 1, receive: (_summary, bytes) => reported.push(bytes) },
  });
  latch.expect(CALLER, 0);
  const { events: eventType = 101 } = options;
  const eventFormat = eventType === null ? undefined : eventsOf(eventType);
  receiver.configure({ name: 'pcmu', payloadType: 0 }, eventFormat, options.receiving ?? true, 0);

  let nowMs = 0;
  let sequence = 100;
  let timestamp = 16_000;
  const receive = (bytes: Uint8Array, from = CALLER): void => receiver.receive(bytes, from, nowMs);
  /**
   * Goes on for `count` periods of 20 ms: a packet made by `packet`, 5 ms later a frame. `undefined`: the phone sends
   * nothing; `lost`: it does, in vain.
   */
  const go = (
    count: number,
    packet: (fields: RtpFields) => RtpFields | 'lost' | undefined = (fields) => fields,
  ): void => {
    for (let index = 0; index < count; index += 1) {
      const made = packet({ sequence, timestamp, ssrc: 7, payload: new Uint8Array(160).fill(LOUD) });
      const fields = made === 'lost' ? undefined : made;
      if (made !== undefined) sequence = ((fields?.sequence ?? sequence) + 1) & 0xffff;
      timestamp = ((fields?.timestamp ?? timestamp) + 160) >>> 0;
      if (fields) receive(rtpBytes(fields));
      nowMs += 5;
      receiver.deliver(nowMs, nowMs);
      nowMs += 15;
    }
  };
  return { receiver, frames, events, tapped, receive, go, now: () => nowMs };
};

const silentFrames = (frames: readonly HeardFrame[]) => frames.filter(({ codes }) => codes[159] !== LOUD);

test('frames come every 20 ms, gap-free, from silence into audio and back', () => {
  const { frames, go } = setUp();
  go(3, () => undefined);
  go(10);
  go(20, () => undefined);
  expect(frames.map(({ positionMs }) => positionMs)).toEqual(frames.map((_, index) => index * 20));
  const loud = frames.filter(({ codes }) => codes.every((code) => code === LOUD));
  expect(loud).toHaveLength(10);
  expect(loud.every(({ concealed, voiced }) => !concealed && voiced)).toBe(true);
  expect(
    frames.slice(0, 3).every(({ concealed, codes }) => concealed && codes.every((code) => code === MULAW_SILENCE)),
  ).toBe(true);
  expect(frames.at(-1)).toMatchObject({ concealed: true, voiced: false });
  expect(frames.at(-1)?.codes).toEqual(new Array(160).fill(MULAW_SILENCE));
});

test('a frame says when its last packet came; an invented one, when it was due', () => {
  const { frames, go } = setUp();
  go(2, () => undefined);
  go(6);
  expect(frames[0]?.receivedAtMs).toBe(5);
  // The first packet came at 40 ms; its frame is the one at 85.
  expect(frames.map(({ codes, receivedAtMs }) => (codes[0] === LOUD ? receivedAtMs : -1)).slice(4)).toEqual([
    40, 60, 80, 100,
  ]);
});

test('a lost packet is concealed by more of what was heard, and counted', () => {
  const { frames, receiver, go } = setUp();
  go(10);
  go(1, () => 'lost');
  go(10);
  const concealed = frames.filter(({ concealed, positionMs }) => concealed && positionMs > 60);
  expect(concealed).toHaveLength(1);
  expect(concealed[0]?.codes[0]).not.toBe(MULAW_SILENCE);
  expect(receiver.stats()).toMatchObject({ packets: 20, lost: 1, concealedMs: 20 });
});

test('loss is counted by sequence; the silence of a phone that sends nothing is not', () => {
  const { receiver, go } = setUp();
  go(10);
  go(2, () => 'lost');
  go(10);
  go(100, () => undefined);
  go(10);
  expect(receiver.stats().lost).toBe(2);
  expect(receiver.stats().concealedMs).toBe(40);
});

test('voice events carry positions on the frame clock', () => {
  const { events, go } = setUp();
  go(2, () => undefined);
  go(10);
  go(10, () => undefined);
  const voice = events.filter(({ type }) => type.startsWith('voice'));
  expect(voice).toEqual([
    { type: 'voice-started', positionMs: 80, atMs: 85 },
    // The last 100 ms of it are what was invented until it faded.
    { type: 'voice-stopped', positionMs: expect.any(Number), speechMs: expect.any(Number), atMs: expect.any(Number) },
  ]);
  const [, stopped] = voice;
  if (stopped?.type !== 'voice-stopped') throw new Error('no stop');
  expect(stopped.positionMs).toBe(80 + stopped.speechMs);
  expect(stopped.speechMs).toBeGreaterThanOrEqual(200);
});

test('frames come in the format asked for', () => {
  const { receiver, frames, go } = setUp();
  receiver.frames.setInput({ encoding: 'pcm16', sampleRate: 24_000 });
  go(10);
  expect(new Set(frames.map(({ codes }) => codes.length))).toEqual(new Set([960]));
});

test('after a change of codec the other one is taken, and frames keep the format asked for', () => {
  const { receiver, frames, go } = setUp();
  receiver.frames.setInput({ encoding: 'mulaw', sampleRate: 8_000 });
  go(10);
  receiver.configure({ name: 'pcma', payloadType: 8 }, eventsOf(101), true, 200);
  go(10, (fields) => ({ ...fields, payloadType: 8, payload: new Uint8Array(160).fill(ALAW_SILENCE) }));
  const last = frames.at(-1);
  expect(last?.concealed).toBe(false);
  expect(last?.codes.every((code) => code === MULAW_SILENCE || code === 0xfe)).toBe(true);
});

describe('a codec that was changed for another', () => {
  const inPcma = (fields: RtpFields): RtpFields => ({ ...fields, payloadType: 8 });
  const setUpChange = () => {
    const scene = setUp();
    scene.receiver.frames.setInput({ encoding: 'mulaw', sampleRate: 8_000 });
    scene.go(10);
    scene.receiver.configure({ name: 'pcma', payloadType: 8 }, eventsOf(101), true, 200);
    return scene;
  };

  test('is heard until the other comes, then no more', () => {
    const { receiver, frames, go } = setUpChange();
    go(5);
    expect(frames.slice(-5).every(({ codes, concealed }) => codes.every((code) => code === LOUD) && !concealed)).toBe(
      true,
    );
    go(10, inPcma);
    expect(receiver.stats()).toMatchObject({ packets: 25, lost: 0, dropped: {} });
    expect(frames.at(-1)?.codes).not.toContain(LOUD);
    go(60);
    expect(receiver.stats().dropped).toEqual({ 'payload-type': 60 });
  });

  test('is heard while keys come by the clock of the new agreement', () => {
    const { receiver, events, go } = setUpChange();
    receiver.configure({ name: 'pcma', payloadType: 8 }, { payloadType: 96, unitsPerMs: 48 }, true, 200);
    go(1);
    go(1, (fields) => ({ ...fields, payloadType: 96, payload: eventPayload(5, 4_800, true) }));
    go(10);
    expect(events.filter(({ type }) => type === 'digit')).toMatchObject([{ digit: '5', durationMs: 100 }]);
  });

  test('is heard for 2 s, by a phone that does not change', () => {
    const { receiver, go } = setUpChange();
    go(110);
    expect(receiver.stats().dropped).toEqual({ 'payload-type': 9 });
    go(10, inPcma);
    expect(receiver.stats()).toMatchObject({ packets: 121, dropped: { 'payload-type': 9 } });
  });

  test('is over for good once another is spoken, be it not the first choice', () => {
    const { receiver, go } = setUpChange();
    const also = { codecs: [{ name: 'g722', payloadType: 9 }], dtmfPayloadType: undefined } as const;
    receiver.configure({ name: 'pcma', payloadType: 8 }, eventsOf(101), true, 200, also);
    go(150, (fields) => ({ ...fields, payloadType: 9 }));
    expect(receiver.stats()).toMatchObject({ packets: 160, dropped: {} });
  });

  test('is not heard after a hold, when nothing of it is under way', () => {
    const { receiver, go } = setUp();
    go(10);
    receiver.configure({ name: 'pcmu', payloadType: 0 }, eventsOf(101), false, 200);
    receiver.configure({ name: 'pcma', payloadType: 8 }, eventsOf(101), true, 220);
    go(5);
    expect(receiver.stats()).toMatchObject({ packets: 10, dropped: { 'payload-type': 5 } });
  });

  test('is not heard where its number is that of something else now', () => {
    const { receiver, events, go } = setUpChange();
    receiver.configure({ name: 'pcma', payloadType: 8 }, eventsOf(0), true, 200);
    go(1, (fields) => ({ ...fields, payload: eventPayload(5, 800, true) }));
    go(10, inPcma);
    expect(events.filter(({ type }) => type === 'digit')).toHaveLength(1);
  });
});

describe('a caller who may speak two codecs', () => {
  const PCMU = { name: 'pcmu', payloadType: 0 } as const;
  const PCMA = { name: 'pcma', payloadType: 8 } as const;
  const alaw = new Uint8Array(160).fill(0x20);
  const inPcma = (fields: RtpFields): RtpFields => ({ ...fields, payloadType: 8, payload: alaw });
  const [samples, asMulaw] = [new Int16Array(1), new Uint8Array(1)];
  decodeAlaw(alaw.subarray(0, 1), samples);
  encodeMulaw(samples, asMulaw);
  const both = { codecs: [PCMA], dtmfPayloadType: undefined };
  const setUpBoth = () => {
    const scene = setUp();
    scene.receiver.frames.setInput({ encoding: 'mulaw', sampleRate: 8_000 });
    scene.receiver.configure(PCMU, eventsOf(101), true, 0, both);
    const heard = (): string => {
      const codes = new Set(scene.frames.slice(-3).map(({ codes }) => codes[159]));
      return [...codes].map((code) => (code === LOUD ? 'pcmu' : code === asMulaw[0] ? 'pcma' : code)).join();
    };
    return { ...scene, heard };
  };

  test('is heard in either, and changes when it likes', () => {
    const { receiver, go, heard } = setUpBoth();
    go(10, inPcma);
    expect(heard()).toBe('pcma');
    go(50, inPcma);
    go(10);
    expect([heard(), receiver.stats().dropped]).toEqual(['pcmu', {}]);
  });

  test('is heard in the one it speaks when the session is refreshed', () => {
    const { receiver, go, heard } = setUpBoth();
    go(10, inPcma);
    receiver.configure(PCMU, eventsOf(101), true, 200, both);
    go(1, inPcma);
    expect([heard(), receiver.stats().dropped]).toEqual(['pcma', {}]);
    receiver.configure(PCMU, eventsOf(101), true, 220);
    go(1, inPcma);
    go(10);
    expect([heard(), receiver.stats().dropped]).toEqual(['pcmu', {}]);
    go(1, inPcma);
    expect(receiver.stats().dropped).toEqual({ 'payload-type': 1 });
  });

  test('costs one decoder a second, however it flutters', () => {
    const { receiver, go } = setUpBoth();
    let index = 0;
    go(100, (fields) => {
      index += 1;
      return index % 2 === 0 ? inPcma(fields) : fields;
    });
    const { dropped, packets } = receiver.stats();
    expect([dropped, packets]).toEqual([{ 'payload-type': 49 }, 51]);
  });

  test('has digits taken under the number that we told it, and under its own', () => {
    const { receiver, events, go } = setUp();
    receiver.configure(PCMU, eventsOf(96), true, 0, { codecs: [], dtmfPayloadType: 101 });
    for (const payloadType of [101, 96]) {
      go(1, (fields) => ({ ...fields, payloadType, payload: eventPayload(5, 800, true) }));
      go(10);
    }
    expect(events.filter(({ type }) => type === 'digit')).toHaveLength(2);
  });
});

test.each<[string, (fields: RtpFields, index: number) => RtpFields]>([
  ['another SSRC', (fields) => ({ ...fields, ssrc: 8 })],
  [
    'another SSRC with numbers of its own',
    (fields, index) => ({ ...fields, ssrc: 8, sequence: 40_000 + index, timestamp: 99 + index * 160 }),
  ],
  ['a timestamp 2.7 h ahead', (fields, index) => (index === 0 ? { ...fields, timestamp: 77_760_000 } : fields)],
  [
    'a timestamp an hour back',
    (fields, index) => (index === 0 ? { ...fields, timestamp: (16_000 - 28_800_000) >>> 0 } : fields),
  ],
  ['a sequence far ahead', (fields, index) => (index === 0 ? { ...fields, sequence: 30_000 } : fields)],
  [
    'a sequence and a timestamp that begin again',
    (fields, index) => ({ ...fields, sequence: 100 + index, timestamp: 16_000 + index * 160 }),
  ],
])('%s is heard again within 100 ms', (_, change) => {
  const { frames, go } = setUp();
  go(50);
  const until = frames.length;
  let index = 0;
  go(50, (fields) => {
    const changed = change({ ...fields, payload: new Uint8Array(160).fill(0x22) }, index);
    index += 1;
    return changed;
  });
  const heard = frames.slice(until).findIndex(({ codes }) => codes[159] === 0x22);
  // The first changed packet came 5 ms before the first of these frames.
  expect(5 + heard * 20).toBeLessThanOrEqual(100);
  // Of the first one, up to 10 ms go over from what was invented.
  expect(frames[until + heard]?.codes.slice(80).every((code) => code === 0x22)).toBe(true);
  expect(frames.slice(until + heard + 1).every(({ codes }) => codes.every((code) => code === 0x22))).toBe(true);
});

test('nothing of one SSRC is played once another has begun, at the wrap too', () => {
  const { frames, go } = setUp();
  go(1, (fields) => ({ ...fields, sequence: 65_520 }));
  go(12);
  const until = frames.length;
  const next = (fields: RtpFields): RtpFields => ({ ...fields, ssrc: 8, payload: new Uint8Array(160).fill(0x22) });
  go(1, (fields) => next({ ...fields, sequence: 3 }));
  go(10, next);
  expect(frames.slice(until).some(({ codes }) => codes.includes(LOUD))).toBe(false);
  expect(frames.at(-1)?.codes[0]).toBe(0x22);
});

test('comfort noise is a sign of life and no audio', () => {
  const { receiver, frames, go, now } = setUp();
  go(10);
  go(50, (fields) => ({ ...fields, payloadType: 13, payload: Buffer.from([40]) }));
  expect(silentFrames(frames.slice(-40))).toHaveLength(40);
  expect(receiver.lastHeardMs).toBe(now() - 20);
  expect(receiver.stats().dropped).toEqual({});
  go(5);
  expect(frames.at(-1)?.codes[0]).toBe(LOUD);
});

test('digits are reported once, and audio around them is heard', () => {
  const { events, go } = setUp();
  go(10);
  let start = 0;
  let step = 0;
  go(8, ({ timestamp = 0, ...fields }) => {
    if (step === 0) start = timestamp;
    step += 1;
    const payload = eventPayload(5, Math.min(step, 6) * 160, step >= 6);
    return { ...fields, payloadType: 101, timestamp: start, payload };
  });
  go(10);
  expect(events.filter(({ type }) => type === 'digit')).toEqual([
    { type: 'digit', digit: '5', durationMs: 120, atMs: 10 * 20 + 5 * 20 },
  ]);
});

describe('events of a source of their own, as some gateways send them', () => {
  /** Eight packets of a press of the key, one between two of the audio each. */
  const press = (
    { go, receive }: Pick<ReturnType<typeof setUp>, 'go' | 'receive'>,
    key: number,
    from: number,
  ): void => {
    for (let step = 1; step <= 8; step += 1) {
      const payload = eventPayload(key, Math.min(step, 6) * 160, step >= 6);
      receive(rtpBytes({ payloadType: 101, sequence: from + step, timestamp: 1_000 * from, ssrc: 99, payload }));
      go(1);
    }
  };

  test('each key is reported once, and the audio goes on between them', () => {
    const bench = setUp();
    const { go, events, frames, receiver } = bench;
    go(10);
    press(bench, 5, 900);
    go(10);
    press(bench, 6, 940);
    go(10);
    expect(events.filter(({ type }) => type === 'digit')).toMatchObject([
      { digit: '5', durationMs: 120 },
      { digit: '6', durationMs: 120 },
    ]);
    expect(silentFrames(frames.slice(5))).toEqual([]);
    expect(receiver.stats()).toMatchObject({ packets: 62, lost: 0, lateDropped: 0 });
  });

  test('audio that begins in the middle of a key, under its SSRC, does not press it again', () => {
    const { go, events } = setUp();
    go(10);
    let step = 0;
    go(16, (fields) => {
      step += 1;
      // In turns, from the beginning on: events and audio of the new source.
      const sequence = 500 + step;
      if (step % 2 === 0) return { ...fields, ssrc: 8, sequence };
      const payload = eventPayload(5, step * 160, step >= 11);
      return { ...fields, ssrc: 8, sequence, payloadType: 101, timestamp: 99_000, payload };
    });
    go(10, (fields) => ({ ...fields, ssrc: 8 }));
    expect(events.filter(({ type }) => type === 'digit')).toMatchObject([{ digit: '5' }]);
  });
});

test('a digit whose end never comes is reported from the frame clock', () => {
  const { events, go } = setUp();
  go(3, (fields) => ({ ...fields, timestamp: 16_000, payloadType: 101, payload: eventPayload(9, 160, false) }));
  expect(events.some(({ type }) => type === 'digit')).toBe(false);
  go(15, () => undefined);
  expect(events.filter(({ type }) => type === 'digit')).toHaveLength(1);
});

test('the tap hears each packet when it comes, before the jitter buffer', () => {
  const { tapped, go } = setUp();
  go(2);
  expect(tapped).toEqual([
    { samples: 160, atMs: 0, timestamp: 16_000 },
    { samples: 160, atMs: 20, timestamp: 16_160 },
  ]);
});

test('while we do not receive, packets are refused and frames are silence', () => {
  const { receiver, frames, events, go } = setUp({ receiving: false });
  go(10);
  expect(receiver.stats()).toMatchObject({ packets: 0, dropped: { direction: 10 } });
  expect(silentFrames(frames)).toHaveLength(10);
  expect(events).toEqual([]);
});

test('audio from before a hold is not played after it', () => {
  const { receiver, frames, go } = setUp();
  const codec = { name: 'pcmu', payloadType: 0 } as const;
  go(10);
  receiver.configure(codec, eventsOf(101), false, 200);
  receiver.configure(codec, eventsOf(101), true, 201);
  expect(receiver.lastHeardMs).toBe(201);
  const until = frames.length;
  go(5, (fields) => ({ ...fields, payload: new Uint8Array(160).fill(0x22) }));
  expect(frames.slice(until).some(({ codes }) => codes.includes(LOUD))).toBe(false);
  expect(frames.at(-1)?.codes[0]).toBe(0x22);
});

test("RTCP keeps the call alive on either port; its BYE ends nothing; a stranger's counts for nothing", () => {
  const { receiver, receive, go } = setUp();
  const report = Buffer.from('80c9000100000007', 'hex');
  const bye = Buffer.from('81cb000100000007', 'hex');
  go(2);
  receiver.receiveRtcp(report, CALLER, 1_000);
  expect(receiver.lastHeardMs).toBe(1_000);
  receiver.receiveRtcp(bye, { address: '198.51.100.9', port: 4001 }, 2_000);
  receiver.receiveRtcp(report.subarray(0, 6), CALLER, 2_000);
  expect(receiver.lastHeardMs).toBe(1_000);
  receive(bye);
  go(3);
  expect(receiver.stats()).toMatchObject({ packets: 5, dropped: { rtcp: 1, source: 1 } });
});

test('every refused packet is counted by its reason', () => {
  const { receiver, receive, go } = setUp();
  go(2);
  const stranger = { address: '192.0.2.1', port: 4999 };
  receive(rtpBytes({ sequence: 1 }), stranger);
  receive(Buffer.from([1, 2, 3]));
  receive(Buffer.from('8f'.padEnd(24, '0'), 'hex'));
  receive(Buffer.from('90'.padEnd(24, '0'), 'hex'));
  receive(Buffer.from('a0'.padEnd(24, '0'), 'hex'));
  receive(rtpBytes({ payloadType: 96, sequence: 102, ssrc: 7 }));
  receive(rtpBytes({ sequence: 102, ssrc: 7, payload: new Uint8Array(1_921) }));
  receive(rtpBytes({ sequence: 50_000, ssrc: 7 }));
  receive(rtpBytes({ payloadType: 101, sequence: 103, ssrc: 7, payload: Buffer.from([1, 2]) }));
  receive(Buffer.from([0x80, 200, 0, 9]));
  expect(receiver.stats().dropped).toEqual({
    'not-rtp': 1,
    csrc: 1,
    extension: 1,
    padding: 1,
    rtcp: 1,
    source: 1,
    'payload-type': 1,
    'payload-size': 1,
    sequence: 1,
    event: 1,
  });
});

test("50,000 hostile packets between a caller's own are dropped and counted, and he is heard throughout", () => {
  const random = new SeededRandom(99);
  const { receiver, receive, frames, go } = setUp();
  const valid = (): Buffer =>
    rtpBytes({
      payloadType: [0, 0, 13, 101, random.integer(128)][random.integer(5)] ?? 0,
      sequence: random.integer(2 ** 16),
      timestamp: random.integer(2 ** 32),
      ssrc: random.integer(2 ** 32),
      payload: random.bytes(random.integer(40)),
    });
  const strangers = [
    { address: '192.0.2.1', port: 4_999 },
    { address: '192.0.2.66', port: 4_000 },
  ];
  const hostile = (): void => {
    const bytes = random.integer(2) === 0 ? random.bytes(random.integer(60)) : valid();
    if (random.integer(3) === 0 && bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
    // What comes from the caller's own address is noise that no RTP parser accepts, or from a stranger.
    const stranger = strangers[random.integer(2)];
    if (bytes.length >= 12 && bytes.readUInt8(0) >> 6 === 2) receive(bytes, stranger);
    else receive(bytes, random.integer(2) === 0 ? CALLER : stranger);
  };
  go(20);
  let sent = 0;
  for (let round = 0; round < 500; round += 1) {
    for (let index = 0; index < 100; index += 1) hostile();
    sent += 100;
    go(1);
  }
  const dropped = Object.values(receiver.stats().dropped).reduce((sum, count) => sum + count, 0);
  // Now and then a random packet is sound RTCP from the caller's own IP address, which is no drop.
  expect(dropped).toBeGreaterThan(sent * 0.99);
  expect(dropped).toBeLessThanOrEqual(sent);
  expect(receiver.stats()).toMatchObject({ packets: 520, lost: 0, lateDropped: 0 });
  expect(silentFrames(frames.slice(3))).toHaveLength(0);
});

test('50,000 malformed packets from the caller himself throw nothing, and he is heard again afterwards', () => {
  const random = new SeededRandom(77);
  const { receive, receiver, frames, go } = setUp();
  go(5);
  for (let round = 0; round < 50_000; round += 1) {
    const bytes =
      random.integer(3) === 0
        ? random.bytes(random.integer(80))
        : rtpBytes({
            payloadType: [0, 13, 101][random.integer(3)] ?? 0,
            sequence: random.integer(2 ** 16),
            timestamp: random.integer(2 ** 32),
            ssrc: random.integer(3),
            payload: random.bytes(random.integer(400)),
          });
    receive(bytes);
    if (round % 100 === 0) go(1);
  }
  go(10);
  expect(frames.at(-1)?.codes.every((code) => code === LOUD)).toBe(true);
  expect(frames.every(({ codes }) => codes.length === 160)).toBe(true);
  expect(receiver.stats().lost).toBeGreaterThanOrEqual(0);
});

test('the quality estimate is absent before anything came, good for a clean stream, worse with loss', () => {
  const { receiver, go } = setUp();
  expect(receiver.mos()).toBeUndefined();
  go(100);
  const clean = receiver.mos() ?? 0;
  expect(clean).toBeGreaterThan(4.2);
  for (let round = 0; round < 10; round += 1) {
    go(1, () => 'lost');
    go(4);
  }
  expect(receiver.mos()).toBeLessThan(clean - 0.5);
});

/** A key in the sound, as mu-law: 697 and 1209 Hz, "1". */
const keyOne = (atSample: number): Uint8Array => {
  const codes = new Uint8Array(160);
  const samples = Int16Array.from({ length: 160 }, (_, index) => {
    const t = (atSample + index) / 8000;
    return 5000 * (Math.sin(2 * Math.PI * 697 * t) + Math.sin(2 * Math.PI * 1209 * t));
  });
  encodeMulaw(samples, codes);
  return codes;
};

test.each([
  ['a phone without telephone-events', null, true, ['1']],
  ['a phone that has them and sends the tone as well', 101, true, []],
  ['any phone where nobody asked for it', null, false, []],
] as const)('a key in the sound of %s', (_phone, eventType, inbandDtmf, digits) => {
  const { events, go } = setUp({ events: eventType, inbandDtmf });
  let sent = 0;
  go(20);
  go(5, (fields) => {
    sent += 160;
    return { ...fields, payload: keyOne(sent) };
  });
  go(20, (fields) => ({ ...fields, payload: new Uint8Array(160).fill(0xff) }));
  expect(events.flatMap((event) => (event.type === 'digit' ? [event.digit] : []))).toEqual(digits);
});

test('what a phone sends on while it is held is not heard, and no loss either', () => {
  const { receiver, frames, go, now } = setUp();
  const hold = (receiving: boolean): void =>
    receiver.configure({ name: 'pcmu', payloadType: 0 }, eventsOf(101), receiving, now());
  go(20);
  hold(false);
  const heard = frames.filter(({ codes }) => codes[159] === LOUD).length;
  go(100);
  expect(frames.filter(({ codes }) => codes[159] === LOUD)).toHaveLength(heard);
  hold(true);
  go(20);
  const { source } = receiver.sequences;
  expect(receiver.stats()).toMatchObject({ packets: 40, lost: 0, dropped: { direction: 100 } });
  expect([source?.expected, source?.received]).toEqual([140, 140]);
  expect(receiver.mos()).toBeGreaterThan(4);
});
