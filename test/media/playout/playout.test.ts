import { expect, test } from 'vitest';
import { MULAW_SILENCE } from '../../../src/audio/g711.js';
import { phoneCodings } from '../../../src/media/codecs/phone-codec.js';
import type { StreamEvent } from '../../../src/media/engine.js';
import { Playout, playoutDefaults } from '../../../src/media/playout/playout.js';
import { EDGE_MS } from '../../../src/media/playout/speech-edge.js';

/** At 8000 Hz. */
const EDGE_SAMPLES = 8 * EDGE_MS;

/** A loud mu-law code, and one that no silence trim takes for sound. */
const LOUD = 0x10;

const audio = (ms: number, code = LOUD): Uint8Array => new Uint8Array(ms * 8).fill(code);

/** A playout and a sender of 20 ms packets for it. Times count packets: the first leaves at 20. */
const setUp = () => {
  const events: StreamEvent[] = [];
  const playout = new Playout(phoneCodings.pcmu, (event) => events.push(event));
  let nowMs = 0;
  const send = (count = 1): Uint8Array[] =>
    Array.from({ length: count }, () => {
      const packet = new Uint8Array(160).fill(0x33);
      nowMs += 20;
      playout.fill(packet, nowMs);
      playout.report();
      return packet;
    });
  const codes = (count: number): number[] => send(count).map((packet) => packet[0] ?? -1);
  return { playout, events, send, codes, now: () => nowMs };
};

const summary = (events: readonly StreamEvent[]): string[] =>
  events.map((event) => {
    switch (event.type) {
      case 'response-ended':
        return `${event.responseId} ${event.state} ${event.heardMs} @${event.atMs}`;
      case 'response-started':
      case 'response-voiced':
      case 'starved':
        return `${event.responseId} ${event.type.replace('response-', '')} @${event.atMs}`;
      case 'ack':
        return `${event.command} ${event.sequence} ${event.playing?.responseId ?? '-'} ${event.playing?.heardMs ?? '-'} @${event.atMs}`;
      default:
        return event.type;
    }
  });

test('silence is sent while nothing is to be said', () => {
  const { send, events } = setUp();
  expect(send()[0]).toEqual(new Uint8Array(160).fill(MULAW_SILENCE));
  expect(events).toEqual([]);
});

test('a response starts, is voiced, and ends with the packet that held its last sample', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(60));
  playout.end('a');
  send(4);
  expect(summary(events)).toEqual(['a started @20', 'a voiced @20', 'a finished 60 @60']);
});

test('responses play in the order of their first audio, joined within a packet', () => {
  const { playout, send, events } = setUp();
  playout.play('a', audio(15, 0x10));
  playout.play('b', audio(20, 0x20));
  playout.play('a', audio(15, 0x11));
  playout.end('b');
  playout.end('a');
  const packets = send(3).map((packet) => [packet[0], packet[119], packet[120], packet[159]]);
  expect(packets).toEqual([
    [0x10, 0x10, 0x11, 0x11],
    [0x11, 0x20, 0x20, 0x20],
    [0x20, MULAW_SILENCE, MULAW_SILENCE, MULAW_SILENCE],
  ]);
  expect(summary(events)).toEqual([
    'a started @20',
    'a voiced @20',
    'a finished 30 @40',
    'b started @40',
    'b voiced @40',
    'b finished 20 @60',
  ]);
});

test('what does not fill a packet waits for more, and goes when the response ends', () => {
  const { playout, send, codes } = setUp();
  playout.play('a', audio(30));
  expect(codes(2)).toEqual([LOUD, MULAW_SILENCE]);
  playout.play('a', audio(10));
  expect(send()[0]).toEqual(audio(20));
  playout.play('a', audio(5));
  playout.end('a');
  expect([...(send()[0] ?? [])].filter((code) => code === LOUD)).toHaveLength(40);
});

test('a response that runs dry says so once each time', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(20));
  send(3);
  playout.play('a', audio(20));
  send(3);
  playout.end('a');
  playout.settle(140);
  playout.report();
  expect(summary(events)).toEqual([
    'a started @20',
    'a voiced @20',
    'a starved @40',
    'a starved @100',
    'a finished 40 @140',
  ]);
});

