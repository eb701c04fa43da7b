import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { encodeMulaw, MULAW_SILENCE } from '../../src/audio/g711.js';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { createMediaEngine, type MediaEngineOptions } from '../../src/media/dgram-engine.js';
import type {
  MediaEngine,
  MediaStream,
  StreamEvent,
  StreamListener,
  StreamParameters,
} from '../../src/media/engine.js';
import { createWorkerEngine, type WorkerEngineDeps } from '../../src/media/worker/worker-engine.js';
import { nativeEntry } from '../support/native-addon.js';
import { ownLoopback } from '../support/port-pair.js';
import { rtpBytes } from '../support/rtp-bytes.js';
import { SeededRandom } from '../support/seeded-random.js';
import { UdpPhone } from '../support/udp-phone.js';

const LOUD = 0x10;

/** Counters of a media thread are a little behind; however slow the machine is. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 10 });

const random = new SeededRandom(process.pid);
/**
 * Ranges differ between tests and runs, and are those of an address of our own: other processes of this machine bind ports
 * too. Below 32,768, from where on Linux gives ports to sockets that ask for any.
 */
let nextPort = 20_000 + 2 * random.integer(5_500);

const portRange = (pairs: number): { min: number; max: number } => {
  const min = nextPort;
  nextPort += 2 * pairs;
  return { min, max: min + 2 * pairs - 1 };
};

const createAddonEngine = (options: MediaEngineOptions, deps: WorkerEngineDeps): MediaEngine =>
  createWorkerEngine(options, { ...deps, entry: nativeEntry() });

const engineOptions = (ports: MediaEngineOptions['ports']): MediaEngineOptions => ({
  bind: ownLoopback,
  ports,
  portRestSeconds: 30,
  jitter: { minMs: 20, maxMs: 120 },
  latching: { nat: false, strict: false },
  rtpTimeoutMs: 30_000,
});

