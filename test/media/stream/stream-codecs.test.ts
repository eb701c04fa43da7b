import { beforeAll, expect, test } from 'vitest';
import type { PhoneCodec } from '../../../src/media/engine.js';
import { readUint32 } from '../../../src/media/octets.js';
import { loadOpus } from '../../../src/media/opus/load-opus.js';
import { opusEncodingDefaults, opusFormatDefaults } from '../../../src/media/opus/opus-library.js';
import { parseRtp, RtpPacket } from '../../../src/media/rtp/rtp-packet.js';
import { StreamCodecs } from '../../../src/media/stream/stream-codecs.js';
import { connectStreams, samplesOf } from '../../support/stream-pair.js';
import { rms, tone, toneShare } from '../../support/tones.js';

const pcm16k = { encoding: 'pcm16', sampleRate: 16_000 } as const;
const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const fec = { ...opusFormatDefaults, inbandFec: true };

const codecOf = {
  pcmu: { name: 'pcmu', payloadType: 0 },
  pcma: { name: 'pcma', payloadType: 8 },
  g722: { name: 'g722', payloadType: 9 },
  opus: { name: 'opus', payloadType: 111, opus: fec },
} as const satisfies Record<string, PhoneCodec>;

let codecs: StreamCodecs;

beforeAll(async () => {
  const library = await loadOpus('@evan/opus');
  if (library === undefined) throw new Error('@evan/opus cannot be loaded');
  codecs = new StreamCodecs({ library, encoding: opusEncodingDefaults });
});

const bytesOf = (samples: Int16Array): Uint8Array => new Uint8Array(samples.buffer);

/** Timestamps from one packet to the next. */
const timestampSteps = (packets: readonly Uint8Array[]): Set<number> => {
  const packet = new RtpPacket();
  const stamps = packets.map((bytes) => (parseRtp(bytes, packet) === undefined ? packet.timestamp : -1));
  return new Set(stamps.slice(1).map((stamp, i) => (stamp - (stamps[i] as number)) >>> 0));
};

const matrix = (['pcmu', 'pcma', 'g722', 'opus'] as const).flatMap((name) =>
  [10, 20, 30, 40, 50, 60].map((ptimeMs) => ({ name, ptimeMs })),
);

test.each(matrix)(
  '$name in packets of $ptimeMs ms carries a tone from end to end, nothing invented',
  ({ name, ptimeMs }) => {
    const { clock, us, peer } = connectStreams({ codecs, codec: codecOf[name], ptimeMs, format: pcm16k });
    us.stream.play('tone', bytesOf(tone(1000, 16_000, 32_000)));
    us.stream.endResponse('tone');
    clock.advance(1800);
    const heard = samplesOf(peer.heard).subarray(16_000, 24_000);
    expect(rms(heard)).toBeGreaterThan(4000);
    expect(toneShare(heard, 1000, 16_000)).toBeGreaterThan(0.97);
    expect(peer.stream.stats().in).toMatchObject({ lost: 0, concealedMs: 0, dropped: {} });
    // Opus has frames of 10, 20, 40 and 60 ms.
    const sentMs = name === 'opus' && ptimeMs % 20 === 10 && ptimeMs > 10 ? ptimeMs - 10 : ptimeMs;
    expect(timestampSteps(us.sent)).toEqual(new Set([sentMs * (name === 'opus' ? 48 : 8)]));
  },
);

test.each([
  ['g722', 6000, 0.9],
  ['opus', 6000, 0.9],
  ['pcmu', 6000, 0],
] as const)('of %s, a tone of %d Hz is heard as no telephone lets it through', (name, hz, share) => {
  const { clock, us, peer } = connectStreams({ codecs, codec: codecOf[name], ptimeMs: 20, format: pcm16k });
  us.stream.play('tone', bytesOf(tone(hz, 16_000, 32_000)));
  clock.advance(1800);
  const heard = toneShare(samplesOf(peer.heard).subarray(16_000, 24_000), hz, 16_000);
  if (share === 0) expect(heard).toBeLessThan(0.01);
  else expect(heard).toBeGreaterThan(share);
});