test('a pause sends silence and keeps the place, a resume goes on', () => {
  const { playout, send, codes } = setUp();
  playout.play('a', audio(20, 0x10));
  playout.play('a', audio(20, 0x11));
  expect(codes(1)).toEqual([0x10]);
  playout.pause();
  send();
  expect(codes(2)).toEqual([MULAW_SILENCE, MULAW_SILENCE]);
  expect(playout.playhead).toEqual({ responseId: 'a', heardMs: 20 });
  playout.resume();
  expect(send()[0]?.subarray(EDGE_SAMPLES)).toEqual(audio(15, 0x11));
  expect(codes(1)).toEqual([MULAW_SILENCE]);
});

/** A tone of 440 Hz at -10 dBFS, and the samples of packets. */
const tone = (ms: number): Uint8Array => {
  const codes = new Uint8Array(ms * 8);
  phoneCodings.pcmu.encode(
    Int16Array.from(codes, (_, index) => 10_000 * Math.sin((2 * Math.PI * 440 * index) / 8000)),
    codes,
  );
  return codes;
};
const decoded = (packets: readonly Uint8Array[]): Int16Array => {
  const codes = Uint8Array.from(packets.flatMap((packet) => [...packet]));
  const samples = new Int16Array(codes.length);
  phoneCodings.pcmu.decode(codes, samples);
  return samples;
};
const largestStep = (samples: Int16Array): number =>
  samples.reduce((largest, sample, index) => Math.max(largest, Math.abs(sample - (samples[index - 1] ?? 0))), 0);

/** Of the tone itself, G.711's rounding included. */
const TONE_STEP = 1.1 * 10_000 * 2 * Math.PI * (440 / 8000);

test.each(['pause', 'flush'] as const)(
  'a %s does not click, and is silent after 5 ms of the next packet',
  (command) => {
    const { playout, send, now } = setUp();
    playout.play('a', tone(1000));
    const before = send(3);
    if (command === 'pause') playout.pause();
    else playout.doom();
    if (command === 'flush') playout.flush(now());
    const after = send(2);
    expect(largestStep(decoded([...before, ...after]))).toBeLessThan(TONE_STEP);
    expect(Math.max(...decoded(after).subarray(0, 20).map(Math.abs))).toBeGreaterThan(3000);
    expect(
      decoded(after)
        .subarray(EDGE_SAMPLES)
        .every((sample) => sample === 0),
    ).toBe(true);
  },
);

test('a pause and its end do not click, and the speech goes on where it stopped', () => {
  const { playout, send } = setUp();
  playout.play('a', tone(1000));
  playout.end('a');
  const before = send(3);
  playout.pause();
  const pause = send(3);
  playout.resume();
  const after = send(3);
  expect(largestStep(decoded([...before, ...pause, ...after]))).toBeLessThan(TONE_STEP);
  expect(after[1]).toEqual(tone(1000).subarray(4 * 160, 5 * 160));
});

test('a pause that is over before a packet leaves is not heard', () => {
  const { playout, send } = setUp();
  playout.play('a', tone(1000));
  send(3);
  playout.pause();
  playout.resume();
  expect(send()[0]).toEqual(tone(1000).subarray(3 * 160, 4 * 160));
});

test('a flush in the middle of nothing leaves nothing behind', () => {
  const { playout, send, codes, now } = setUp();
  playout.play('a', audio(20));
  send(2);
  playout.play('b', audio(400));
  playout.doom();
  playout.flush(now());
  expect(send()[0]).toEqual(new Uint8Array(160).fill(MULAW_SILENCE));
  playout.play('c', audio(60, 0x22));
  expect(codes(1)).toEqual([0x22]);
});

test('12 s of speech that come at ten times real time are played whole, with no silence between', () => {
  const { playout, events, send } = setUp();
  const speech = tone(12_000);
  const heard: Uint8Array[] = [];
  // 200 ms of speech every 20 ms, in chunks as they come off a network.
  for (let at = 0; at < speech.length; at += 1600) {
    for (let from = at; from < at + 1600; from += 397)
      playout.play('a', speech.subarray(from, Math.min(from + 397, at + 1600)));
    heard.push(...send());
  }
  playout.end('a');
  heard.push(...send(600 - heard.length));
  expect(Buffer.concat(heard).subarray(0, 40).equals(speech.subarray(0, 40))).toBe(true);
  expect(Buffer.concat(heard).equals(speech)).toBe(true);
  expect(playout.refusedMs).toBe(0);
  expect(summary(events)).toEqual(['a started @20', 'a voiced @20', 'a finished 12000 @12000']);
});