/** Every promise of an engine is held by each of them. */
describe.each([
  ['in the thread of the call', createMediaEngine],
  ['in a thread of its own', createWorkerEngine],
  ['in a thread of its own, by the add-on', createAddonEngine],
])('media %s', (_where, createEngine) => {
  const openEngine = (changes: Partial<MediaEngineOptions> = {}): MediaEngine =>
    createEngine(
      { ...engineOptions(portRange(20)), ...changes },
      { clock: createSystemClock(), random: createSystemRandom() },
    );

  const parametersFor = (remote: StreamParameters['remote']): StreamParameters => ({
    codec: { name: 'pcmu', payloadType: 0 },
    dtmfPayloadType: 101,
    remote,
    direction: 'sendrecv',
    ptimeMs: 20,
  });

  const quiet: StreamListener = { onFrame: () => {}, onEvent: () => {} };

  /** Opens a stream that returns every frame at once, connected to `phone`. */
  const openEcho = async (engine: MediaEngine, phone: UdpPhone, events: StreamEvent[] = []): Promise<MediaStream> => {
    let stream: MediaStream | undefined;
    stream = await engine.open({
      family: phone.remote.address.includes(':') ? 6 : 4,
      listener: {
        onFrame: ({ data }) => stream?.play('echo', data),
        onEvent: (event) => events.push(event),
      },
    });
    stream.connect(parametersFor(phone.remote));
    return stream;
  };

  /** Payloads that tell themselves apart and are never silent. */
  const numbered = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, index) => new Uint8Array(160).fill(1 + (index % 100)));

  const codesOf = (phone: UdpPhone): number[] => [...Buffer.concat(phone.heard.map(({ payload }) => payload))];

  /** Runs of equal codes, silence and the short ones of an invented frame that fades left out. */
  const runsOf = (codes: readonly number[]): { code: number; length: number }[] => {
    const runs: { code: number; length: number }[] = [];
    for (const code of codes) {
      const last = runs.at(-1);
      if (last?.code === code) last.length += 1;
      else runs.push({ code, length: 1 });
    }
    return runs.filter(({ code, length }) => code !== MULAW_SILENCE && length >= 80);
  };

  test('what the caller says comes back whole and in order, one even stream of packets', async () => {
    await using engine = openEngine();
    await using phone = await UdpPhone.open();
    const events: StreamEvent[] = [];
    const stream = await openEcho(engine, phone, events);
    expect(stream.local.port % 2).toBe(0);
    await phone.hear(1);
    await phone.talk(numbered(50), stream.local);
    await phone.hear(65);
    const headers = phone.heard.map(({ header }) => header);
    for (const [index, header] of headers.entries()) {
      const before = headers[index - 1];
      if (!before) continue;
      expect((header.sequence - before.sequence + 65_536) % 65_536).toBe(1);
      // A tick of this busy machine may be late enough to leave out a slot; time must go on all the same.
      expect(((header.timestamp - before.timestamp + 2 ** 32) % 2 ** 32) % 160).toBe(0);
    }
    expect(headers[0]?.marker).toBe(true);
    expect(new Set(headers.map(({ ssrc }) => ssrc)).size).toBe(1);
    const echoed = runsOf(codesOf(phone)).map(({ code }) => code);
    expect(echoed).toEqual(echoed.toSorted((a, b) => a - b));
    await eventually(() => expect(stream.stats().in.packets).toBe(50));
    const { in: received } = stream.stats();
    expect(received).toMatchObject({ lost: 0, duplicates: 0, dropped: {} });
    // Frames are spliced to the next as the delay comes down from 40 ms, and after a stall of this machine, as many as it takes.
    expect(new Set(echoed).size).toBeGreaterThan(15);
    expect(events.find(({ type }) => type === 'latched')).toEqual({ type: 'latched', ...phone.remote });
  });

  test('twenty calls at once lose nothing and hear only themselves', async () => {
    await using engine = openEngine();
    const phones = await Promise.all(Array.from({ length: 20 }, () => UdpPhone.open()));
    const streams = await Promise.all(phones.map((phone) => openEcho(engine, phone)));
    await Promise.all(phones.map((phone) => phone.hear(1)));
    await Promise.all(
      phones.map((phone, index) =>
        phone.talk(new Array(50).fill(new Uint8Array(160).fill(index + 1)), streams[index]?.local ?? phone.remote),
      ),
    );
    await Promise.all(phones.map((phone) => phone.hear(60)));
    for (const [index, phone] of phones.entries()) {
      await eventually(() => expect(streams[index]?.stats().in).toMatchObject({ packets: 50, lost: 0, dropped: {} }));
      const sequences = phone.heard.map(({ header }) => header.sequence);
      expect(sequences).toEqual(sequences.map((_, at) => ((sequences[0] ?? 0) + at) % 65_536));
      const strangers = phone.heard.filter(({ payload }) => {
        const [code = 0] = payload;
        return code !== index + 1 && code >= 1 && code <= 20 && payload.every((other) => other === code);
      });
      expect(strangers).toEqual([]);
    }
    for (const phone of phones) await phone[Symbol.asyncDispose]();
  });

  test('a pause holds what is queued, and words that bridge a gap are heard before it', async () => {
    await using engine = openEngine();
    await using phone = await UdpPhone.open();
    const stream = await engine.open({ family: 4, listener: quiet });
    stream.connect(parametersFor(phone.remote));
    stream.pause();
    stream.play('answer', new Uint8Array(800).fill(0x10));
    stream.endResponse('answer');
    await phone.hear(5);
    expect(runsOf(codesOf(phone))).toEqual([]);
    stream.interject('bridge', new Uint8Array(480).fill(0x20));
    stream.resume();
    await eventually(() => {
      const codes = codesOf(phone);
      expect([0x10, 0x20].map((code) => codes.filter((heard) => heard === code).length)).toEqual([800, 480]);
    });
    expect(runsOf(codesOf(phone)).map(({ code }) => code)).toEqual([0x20, 0x10]);
  });

  test.each(['opus', 'g722'] as const)('%s is spoken', async (name) => {
    const opus = { library: '@evan/opus', bitrate: 32_000, complexity: 5 } as const;
    await using engine = openEngine({ opus });
    await using phone = await UdpPhone.open();
    const events: StreamEvent[] = [];
    const stream = await engine.open({ listener: { onFrame: () => {}, onEvent: (e) => events.push(e) }, family: 4 });
    stream.connect({ ...parametersFor(phone.remote), codec: { name, payloadType: 96 } });
    await phone.hear(5);
    expect(new Set(phone.heard.map(({ header }) => header.payloadType))).toEqual(new Set([96]));
    expect(events.some(({ type }) => type === 'failed')).toBe(false);
    stream.close();
  });

  test('calls over IPv6 are bound and heard there', async () => {
    await using engine = openEngine({ bind: '::' });
    await using phone = await UdpPhone.open('::1');
    const stream = await openEcho(engine, phone);
    await phone.hear(1);
    await phone.talk(numbered(10), { address: '::1', port: stream.local.port });
    await eventually(() => expect(stream.stats().in).toMatchObject({ packets: 10, dropped: {} }));
  });

  test('after close nothing is sent, and the pair of ports rests', async () => {
    await using engine = openEngine({ ports: portRange(1) });
    await using phone = await UdpPhone.open();
    const stream = await openEcho(engine, phone);
    expect(engine.usage()).toEqual({ open: 1, resting: 0, free: 0 });
    await phone.hear(5);
    stream.close();
    await eventually(() => expect(engine.usage()).toEqual({ open: 0, resting: 1, free: 0 }));
    // The counters are final once the ports rest; what left before is on its way within this machine.
    const { packets } = stream.stats().out;
    await phone.hear(packets);
    await sleep(100);
    expect(phone.heard.length).toBe(packets);
    await expect(engine.open({ family: 4, listener: quiet })).rejects.toMatchObject({ code: 'ERR_NO_MEDIA_PORT' });
  });

  test('packets of an old call never reach the next one on its port', async () => {
    await using engine = openEngine({ ports: portRange(1), portRestSeconds: 0 });
    await using former = await UdpPhone.open();
    await using present = await UdpPhone.open();
    const first = await openEcho(engine, former);
    const { local } = first;
    await former.hear(1);
    first.close();
    let second: MediaStream | undefined;
    while (second === undefined) second = await openEcho(engine, present).catch(() => sleep(5).then(() => undefined));
    expect(second.local).toEqual(local);
    await present.hear(1);
    const until = former.heard.length;
    await Promise.all([former.talk(numbered(40), local), present.talk(numbered(40), local)]);
    await eventually(() => expect(second.stats().in).toMatchObject({ packets: 40, dropped: { source: 40 } }));
    expect(former.heard.length).toBe(until);
  });

  test.each([0, 1])(
    'a pair of which somebody else holds one port is passed over (%d above the even one)',
    async (offset) => {
      const ports = portRange(2);
      const squatter = createSocket('udp4');
      squatter.bind(ports.min + offset, ownLoopback);
      await once(squatter, 'listening');
      await using engine = openEngine({ ports });
      const stream = await engine.open({ family: 4, listener: quiet });
      expect(stream.local.port).toBe(ports.min + 2);
      await expect(engine.open({ family: 4, listener: quiet })).rejects.toMatchObject({ code: 'ERR_NO_MEDIA_PORT' });
      squatter.close();
      // Nothing of the pair was left bound by the attempt.
      await using free = await UdpPhone.open(ownLoopback, ports.min + 1 - offset);
      expect(free.remote.port).toBe(ports.min + 1 - offset);
    },
  );

  test('the RTCP port is bound too, and RTCP on it keeps the call alive', async () => {
    await using engine = openEngine({ rtpTimeoutMs: 600 });
    await using phone = await UdpPhone.open();
    const report = Buffer.from('80c9000100000007', 'hex');
    /** A second of reports: whether the call timed out, and how long we ourselves said nothing at the longest. */
    const kept = async () => {
      const events: StreamEvent[] = [];
      const stream = await openEcho(engine, phone, events);
      const timedOut = (): boolean => events.some(({ type }) => type === 'rtp-timeout');
      let [lastMs, pauseMs] = [performance.now(), 0];
      for (let round = 0; round < 45 && !timedOut(); round += 1) {
        phone.sendBytes(report, { ...stream.local, port: stream.local.port + 1 });
        await sleep(20);
        pauseMs = Math.max(pauseMs, performance.now() - lastMs);
        lastMs = performance.now();
      }
      return { timedOut, pauseMs };
    };
    let call = await kept();
    // Where the machine let us say nothing for so long, the call was right to time out.
    while (call.timedOut() && call.pauseMs > 500) call = await kept();
    expect(call.timedOut()).toBe(false);
    while (!call.timedOut()) await sleep(20);
  });

  /** A key as it sounds in mu-law, 697 and 1209 Hz: "1"; then a pause. */
  const keyOne = (): Uint8Array[] => {
    const codes = new Uint8Array(12 * 160);
    const samples = Int16Array.from(codes, (_, index) =>
      index < 8 * 160
        ? 5000 * (Math.sin((2 * Math.PI * 697 * index) / 8000) + Math.sin((2 * Math.PI * 1209 * index) / 8000))
        : 0,
    );
    encodeMulaw(samples, codes);
    return Array.from({ length: 12 }, (_, index) => codes.subarray(index * 160, (index + 1) * 160));
  };

  test('keys in the sound are heard where the phone has no telephone-events', async () => {
    await using engine = openEngine({ dtmf: { inband: true } });
    await using phone = await UdpPhone.open();
    const digits: string[] = [];
    const onEvent = (event: StreamEvent): void => {
      if (event.type === 'digit') digits.push(event.digit);
    };
    const stream = await engine.open({ family: 4, listener: { onFrame: () => {}, onEvent } });
    stream.connect({ ...parametersFor(phone.remote), dtmfPayloadType: undefined });
    // Pressed until it is heard: a machine that is busy may be late for a tone.
    for (let press = 0; press < 20 && digits.length === 0; press += 1) await phone.talk(keyOne(), stream.local);
    await eventually(() => expect(digits).toContain('1'));
    expect(new Set(digits)).toEqual(new Set(['1']));
  });

  test('frames that may wait for others come in as few bunches as they may, all of them, in order', async () => {
    await using engine = openEngine();
    await using phone = await UdpPhone.open();
    const positionsMs: number[] = [];
    let bunches = 0;
    let inBunch = false;
    let stream: MediaStream | undefined;
    stream = await engine.open({
      family: 4,
      listener: {
        onFrame: ({ positionMs }) => {
          positionsMs.push(positionMs);
          stream?.awaitFrames?.(4 - (positionsMs.length % 4));
          if (inBunch) return;
          bunches += 1;
          inBunch = true;
          setImmediate(() => {
            inBunch = false;
          });
        },
        onEvent: () => {},
      },
    });
    stream.connect(parametersFor(phone.remote));
    await eventually(() => expect(positionsMs.length).toBeGreaterThanOrEqual(24));
    expect(positionsMs).toEqual(positionsMs.map((_, index) => 20 * index));
    // Where the engine need not wake anybody, each comes by itself.
    if (stream.awaitFrames) expect(bunches).toBeLessThanOrEqual(positionsMs.length / 4 + 2);
  });

  test('a voice model that is not there is said to be missing, and the call goes on', async () => {
    const notices: string[] = [];
    await using engine = createEngine(
      {
        bind: ownLoopback,
        ports: portRange(20),
        portRestSeconds: 30,
        jitter: { minMs: 20, maxMs: 120 },
        latching: { nat: false, strict: false },
        rtpTimeoutMs: 30_000,
        vad: { engine: 'silero', model: '/nowhere/silero_vad.onnx' },
      },
      {
        clock: createSystemClock(),
        random: createSystemRandom(),
        onNotice: (message: string) => notices.push(message),
      },
    );
    await using phone = await UdpPhone.open();
    const stream = await openEcho(engine, phone);
    stream.useVoiceModel(true);
    await eventually(() => expect(notices).toEqual([expect.stringContaining('without Silero')]));
    await phone.hear(3);
  });

  test('an address that is not ours is said to be the trouble', async () => {
    await using engine = openEngine({ bind: '192.0.2.1' });
    const opening = engine.open({ family: 4, listener: quiet });
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_NO_MEDIA_PORT',
      message: expect.stringContaining('192.0.2.1'),
    });
    expect(engine.usage().open).toBe(0);
  });

  test('a phone whose port is closed, or that cannot be reached, does not harm the stream', async () => {
    await using engine = openEngine();
    const gone = await UdpPhone.open();
    const { remote } = gone;
    const events: StreamEvent[] = [];
    const stream = await engine.open({
      family: 4,
      listener: { onFrame: () => {}, onEvent: (event) => events.push(event) },
    });
    await gone[Symbol.asyncDispose]();
    for (const to of [remote, { address: '255.255.255.255', port: 9 }, { address: '127.0.0.1', port: 70_000 }]) {
      stream.connect(parametersFor(to));
      await sleep(60);
    }
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['ack']));
    await using phone = await UdpPhone.open();
    stream.connect(parametersFor(phone.remote));
    await phone.hear(3);
  });

  test('a disposed engine has closed every socket and opens no more', async () => {
    const engine = openEngine();
    await using phone = await UdpPhone.open();
    const events: StreamEvent[] = [];
    const stream = await openEcho(engine, phone, events);
    const opening = engine.open({ family: 4, listener: quiet });
    const refused = expect(opening).rejects.toMatchObject({ code: 'ERR_NO_MEDIA_PORT' });
    await engine[Symbol.asyncDispose]();
    await refused;
    expect(events.at(-1)?.type).toBe('closed');
    await using again = await UdpPhone.open(ownLoopback, stream.local.port);
    expect(again.remote.port).toBe(stream.local.port);
  });

  /** Sprays packets at `target` from `attackers` for as long as `until` runs. */
  const spray = async (
    target: MediaStream['local'],
    attackers: readonly UdpPhone[],
    until: Promise<unknown>,
  ): Promise<number> => {
    let running = true;
    const done = until.finally(() => {
      running = false;
    });
    let sent = 0;
    let sequence = 9_000;
    while (running) {
      for (const attacker of attackers) {
        for (let index = 0; index < 4; index += 1) {
          const payload = new Uint8Array(160).fill(0x7e);
          attacker.sendBytes(
            rtpBytes({ sequence: sequence + index, timestamp: (sequence + index) * 160, ssrc: 77, payload }),
            target,
          );
          sent += 1;
        }
      }
      sequence += 4;
      await sleep(5);
    }
    await done;
    return sent;
  };

  test.each([
    ['before and during media', 300],
    ['only during media', 0],
  ])('RTP bleed: who sprays %s with the right SSRC hears nothing and is not heard', async (_, aheadMs) => {
    await using engine = openEngine({ bind: '0.0.0.0', latching: { nat: true, strict: false } });
    await using phone = await UdpPhone.open();
    await using samePort = await UdpPhone.open();
    await using otherHost = await UdpPhone.open('127.0.0.2');
    const received: number[] = [];
    let stream: MediaStream | undefined;
    stream = await engine.open({
      family: 4,
      listener: {
        onFrame: ({ data, concealed }) => {
          if (!concealed) received.push(data[80] ?? -1);
          stream?.play('echo', data);
        },
        onEvent: () => {},
      },
    });
    const local = { address: '127.0.0.1', port: stream.local.port };
    stream.connect(parametersFor(phone.remote));
    const call = sleep(aheadMs).then(() => phone.talk(numbered(75), local));
    const sent = await spray(local, [samePort, otherHost], call);
    expect(sent).toBeGreaterThan(50);
    expect(samePort.heard).toEqual([]);
    expect(otherHost.heard).toEqual([]);
    expect(received.filter((code) => code === 0x7e)).toEqual([]);
    // On a machine that has no time for us a socket may overflow.
    await eventually(() => {
      const { packets, dropped } = stream.stats().in;
      expect(packets).toBeGreaterThan(30);
      expect(dropped['source']).toBeGreaterThan(30);
    });
    // The caller's own echo goes on.
    await eventually(() => expect(new Set(codesOf(phone).filter((code) => code <= 100)).size).toBeGreaterThan(15));
  });

  test('5,000 malformed packets from everywhere leave the stream alive', async () => {
    await using engine = openEngine();
    await using phone = await UdpPhone.open();
    await using stranger = await UdpPhone.open();
    const events: StreamEvent[] = [];
    const stream = await openEcho(engine, phone, events);
    await phone.hear(1);
    for (let round = 0; round < 50; round += 1) {
      for (let index = 0; index < 100; index += 1) {
        const bytes = random.bytes(random.integer(60));
        if (bytes.length > 0 && random.integer(2) === 0) bytes.writeUInt8(0x80 | random.integer(64), 0);
        const to = { ...stream.local, port: stream.local.port + random.integer(2) };
        (random.integer(2) === 0 ? phone : stranger).sendBytes(bytes, to);
      }
      await sleep(5);
    }
    const until = phone.heard.length;
    await phone.talk(new Array(30).fill(new Uint8Array(160).fill(LOUD)), stream.local);
    await eventually(() => expect(phone.heard.slice(until).some(({ payload }) => payload.includes(LOUD))).toBe(true));
    expect(events.some(({ type }) => type === 'failed')).toBe(false);
    await eventually(() => {
      const { dropped } = stream.stats().in;
      expect(Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(500);
    });
  });
});