test.each(['pcmu', 'pcma'] as const)('between a phone and a flavor of %s not one byte is touched', (name) => {
  const format = name === 'pcmu' ? mulaw : ({ encoding: 'alaw', sampleRate: 8000 } as const);
  const { clock, us, peer } = connectStreams({ codecs, codec: codecOf[name], ptimeMs: 20, format });
  // The second byte is loud: what comes before it is no silence to be trimmed.
  const spoken = Uint8Array.from({ length: 8000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
  us.stream.play('all', spoken);
  us.stream.endResponse('all');
  clock.advance(1500);
  const sent = us.sent.flatMap((bytes) => [...bytes.subarray(12)]);
  const at = (bytes: readonly number[]): number => Buffer.from(bytes).indexOf(spoken);
  expect(at(sent)).toBeGreaterThanOrEqual(0);
  expect(at(peer.heard)).toBeGreaterThanOrEqual(0);
});

test.each(['g722', 'opus', 'pcmu'] as const)('one packet in ten of %s lost leaves no hole', (name) => {
  const { clock, us, peer } = connectStreams({
    codecs,
    codec: codecOf[name],
    ptimeMs: 20,
    format: pcm16k,
    loses: (packet) => packet % 10 === 9,
  });
  us.stream.play('tone', bytesOf(tone(400, 16_000, 64_000)));
  clock.advance(3000);
  const heard = samplesOf(peer.heard).subarray(16_000, 40_000);
  const frames = Array.from({ length: 75 }, (_, i) => rms(heard.subarray(i * 320, i * 320 + 320)));
  expect(Math.min(...frames)).toBeGreaterThan(2000);
  expect(peer.stream.stats().in.lost).toBeGreaterThan(10);
  expect(peer.stream.stats().in.concealedMs).toBeGreaterThan(200);
});

test('error correction of Opus brings a lost packet back out of the next one', () => {
  const errorDb = (inbandFec: boolean): number => {
    const codec = { ...codecOf.opus, opus: { ...fec, inbandFec, maxPlaybackRate: 16_000 } };
    const hear = (loses: (packet: number) => boolean): Int16Array => {
      const { clock, us, peer } = connectStreams({ codecs, codec, ptimeMs: 20, format: pcm16k, loses });
      us.stream.play('speech', bytesOf(syllables(48_000)));
      clock.advance(2800);
      return samplesOf(peer.heard);
    };
    const whole = hear(() => false);
    const patched = hear((packet) => packet % 7 === 6);
    const error = Int16Array.from(whole, (sample, i) => (sample - (patched[i] ?? 0)) / 2);
    return 20 * Math.log10((2 * rms(error)) / rms(whole));
  };
  expect(errorDb(true)).toBeLessThan(errorDb(false) - 1);
});

/** Something like a voice: a pitch that glides, syllables of changing colour, pauses. */
const syllables = (count: number): Int16Array => {
  let phase = 0;
  return Int16Array.from({ length: count }, (_, i) => {
    const syllable = Math.floor(i / 3200);
    phase += (2 * Math.PI * (110 + 40 * Math.sin(i / 4000) + 10 * (syllable % 3))) / 16_000;
    const envelope = Math.sin((Math.PI * (i % 3200)) / 3200) ** 2;
    const voice = [1, 2, 3, 4, 5, 6].reduce((sum, harmonic) => {
      return sum + Math.sin(harmonic * phase) / (1 + Math.abs(harmonic - 1 - (syllable % 5)));
    }, 0);
    return Math.round(4000 * envelope * voice);
  });
};

test('a re-INVITE that changes the codec lets the response go on, and its clock with it', () => {
  const { clock, us, peer, connect } = connectStreams({ codecs, codec: codecOf.pcmu, ptimeMs: 20, format: pcm16k });
  us.stream.play('tone', bytesOf(tone(1000, 16_000, 64_000)));
  us.stream.endResponse('tone');
  clock.advance(1000);
  for (const name of ['opus', 'g722', 'pcma'] as const) {
    connect(codecOf[name], 20);
    clock.advance(1000);
    const heard = samplesOf(peer.heard);
    expect(toneShare(heard.subarray(heard.length - 8000), 1000, 16_000), name).toBeGreaterThan(0.95);
  }
  clock.advance(1000);
  const ended = us.events.find(({ type }) => type === 'response-ended');
  expect(ended).toMatchObject({ state: 'finished', heardMs: 4000 });
  expect(ended?.type === 'response-ended' && ended.sentMs).toBeGreaterThan(3980);
});

test('another clock has another SSRC, and the one before gets BYE (RFC 7160 section 4.1)', () => {
  const { clock, us, peer, connect } = connectStreams({ codecs, codec: codecOf.pcmu, ptimeMs: 20, format: pcm16k });
  for (const name of ['pcmu', 'g722', 'opus', 'pcma'] as const) {
    connect(codecOf[name], 20);
    clock.advance(1000);
  }
  const headers = us.sent.map((bytes) => {
    const packet = new RtpPacket();
    parseRtp(bytes, packet);
    return packet;
  });
  // G.722 has the clock of PCMU. A clock that was there before has a new SSRC, too.
  const ssrcs = [...new Set(headers.map(({ ssrc }) => ssrc))];
  const sources = ssrcs.map((own) => headers.filter(({ ssrc }) => ssrc === own));
  const spoken = sources.map((packets) => [...new Set(packets.map(({ payloadType }) => payloadType))]);
  expect(spoken).toEqual([[0, 9], [111], [8]]);
  for (const packets of sources) expect(packets.map(({ marker }) => marker)).toEqual(packets.map((_, at) => at === 0));
  const byes = us.reports.filter((bytes) => bytes.at(-8) === 0x81 && bytes.at(-7) === 203);
  expect(byes.map((bytes) => readUint32(bytes, bytes.length - 4))).toEqual(ssrcs.slice(0, 2));
  expect(peer.stream.stats().in).toMatchObject({ lost: 0, dropped: {} });
});

test('a hold does not begin the encoder anew, nor does an offer that changes nothing', () => {
  const { clock, us, connect } = connectStreams({ codecs, codec: codecOf.g722, ptimeMs: 20, format: pcm16k });
  const first = codecs.writerFor(codecOf.opus, 20, undefined);
  expect(codecs.writerFor({ ...codecOf.opus, opus: { ...fec } }, 20, first)).toBe(first);
  for (const other of [
    { dtx: true },
    { inbandFec: false },
    { constantBitrate: true },
    { maxPlaybackRate: 8_000 },
    { maxAverageBitrate: 20_000 },
  ]) {
    expect(codecs.writerFor({ ...codecOf.opus, opus: { ...fec, ...other } }, 20, first)).not.toBe(first);
  }
  connect(codecOf.g722, 20);
  clock.advance(200);
  expect(us.sent.length).toBeGreaterThan(8);
});

test('digits go at the clock of Opus, and come back as long as they were', () => {
  const { clock, us, peer } = connectStreams({ codecs, codec: codecOf.opus, ptimeMs: 20, format: pcm16k });
  clock.advance(200);
  us.stream.sendDigits('5', { durationMs: 160 });
  clock.advance(600);
  expect(peer.events.filter(({ type }) => type === 'digit')).toEqual([
    expect.objectContaining({ digit: '5', durationMs: 160 }),
  ]);
});

test('what the peer asks of Opus is done: a bit rate, and next to nothing in silence', () => {
  const bytesSent = (
    opus: Partial<typeof opusFormatDefaults> | { maxAverageBitrate: number } | { dtx: boolean },
  ): number => {
    const codec = { ...codecOf.opus, opus: { ...opusFormatDefaults, ...opus } };
    const { clock, us } = connectStreams({ codecs, codec, ptimeMs: 20, format: pcm16k });
    us.stream.play('speech', bytesOf(syllables(32_000)));
    clock.advance(4000);
    return us.sent.reduce((sum, packet) => sum + packet.length - 12, 0);
  };
  const free = bytesSent({});
  expect(bytesSent({ maxAverageBitrate: 12_000 })).toBeLessThan(0.7 * free);
  expect(bytesSent({ dtx: true })).toBeLessThan(0.95 * free);
});