test('a flush ends every response with what was heard of it, and a pause', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(100));
  playout.play('b', audio(100));
  playout.end('c');
  send(2);
  playout.pause();
  playout.doom();
  playout.flush(50);
  expect(summary(events.slice(2))).toEqual(['a interrupted 40 @50', 'b interrupted 0 @50', 'c interrupted 0 @50']);
  expect(playout.queuedMs).toBe(0);
  playout.play('d', audio(20));
  expect(send()[0]?.subarray(EDGE_SAMPLES)).toEqual(audio(15));
});

test('between a flush and its slot the old audio is silent and the new is kept', () => {
  const { playout, codes } = setUp();
  playout.play('a', audio(100));
  playout.doom();
  playout.play('a', audio(20));
  playout.play('b', audio(20, 0x22));
  expect(playout.queuedMs).toBe(20);
  expect(codes(1)).toEqual([MULAW_SILENCE]);
  playout.flush(21);
  expect(codes(2)).toEqual([0x22, MULAW_SILENCE]);
});

test('late audio of an ended response starts nothing', () => {
  const { playout, events, send, codes } = setUp();
  playout.play('a', audio(20));
  playout.play('b', audio(20));
  playout.end('a');
  send(1);
  playout.play('a', audio(20));
  playout.end('a');
  playout.doom();
  playout.flush(30);
  playout.play('b', audio(20));
  expect(codes(3)).toEqual([MULAW_SILENCE, MULAW_SILENCE, MULAW_SILENCE]);
  expect(events.filter(({ type }) => type === 'response-ended')).toHaveLength(2);
});

test('as many ended responses are remembered as may still have audio under way, and no more', () => {
  const { playout, events, send } = setUp();
  const say = (id: string): void => {
    playout.play(id, audio(20));
    playout.end(id);
    send(1);
  };
  for (let number = 0; number <= playoutDefaults.rememberedIds; number += 1) say(`r${number}`);
  const ended = (): number => events.filter(({ type }) => type === 'response-ended').length;
  const before = ended();
  say('r1');
  expect(ended()).toBe(before);
  say('r0');
  expect(ended()).toBe(before + 1);
});

test('audio after the end of a response that still plays is dropped', () => {
  const { playout, send, events } = setUp();
  playout.play('a', audio(40));
  playout.end('a');
  playout.play('a', audio(400));
  send(3);
  expect(summary(events).at(-1)).toBe('a finished 40 @40');
});

test('a response that ended without audio is finished at 0 when its turn comes', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(40));
  playout.end('b');
  playout.end('a');
  send(2);
  expect(summary(events)).toEqual(['a started @20', 'a voiced @20', 'a finished 40 @40', 'b finished 0 @40']);
});

test('leading silence is not played but counts as heard', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(300, MULAW_SILENCE));
  expect(playout.queuedMs).toBe(0);
  expect(playout.playhead).toBeUndefined();
  playout.play('a', audio(100));
  send(2);
  // 295 ms went, 5 ms are kept before the sound.
  expect(playout.playhead).toEqual({ responseId: 'a', heardMs: 335 });
  playout.end('a');
  send(4);
  expect(summary(events)).toEqual(['a started @20', 'a voiced @20', 'a finished 400 @120']);
});

/** `silentMs` of silence and `loudMs` of sound in one piece. */
const piece = (silentMs: number, loudMs: number): Uint8Array =>
  Buffer.concat([audio(silentMs, MULAW_SILENCE), audio(loudMs)]);

test('little that is left of a long piece waits for the next, one packet at most', () => {
  const { playout, events, send } = setUp();
  const isLoud = (count: number): boolean[] => send(count).map((packet) => packet.includes(LOUD));
  // With 5 ms before the sound 30 ms are left. The next piece comes behind the second packet, as it may at ten times the pace.
  playout.play('late', piece(375, 25));
  expect(isLoud(2)).toEqual([false, true]);
  playout.play('late', audio(90));
  playout.end('late');
  expect(isLoud(6)).toEqual([true, true, true, true, true, false]);
  playout.play('in time', piece(375, 25));
  expect(isLoud(1)).toEqual([false]);
  playout.play('in time', audio(90));
  playout.end('in time');
  expect(isLoud(6)).toEqual([true, true, true, true, true, true]);
  expect(events.filter(({ type }) => type === 'starved')).toEqual([]);
});

