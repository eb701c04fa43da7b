import { describe, expect, test, vi } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { createMediaEngine, type MediaEngineOptions } from '../../src/media/dgram-engine.js';
import { createDtlsIdentity, type DtlsIdentity } from '../../src/media/dtls/dtls-identity.js';
import type { MediaEngine, MediaStream, StreamEvent, StreamParameters } from '../../src/media/engine.js';
import { createIceCredentials } from '../../src/media/ice/ice-credentials.js';
import { createWorkerEngine, type WorkerEngineDeps } from '../../src/media/worker/worker-engine.js';
import { BrowserPhone } from '../support/browser-phone.js';
import { nativeEntry } from '../support/native-addon.js';
import { SeededRandom } from '../support/seeded-random.js';
import { stunCheck } from '../support/stun-client.js';

const identity = createDtlsIdentity(Date.now());
const random = new SeededRandom(process.pid);
/** Others than those of `engines.test.ts`, which may run at the same time; below 32,768, from where Linux gives them away. */
let nextPort = 12_000 + 2 * random.integer(3_500);

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 10 });
const createAddonEngine = (options: MediaEngineOptions, deps: WorkerEngineDeps): MediaEngine =>
  createWorkerEngine(options, { ...deps, entry: nativeEntry() });

const ours = (byte: number): Uint8Array => new Uint8Array(160).fill(byte);

describe.each([
  ['in the thread of the call', createMediaEngine],
  ['in a thread of its own', createWorkerEngine],
  ['in a thread of its own, by the add-on', createAddonEngine],
])('a browser, its media %s', (_where, createEngine) => {
  const openEngine = (bind = '127.0.0.1', certificates: { dtls?: DtlsIdentity } = { dtls: identity }): MediaEngine => {
    const min = nextPort;
    nextPort += 8;
    return createEngine(
      {
        ...{ bind, ports: { min, max: min + 7 }, portRestSeconds: 30, rtpTimeoutMs: 30_000 },
        ...certificates,
        jitter: { minMs: 20, maxMs: 120 },
        latching: { nat: false, strict: true },
      },
      { clock: createSystemClock(), random: createSystemRandom() },
    );
  };

  const newIce = () => ({ ...createIceCredentials(createSystemRandom()), remoteFragment: 'theirs' });

  const parametersFor = ({ credentials }: BrowserPhone, ice: ReturnType<typeof newIce>): StreamParameters => ({
    codec: { name: 'pcmu', payloadType: 0 },
    dtmfPayloadType: 101,
    // A browser that tells its candidates later.
    remote: undefined,
    direction: 'sendrecv',
    ptimeMs: 20,
    rtcp: { mux: true, remote: undefined },
    dtls: { fingerprints: [credentials.fingerprint], ice },
  });

  test.each([
    ['AES-CM', 1, '127.0.0.1'],
    ['GCM, by IPv6', 7, '::1'],
  ] as const)('is found, hears the greeting from its beginning, and is heard (%s)', async (_suite, profile, bind) => {
    await using engine = openEngine(bind);
    const ice = newIce();
    await using browser = await BrowserPhone.open(ice, profile, bind);
    const events: StreamEvent[] = [];
    const voices = new Set<number>();
    let stream: MediaStream | undefined;
    stream = await engine.open({
      family: bind === '::1' ? 6 : 4,
      listener: {
        onFrame: ({ data }) => voices.add(data[80] as number),
        onEvent: (event) => events.push(event),
      },
    });
    stream.connect(parametersFor(browser, ice));
    for (let packet = 0; packet < 25; packet += 1) stream.play('greeting', ours(packet + 1));
    stream.endResponse('greeting');
    // A stranger is told nothing.
    const stranger = await BrowserPhone.open(newIce(), 1, bind);
    stranger.sendBytes(stunCheck({ username: 'a:b', password: 'c' }), stream.local);
    await browser.connect(stream.local);
    expect(browser.mapped).toEqual(browser.remote);
    await browser.talk(Array.from({ length: 30 }, () => ours(0x21)));
    await eventually(() => expect(browser.heard.length).toBeGreaterThan(25));
    const greeting = browser.heard.map((payload) => payload[80]).filter((code) => code !== 0xff);
    // In order, and from its beginning: a slot that came too late may be left out, but none at the beginning.
    expect(greeting.slice(0, 3)).toEqual([1, 2, 3]);
    expect(browser.unauthentic).toBe(0);
    expect(voices).toContain(0x21);
    await eventually(() => expect(stream.stats().in.packets).toBe(30));
    expect(stream.stats().in.dropped).toEqual({ stun: 1 });
    // Consent goes on in the call, however the packets of media are kept for their slots.
    const before = browser.answers;
    for (let time = 0; time < 5; time += 1) browser.check();
    await eventually(() => expect(browser.answers).toBe(before + 5));
    stream.close(true);
    await eventually(() => expect(browser.ended).toBe(true));
    expect(stranger.answers).toBe(0);
    await stranger[Symbol.asyncDispose]();
    expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
    expect(events).toContainEqual({ type: 'latched', ...browser.remote });
  });

  test('with another certificate than its SDP said gets no media, and the stream fails', async () => {
    await using engine = openEngine();
    const ice = newIce();
    await using browser = await BrowserPhone.open(ice);
    await using other = await BrowserPhone.open(ice);
    const failures: string[] = [];
    const stream = await engine.open({
      family: 4,
      listener: {
        onFrame: () => {},
        onEvent: (event) => void (event.type === 'failed' && failures.push(event.message)),
      },
    });
    stream.connect(parametersFor(other, ice));
    const connecting = browser.connect(stream.local, 500).catch(() => 'refused');
    await eventually(() => expect(failures).toEqual([expect.stringContaining('certificate')]));
    expect(await connecting).toBe('refused');
    expect([browser.heard, browser.unauthentic]).toEqual([[], 0]);
  });

  test('without a certificate of ours there is no call', async () => {
    await using engine = openEngine('127.0.0.1', {});
    const ice = newIce();
    await using browser = await BrowserPhone.open(ice);
    const events: StreamEvent[] = [];
    const stream = await engine.open({ family: 4, listener: { onFrame: () => {}, onEvent: (e) => events.push(e) } });
    stream.connect(parametersFor(browser, ice));
    await eventually(() =>
      expect(events).toEqual([{ type: 'failed', message: 'the media engine has no certificate for DTLS' }]),
    );
  });
});
