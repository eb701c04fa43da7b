import { createRequire } from 'node:module';
import { beforeAll, expect, test, vi } from 'vitest';
import { wasm } from '../../../src/audio/web-assembly.js';
import { AdaptiveJitterBuffer } from '../../../src/media/jitter/adaptive-jitter-buffer.js';
import { loadOpus, works } from '../../../src/media/opus/load-opus.js';
import { createNodeOpus, isNodeOpus } from '../../../src/media/opus/node-opus.js';
import { OpusFrameDecoder } from '../../../src/media/opus/opus-codec.js';
import {
  OPUS_SAMPLE_RATE,
  type OpusLibrary,
  opusEncodingDefaults,
  opusFormatDefaults,
} from '../../../src/media/opus/opus-library.js';
import { opusTicks } from '../../../src/media/opus/opus-packet.js';
import { Latch } from '../../../src/media/peer/latch.js';
import { RtpReceiver } from '../../../src/media/stream/rtp-receiver.js';
import { StreamCodecs } from '../../../src/media/stream/stream-codecs.js';
import { FakeVoiceDetector } from '../../support/fake-voice-detector.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { rms, tone, toneShare } from '../../support/tones.js';

const FRAME = OPUS_SAMPLE_RATE / 50;
const CALLER = { address: '192.0.2.1', port: 4000 };

let library: OpusLibrary;

beforeAll(async () => {
  const loaded = await loadOpus('@evan/opus');
  if (loaded === undefined) throw new Error('@evan/opus cannot be loaded');
  library = loaded;
});

/** Packets of 20 ms of a tone. */
const packetsOf = (count: number, opus = library): Uint8Array[] => {
  const encoder = opus.createEncoder(opusFormatDefaults, opusEncodingDefaults);
  const samples = tone(440, OPUS_SAMPLE_RATE, count * FRAME);
  return Array.from({ length: count }, (_, i) => {
    const payload = new Uint8Array(1276);
    return payload.slice(0, encoder.encode(samples.subarray(i * FRAME, (i + 1) * FRAME), payload));
  });
};

test.each([
  [[0x48], 960],
  [[0x08, 1, 2], 960],
  [[0x18, 1], 2880],
  [[0x60, 1], 480],
  [[0x81, 1, 1], 240],
  [[0x80], 120],
  [[0x4a, 1, 5], 1920],
  [[0x4b, 3, 1, 1, 1], 2880],
  [[], 0],
  [[0x4b], 0],
  [[0x4b, 0], 0],
  [[0x4b, 7], 0],
  [[0x49, 1, 2, 3], 0],
  [[0x49, 1, 2], 1920],
])('the packet %j sounds for %d ticks of 48,000 Hz', (bytes, ticks) => {
  expect(opusTicks(Uint8Array.from(bytes), 0, bytes.length)).toBe(ticks);
});

test('a package that is not there is told of, not thrown', async () => {
  expect(await loadOpus('node-opus')).toBeUndefined();
});

test('what is encoded is decoded', () => {
  const decoder = library.createDecoder();
  const heard = new Int16Array(5760);
  for (const packet of packetsOf(20)) expect(decoder.decode(packet, 0, packet.length, heard)).toBe(FRAME);
  expect(toneShare(heard.subarray(0, FRAME), 440, OPUS_SAMPLE_RATE)).toBeGreaterThan(0.95);
  decoder.close();
  expect(decoder.decode(new Uint8Array(1), 0, 1, heard)).toBe(0);
});

test('a lost packet is made up, and the voice fades when none comes', () => {
  const decoder = new OpusFrameDecoder(library);
  const samples = new Int16Array(5760);
  for (const packet of packetsOf(20)) decoder.decode(packet, 0, packet.length, samples);
  const before = rms(samples.subarray(0, FRAME));
  const levels = Array.from({ length: 8 }, () => {
    expect(decoder.conceal(FRAME, 0, new Uint8Array(0), 0, 0, samples)).toBe(FRAME);
    return rms(samples.subarray(0, FRAME));
  });
  expect(levels[0]).toBeGreaterThan(before / 3);
  expect(levels[7]).toBeLessThan(before / 20);
});