test.each([
  ['enough for two packets', piece(375, 36)],
  ['without silence before it', audio(25)],
  ['of pieces as they come in real time', piece(15, 25)],
])('sound goes with the next packet: %s', (_, bytes) => {
  const { playout, send } = setUp();
  playout.play('a', bytes);
  expect(send(1)[0]?.includes(LOUD)).toBe(true);
});

test('a short answer that is over, and one behind another, do not wait', () => {
  const { playout, send } = setUp();
  playout.play('a', piece(375, 25));
  playout.end('a');
  playout.play('b', piece(375, 25));
  const heard = Buffer.concat(send(3));
  expect(heard.filter((code) => code === LOUD)).toHaveLength(2 * 25 * 8);
});

test('the part of a response that is silent does not make it voiced', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(1_500, MULAW_SILENCE));
  playout.play('a', audio(20));
  send(30);
  const [started, voiced] = events;
  expect([started?.type, voiced?.type]).toEqual(['response-started', 'response-voiced']);
  expect(voiced && 'atMs' in voiced ? voiced.atMs : 0).toBeGreaterThan(400);
});

test('a mark is reached when what was queued before it was sent, not later', () => {
  const { playout, events, send } = setUp();
  playout.mark(1);
  playout.play('a', audio(40));
  playout.mark(2);
  playout.play('a', audio(40));
  playout.mark(3);
  send(5);
  expect(summary(events).filter((line) => line.startsWith('mark'))).toEqual([
    'mark 1 a 20 @20',
    'mark 2 a 40 @40',
    'mark 3 a 80 @80',
  ]);
});

test('a mark makes a rest shorter than a packet go', () => {
  const { playout, events, send } = setUp();
  playout.play('a', audio(30));
  playout.mark(1);
  send(2);
  expect(summary(events).at(-1)).toBe('mark 1 a 30 @40');
});

test('a flush reaches the marks before it', () => {
  const { playout, events, now } = setUp();
  playout.play('a', audio(40));
  playout.mark(1);
  playout.pause();
  playout.settle(now());
  playout.report();
  expect(events).toEqual([]);
  playout.doom();
  playout.flush(5);
  playout.settle(5);
  playout.report();
  expect(summary(events)).toEqual(['a interrupted 0 @5', 'mark 1 - - @5']);
});

test('ten minutes are queued at most; the rest is refused and counted', () => {
  const { playout } = setUp();
  for (let minute = 0; minute < 12; minute += 1) playout.play('a', audio(60_000));
  expect(playout.queuedMs).toBe(600_000);
  expect(playout.refusedMs).toBe(120_000);
});

test('PCM at 24 kHz in chunks of any size is played at its length', () => {
  const { playout, events, send } = setUp();
  playout.setOutput({ encoding: 'pcm16', sampleRate: 24_000 });
  const samples = Int16Array.from(
    { length: 24_000 },
    (_, index) => 8_000 * Math.sin((2 * Math.PI * 440 * index) / 24_000),
  );
  const bytes = new Uint8Array(samples.buffer);
  for (let start = 0; start < bytes.length; start += 997) playout.play('a', bytes.subarray(start, start + 997));
  expect(playout.queuedMs).toBeCloseTo(1_000, 0);
  playout.end('a');
  send(51);
  expect(summary(events).at(-1)).toBe('a finished 1000 @1000');
});

test('a change of the phone codec recodes what is queued', () => {
  const { playout, codes } = setUp();
  const sample = new Int16Array([5_000]);
  const code = new Uint8Array(1);
  phoneCodings.pcmu.encode(sample, code);
  playout.play('a', audio(40, code[0]));
  playout.setCoding(phoneCodings.pcma);
  playout.play('a', audio(20, code[0]));
  phoneCodings.pcma.encode(sample, code);
  expect(codes(4)).toEqual([code[0], code[0], code[0], phoneCodings.pcma.silence]);
});

