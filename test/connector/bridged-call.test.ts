import { EventEmitter, once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { MediaNegotiation } from '../../src/call/media/media-negotiation.js';
import { createMediaEngine } from '../../src/media/dgram-engine.js';
import type { MediaEngine, MediaStream } from '../../src/media/engine.js';
import { createEmbeddedDriver } from '../../src/signaling/embedded/embedded-driver.js';
import type { LegEvent } from '../../src/signaling/port.js';
import { eventLoopTurns } from '../support/event-loop-turns.js';
import { TestPhone } from '../support/test-phone.js';
import { setUp } from './connector-setup.js';

const PCM = { encoding: 'pcm16', sampleRate: 8000 } as const;
const TONE_MS = 1_500;

function engineOn(min: number): MediaEngine {
  const deps = { clock: createSystemClock(), random: createSystemRandom() };
  const common = { portRestSeconds: 1, jitter: { minMs: 40, maxMs: 40 }, latching: { nat: false, strict: false } };
  return createMediaEngine({ ...common, bind: '127.0.0.1', ports: { min, max: min + 400 }, rtpTimeoutMs: 0 }, deps);
}

function tone(hz: number): Int16Array {
  return Int16Array.from({ length: TONE_MS * 8 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * hz * i) / 8_000));
}

/** Power of one frequency (Goertzel), against that of everything. */
function share(samples: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / 8_000);
  let [s1, s2, all] = [0, 0, 0];
  for (const sample of samples) {
    [s1, s2] = [sample + coefficient * s1 - s2, s1];
    all += sample * sample;
  }
  return (2 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2)) / (samples.length * Math.max(1, all));
}

/** The frames of a tone in what was heard, ms. */
function heardMs(frames: readonly Int16Array[], hz: number): number {
  return frames.filter((frame) => share(frame, hz) > 0.8).length * 20;
}

/** Makes a tone until it was heard nearly whole: of one a machine that stalls may lose some, which came too late to be played. */
async function heardWhole(frames: Int16Array[], hz: number, make: () => Promise<void>): Promise<void> {
  const heard = async (): Promise<number> => {
    frames.length = 0;
    await make();
    // What has left is still on its way: packets, and the buffer that waits for late ones.
    await eventLoopTurns(100);
    return heardMs(frames, hz);
  };
  await expect.poll(heard).toBeGreaterThan(TONE_MS * 0.8);
}

/** A desk phone that answers every call at once, with PCMA alone, and hums at 600 Hz when it is told to. */
async function startDesk() {
  const deps = { clock: createSystemClock(), random: createSystemRandom() };
  const engine = engineOn(52_000);
  const listen = [{ protocol: 'udp' as const, host: '127.0.0.1', port: 0 }];
  const driver = createEmbeddedDriver({ listen, allow: ['127.0.0.0/8'] }, deps);
  const heard: Int16Array[] = [];
  const events: LegEvent[] = [];
  const invites: string[] = [];
  const hummed = new EventEmitter();
  let line: MediaStream | undefined;
  let hums = 0;
  const hum = async (): Promise<void> => {
    const over = once(hummed, 'over');
    hums += 1;
    line?.play(`hum-${hums}`, new Uint8Array(tone(600).buffer));
    line?.endResponse(`hum-${hums}`);
    await over;
  };
  const [bound] = await driver.start({
    onInvite: (leg) => {
      invites.push(leg.invite.headers.get('x-for')?.[0] ?? '');
      leg.listen((event) => events.push(event));
      void engine
        .open({
          family: 4,
          listener: {
            onFrame: ({ data }) =>
              heard.push(new Int16Array(data.buffer, data.byteOffset, data.byteLength / 2).slice()),
            onEvent: ({ type }) => type === 'response-ended' && hummed.emit('over'),
          },
        })
        .then((stream) => {
          line = stream;
          const options = { address: '127.0.0.1', codecs: ['pcma'] } as const;
          const negotiation = new MediaNegotiation(leg.invite.sdp, options, deps.random);
          const { sdp, parameters } = negotiation.answer(leg.invite.sdp ?? '', stream.local.port);
          stream.setFormats(PCM, PCM);
          stream.connect(parameters);
          leg.accept(sdp);
        });
    },
    onRefused: () => {},
    onStateChange: () => {},
  });
  onTestFinished(async () => {
    await driver[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  return { port: bound?.port ?? 0, heard, hum, events, invites };
}

test('a caller who is bridged talks with the target, both ways, through other codecs, until one hangs up', async () => {
  const desk = await startDesk();
  const base = await setUp();
  const { connector, flavors, records } = await setUp(
    {
      signaling: {
        ...base.config.signaling,
        embedded: {
          ...base.config.signaling.embedded,
          listen: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
          allow: ['127.0.0.0/8'],
        },
      },
      transfer: {
        targets: {
          desk: {
            uri: `sip:100@127.0.0.1:${desk.port}`,
            headers: { 'X-For': '{{from}}' },
            mode: 'bridge',
            ringSeconds: 5,
          },
        },
      },
      routes: base.config.routes.map((route) => ({ ...route, tools: ['transfer'], transfer: ['desk'] })),
    },
    {
      createDriver: ({ signaling }) =>
        createEmbeddedDriver(signaling.embedded, { clock: createSystemClock(), random: createSystemRandom() }),
      createEngine: () => engineOn(51_000),
    },
  );
  const { sip } = await connector.start();
  await using phone = await TestPhone.dial('2000', sip[0]?.port ?? 0, 'customer');
  expect(await phone.call.answered).toBe(true);
  const session = flavors[0]?.sessions[0];
  session?.events.push({ type: 'tool-call', id: 't', name: 'transfer', arguments: { target: 'desk' } });
  await expect.poll(() => session?.call.signal.aborted).toBe(true);
  await Promise.all([
    heardWhole(desk.heard, 1_000, () => phone.call.say(tone(1_000))),
    heardWhole(phone.heard, 600, desk.hum),
  ]);
  expect(desk.invites).toEqual(['customer']);
  phone.call.hangUp();
  await expect.poll(() => desk.events.at(-1)).toMatchObject({ type: 'ended', end: { by: 'peer' } });
  expect(await records()).toMatchObject([{ endedBy: 'caller', tools: [{ name: 'transfer', ok: true }] }]);
});