test('streams of one library do not hear each other', () => {
  const [one, other] = [library.createDecoder(), library.createDecoder()];
  const [heard, again] = [new Int16Array(5760), new Int16Array(5760)];
  for (const packet of packetsOf(10)) {
    one.decode(packet, 0, packet.length, heard);
    other.decode(Uint8Array.of(0x48), 0, 1, again);
  }
  expect(rms(heard.subarray(0, FRAME))).toBeGreaterThan(3000);
  expect(rms(again.subarray(0, FRAME))).toBe(0);
});

test('10,000 hostile payloads are dropped or heard as noise, and the caller is heard afterwards', () => {
  const random = new SeededRandom(11);
  const heard: Int16Array[] = [];
  const latch = new Latch({ nat: false, strict: false });
  latch.expect(CALLER, 0);
  const receiver = new RtpReceiver({
    latch,
    jitterBuffer: new AdaptiveJitterBuffer(),
    voice: new FakeVoiceDetector(),
    codecs: new StreamCodecs({ library, encoding: opusEncodingDefaults }),
    audience: {
      onFrame: ({ data }) => {
        const bytes = Uint8Array.from(data);
        heard.push(new Int16Array(bytes.buffer, 0, bytes.length >> 1));
      },
    },
    listener: { onEvent: () => {} },
    tap: undefined,
    reports: { ssrc: 1, receive: () => {} },
  });
  receiver.configure({ name: 'opus', payloadType: 111 }, { payloadType: 101, unitsPerMs: 48 }, true, 0);
  const good = packetsOf(50);
  let nowMs = 0;
  let sequence = 0;
  const receive = (payload: Uint8Array): void => {
    sequence += 1;
    receiver.receive(
      rtpBytes({ payloadType: 111, sequence, timestamp: sequence * 960, ssrc: 9, payload }),
      CALLER,
      nowMs,
    );
  };
  for (let round = 0; round < 10_000; round += 1) {
    const payload = Uint8Array.from({ length: random.integer(60) }, () => random.integer(256));
    // Every other one is nearly right: bits of a real packet are turned over.
    const real = Uint8Array.from(good[round % 50] ?? []);
    real[random.integer(real.length)] = random.integer(256);
    receive(round % 2 === 0 ? payload : real);
    nowMs += 20;
    receiver.deliver(nowMs, nowMs);
  }
  for (const packet of good) {
    receive(packet);
    nowMs += 20;
    receiver.deliver(nowMs, nowMs);
  }
  expect(heard).toHaveLength(10_050);
  expect(toneShare(heard.at(-1) ?? new Int16Array(1), 440, OPUS_SAMPLE_RATE)).toBeGreaterThan(0.9);
  receiver.close();
});

test.each([
  ['says no', () => -3],
  [
    'traps',
    () => {
      throw new Error('unreachable');
    },
  ],
])('where the encoder %s, an empty packet leaves, of the length that was due', async (_how, fail: () => number) => {
  const { Instance } = wasm;
  let broken = false;
  class Breaking {
    readonly exports: unknown;
    constructor(...given: ConstructorParameters<typeof Instance>) {
      const exports = new Instance(...given).exports as { opus_encode(...numbers: number[]): number };
      const opus_encode = (...numbers: number[]): number => (broken ? fail() : exports.opus_encode(...numbers));
      this.exports = { ...exports, opus_encode };
    }
  }
  const spy = vi.spyOn(wasm, 'Instance').mockImplementation(Breaking);
  const opus = await loadOpus('@evan/opus').finally(() => spy.mockRestore());
  const encoder = opus?.createEncoder(opusFormatDefaults, opusEncodingDefaults);
  const payload = new Uint8Array(1276);
  expect(encoder?.encode(tone(440, OPUS_SAMPLE_RATE, FRAME), payload)).toBeGreaterThan(1);
  broken = true;
  for (const ms of [10, 20, 40, 60]) {
    const bytes = encoder?.encode(new Int16Array((OPUS_SAMPLE_RATE / 1000) * ms), payload) ?? 0;
    expect([bytes, opusTicks(payload, 0, bytes)]).toEqual([1, ms * 48]);
  }
  broken = false;
  expect(encoder?.encode(tone(440, OPUS_SAMPLE_RATE, FRAME), payload)).toBeGreaterThan(1);
});