test('closing ends what is open: finished where everything was heard, interrupted otherwise', () => {
  const { playout, send } = setUp();
  playout.play('a', audio(20));
  send(1);
  playout.end('a');
  playout.play('b', audio(20));
  playout.mark(1);
  expect(summary(playout.close(25))).toEqual(['a finished 20 @25', 'b interrupted 0 @25']);
});

test('a listener that flushes, plays and ends while it is told sees no event twice', () => {
  const told: string[] = [];
  const playout: Playout = new Playout(phoneCodings.pcmu, (event) => {
    told.push(...summary([event]));
    if (event.type === 'response-voiced') {
      playout.doom();
      playout.flush(20);
      playout.play('b', audio(20));
      playout.end('b');
    }
  });
  playout.play('a', audio(200));
  const packet = new Uint8Array(160);
  for (let atMs = 20; atMs <= 60; atMs += 20) {
    playout.fill(packet, atMs);
    playout.report();
  }
  expect(told).toEqual([
    'a started @20',
    'a voiced @20',
    'a interrupted 20 @20',
    'b started @40',
    'b voiced @40',
    'b finished 20 @40',
  ]);
});

test('words that bridge a gap are heard while the answer has run dry, and the answer goes on after them', () => {
  const { playout, codes, events } = setUp();
  playout.play('a', audio(40, 0x10));
  expect(codes(3)).toEqual([0x10, 0x10, MULAW_SILENCE]);
  playout.interject('bridge', audio(40, 0x20));
  expect(codes(1)).toEqual([0x20]);
  playout.play('a', audio(20, 0x11));
  playout.end('a');
  expect(codes(3)).toEqual([0x20, 0x11, MULAW_SILENCE]);
  expect(summary(events)).toEqual([
    'a started @20',
    'a voiced @20',
    'a starved @60',
    'bridge started @80',
    'bridge voiced @80',
    'bridge finished 40 @100',
    'a finished 60 @120',
  ]);
});

test('a flush ends what bridges and what it bridges', () => {
  const { playout, codes, events, now } = setUp();
  playout.play('a', audio(20));
  codes(2);
  playout.interject('bridge', audio(400));
  codes(1);
  playout.doom();
  playout.flush(now());
  expect(summary(events).slice(-2)).toEqual(['bridge interrupted 20 @60', 'a interrupted 20 @60']);
});

test('words that bridge a gap between a flush and its slot are heard, and neither they nor it hold up what comes next', () => {
  const { playout, codes, events, now } = setUp();
  playout.play('a', audio(100));
  playout.play('b', audio(100));
  codes(1);
  playout.doom();
  playout.interject('bridge', audio(20, 0x20));
  playout.play('c', audio(20, 0x30));
  playout.end('c');
  playout.flush(now());
  expect(summary(events).slice(2)).toEqual(['a interrupted 20 @20', 'b interrupted 0 @20']);
  codes(1);
  expect(codes(2)).toEqual([0x30, MULAW_SILENCE]);
  expect(summary(events).filter((event) => event.includes('finished'))).toEqual([
    'bridge finished 20 @40',
    'c finished 20 @60',
  ]);
});

test('a packet that is filled in words is what it is in bytes, and is first heard at the same time', () => {
  const heard = [true, false].map((inWords) => {
    const events: StreamEvent[] = [];
    const playout = new Playout(phoneCodings.pcmu, (event) => events.push(event));
    // Longer than what a response may begin with in silence, and a single sound in the midst of a packet.
    const quiet = new Uint8Array(9_600).fill(0x7e);
    quiet[9_013] = 0x50;
    quiet.forEach((_, at) => {
      if (at % 157 === 0) quiet[at] = 0xfe;
    });
    playout.play('a', quiet);
    playout.end('a');
    const packets = Array.from({ length: 62 }, (_, index) => {
      const packet = new Uint8Array(160);
      playout.fill(packet, index * 20, inWords ? new Int32Array(packet.buffer) : undefined);
      playout.report();
      return [...packet];
    });
    return { packets, events: summary(events) };
  });
  expect(heard[0]).toEqual(heard[1]);
  expect(heard[0]?.events.some((event) => event.startsWith('a voiced'))).toBe(true);
  expect(heard[0]?.packets.flat().filter((code) => code === 0x50)).toHaveLength(1);
});
