import { describe, expect, test, vi } from 'vitest';
import { encodeMulaw, MULAW_SILENCE } from '../../src/audio/g711.js';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { createMediaEngine, type MediaEngineOptions } from '../../src/media/dgram-engine.js';
import type { MediaEngine, MediaStream, StreamEvent, StreamParameters } from '../../src/media/engine.js';
import { opusFormatDefaults } from '../../src/media/opus/opus-library.js';
import { createWorkerEngine } from '../../src/media/worker/worker-engine.js';
import { SeededRandom } from '../support/seeded-random.js';
import { UdpPhone } from '../support/udp-phone.js';

const LOUD = 0x10;

/** Counters of a media thread are a little behind; however slow the machine is. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 10 });

const random = new SeededRandom(process.pid + 2);
let nextPort = 20_000 + 2 * random.integer(5_500);

const engineOptions = (): MediaEngineOptions => {
  nextPort += 20;
  return {
    bind: '127.0.0.1',
    ports: { min: nextPort - 20, max: nextPort - 1 },
    portRestSeconds: 30,
    jitter: { minMs: 20, maxMs: 120 },
    latching: { nat: false, strict: false },
    rtpTimeoutMs: 30_000,
  };
};

const parametersFor = (remote: StreamParameters['remote']): StreamParameters => ({
  codec: { name: 'pcmu', payloadType: 0 },
  dtmfPayloadType: 101,
  remote,
  direction: 'sendrecv',
  ptimeMs: 20,
});

const deps = () => ({ clock: createSystemClock(), random: createSystemRandom() });

/** What is agreed on for a stream, or asked for, must reach it wherever it runs. */
describe.each([
  ['in the thread of the call', createMediaEngine],
  ['in a thread of its own', createWorkerEngine],
])('media %s', (_where, createEngine) => {
  const openEngine = (changes: Partial<MediaEngineOptions> = {}): MediaEngine =>
    createEngine({ ...engineOptions(), ...changes }, deps());

  test('under SRTP both sides hear each other, and RTCP on the same port tells how it goes', async () => {
    await using engine = openEngine();
    await using peers = createMediaEngine(engineOptions(), deps());
    const [ours, theirs] = [random.bytes(30), random.bytes(30)];
    const heard: number[] = [];
    const peer = await peers.open({
      family: 4,
      listener: { onFrame: ({ data }) => heard.push(data[80] ?? -1), onEvent: () => {} },
    });
    let stream: MediaStream | undefined;
    stream = await engine.open({
      family: 4,
      listener: { onFrame: ({ data }) => stream?.play('echo', data), onEvent: () => {} },
    });
    const keyed = (localKey: Uint8Array, remoteKey: Uint8Array, remote: StreamParameters['remote']) => ({
      ...parametersFor(remote),
      rtcp: { mux: true, remote: undefined },
      srtp: { suite: 'AES_CM_128_HMAC_SHA1_80', localKey, remoteKey, remoteLifetimePackets: 2 ** 48 } as const,
    });
    peer.connect(keyed(theirs, ours, stream.local));
    stream.connect(keyed(ours, theirs, peer.local));
    peer.play('speech', new Uint8Array(8 * 10_000).fill(LOUD));
    await eventually(() => expect(heard.filter((code) => code === LOUD).length).toBeGreaterThan(10));
    await eventually(() => {
      const { in: received, remote, rtcp } = (stream as MediaStream).stats();
      expect(rtcp.sent).toBeGreaterThan(0);
      expect(rtcp.received).toBeGreaterThan(0);
      expect(remote.lost).toBe(0);
      expect(Object.keys(received.dropped).filter((reason) => reason.startsWith('srtp'))).toEqual([]);
    });
  });

  test('two phones that speak Opus hear each other in the rate that was asked for', async () => {
    const opus = { library: '@evan/opus', bitrate: 32_000, complexity: 5 } as const;
    await using engine = openEngine({ opus });
    await using peers = createMediaEngine({ ...engineOptions(), opus }, deps());
    const pcm = { encoding: 'pcm16', sampleRate: 24_000 } as const;
    const peer = await peers.open({ family: 4, listener: { onFrame: () => {}, onEvent: () => {} } });
    let loudest = 0;
    const lengths = new Set<number>();
    const stream = await engine.open({
      family: 4,
      listener: {
        onFrame: ({ data }) => {
          lengths.add(data.length);
          for (let at = 0; at < data.length; at += 2) {
            loudest = Math.max(loudest, Math.abs((((data[at + 1] ?? 0) << 24) >> 16) | (data[at] ?? 0)));
          }
        },
        onEvent: () => {},
      },
    });
    const codec = { name: 'opus', payloadType: 111, opus: opusFormatDefaults } as const;
    for (const [one, other] of [
      [stream, peer],
      [peer, stream],
    ] as const) {
      one.setFormats(pcm, pcm);
      one.connect({ ...parametersFor(other.local), codec });
    }
    const tone = Int16Array.from({ length: 5 * 24_000 }, (_, index) => 8000 * Math.sin(index / 10));
    peer.play('tone', new Uint8Array(tone.buffer));
    await eventually(() => expect(loudest).toBeGreaterThan(5_000));
    expect([...lengths]).toEqual([960]);
  });

  test('keys in the sound itself are heard where that was asked for', async () => {
    await using engine = openEngine({ dtmf: { inband: true } });
    await using phone = await UdpPhone.open();
    const events: StreamEvent[] = [];
    const stream = await engine.open({
      family: 4,
      listener: { onFrame: () => {}, onEvent: (event) => events.push(event) },
    });
    stream.connect({ ...parametersFor(phone.remote), dtmfPayloadType: undefined });
    await phone.hear(1);
    const tone = Int16Array.from({ length: 1_600 }, (_, index) => {
      const turn = (2 * Math.PI * index) / 8000;
      return 6000 * (Math.sin(770 * turn) + Math.sin(1336 * turn));
    });
    const codes = new Uint8Array(3_200).fill(MULAW_SILENCE);
    encodeMulaw(tone, codes.subarray(0, tone.length));
    const pressed = Array.from({ length: 20 }, (_, index) => codes.subarray(160 * index, 160 * (index + 1)));
    const digits = (): string[] => events.flatMap((event) => (event.type === 'digit' ? [event.digit] : []));
    // Pressed until it is heard: a machine that is busy may be late for a tone.
    for (let press = 0; press < 20 && digits().length === 0; press += 1) await phone.talk(pressed, stream.local);
    await eventually(() => expect(digits()).toContain('5'));
    expect(new Set(digits())).toEqual(new Set(['5']));
  });

  test('a sound is mixed beneath what is said, until it is taken away', async () => {
    await using engine = openEngine();
    await using phone = await UdpPhone.open();
    const stream = await engine.open({ family: 4, listener: { onFrame: () => {}, onEvent: () => {} } });
    stream.connect(parametersFor(phone.remote));
    const samples = Int16Array.from({ length: 800 }, (_, index) => 6000 * Math.sin(index / 3));
    stream.setBackground('ambient', { samples, sampleRate: 8000 });
    const isSilent = (payload: Buffer | undefined): boolean =>
      payload?.every((code) => (code & 0x7f) === 0x7f) ?? false;
    await eventually(() => expect(phone.heard.some(({ payload }) => !isSilent(payload))).toBe(true));
    stream.setBackground('ambient', undefined);
    await eventually(() => expect(isSilent(phone.heard.at(-1)?.payload)).toBe(true));
  });
});