/** The interface of `node-opus`, played by the native half of `@evan/opus`. */
function standInForNodeOpus() {
  const { Encoder, Decoder } = createRequire(import.meta.url)('@evan/opus') as {
    Encoder: new (options: object) => { encode(pcm: Buffer): Uint8Array; ctl(request: number, value: number): number };
    Decoder: new (options: object) => { decode(packet: Buffer): Uint8Array };
  };
  class OpusEncoder {
    readonly #encoder;
    readonly #decoder;
    constructor(rate: number, channels: number) {
      this.#encoder = new Encoder({ sample_rate: rate, channels, application: 'voip' });
      this.#decoder = new Decoder({ sample_rate: rate, channels });
    }
    encode(pcm: Buffer): Buffer {
      return Buffer.from(this.#encoder.encode(pcm));
    }
    decode(packet: Buffer): Buffer {
      return Buffer.from(this.#decoder.decode(packet));
    }
    applyEncoderCTL(request: number, value: number): void {
      this.#encoder.ctl(request, value);
    }
  }
  return { OpusEncoder };
}

test('node-opus is driven by its own interface', () => {
  const nodeOpus = standInForNodeOpus();
  expect(isNodeOpus(nodeOpus)).toBe(true);
  const native = createNodeOpus(nodeOpus);
  const decoder = native.createDecoder();
  const heard = new Int16Array(5760);
  for (const packet of packetsOf(20, native)) expect(decoder.decode(packet, 0, packet.length, heard)).toBe(FRAME);
  expect(toneShare(heard.subarray(0, FRAME), 440, OPUS_SAMPLE_RATE)).toBeGreaterThan(0.95);
  expect(decoder.conceal(FRAME, heard)).toBe(FRAME);
  expect(rms(heard.subarray(0, FRAME))).toBeGreaterThan(1000);
  expect(decoder.decode(Uint8Array.of(0x4b, 0), 0, 2, heard)).toBe(0);
  expect(works(native)).toBe(true);
});

test('what node-opus throws in a call costs a packet of it, not the media thread', () => {
  let broken = false;
  const { OpusEncoder } = standInForNodeOpus();
  const fail = (): never => {
    throw new Error('Encoding error.');
  };
  class Breaking extends OpusEncoder {
    constructor(rate: number, channels: number) {
      if (broken) fail();
      super(rate, channels);
    }
    override encode(pcm: Buffer): Buffer {
      return broken ? fail() : super.encode(pcm);
    }
    override decode(packet: Buffer): Buffer {
      return broken ? fail() : super.decode(packet);
    }
  }
  const native = createNodeOpus({ OpusEncoder: Breaking });
  const decoder = native.createDecoder();
  const encoder = native.createEncoder(opusFormatDefaults, opusEncodingDefaults);
  const payload = new Uint8Array(1276);
  broken = true;
  for (const ms of [10, 20, 40, 60]) {
    const bytes = encoder.encode(new Int16Array((OPUS_SAMPLE_RATE / 1000) * ms), payload);
    expect([bytes, opusTicks(payload, 0, bytes)]).toEqual([1, ms * 48]);
  }
  expect(decoder.decode(payload, 0, 1, new Int16Array(5760))).toBe(0);
  decoder.reset();
  expect(works(native)).toBe(false);
  broken = false;
  expect(encoder.encode(tone(440, OPUS_SAMPLE_RATE, FRAME), payload)).toBeGreaterThan(1);
});

test.each(['encode', 'decode', 'applyEncoderCTL'] as const)('a node-opus whose %s does nothing is not used', (name) => {
  const { OpusEncoder } = standInForNodeOpus();
  const nothing = name === 'applyEncoderCTL' ? undefined : () => Buffer.alloc(0);
  const Useless = class extends OpusEncoder {};
  Object.defineProperty(Useless.prototype, name, { value: nothing });
  expect(works(createNodeOpus({ OpusEncoder: Useless }))).toBe(false);
});
