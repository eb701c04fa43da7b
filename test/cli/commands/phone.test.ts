import { createSocket } from 'node:dgram';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { runCli } from '../../../src/cli/run-cli.js';
import { readWavFile, writeWavFile } from '../../../src/media/wav-file.js';
import { createEmbeddedDriver } from '../../../src/signaling/embedded/embedded-driver.js';
import type { LegEvent, SignalingDriver } from '../../../src/signaling/port.js';
import { createAnswer, type LocalMedia } from '../../../src/signaling/sdp/sdp.js';
import { OFFER } from '../../support/fake-leg.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { createFakeIo } from '../fake-io.js';

/** The other side: answers `take`, `deaf` (no telephone-event), `secure` (with SRTP, its first codec), rings for ever at `ring`, is busy otherwise. */
let driver: SignalingDriver;
let address = '';
const ends: (LegEvent & { type: 'ended' })[] = [];

const secureMedia: LocalMedia = {
  address: '127.0.0.1',
  port: 40_000,
  codecs: ['pcmu', 'g722', 'opus'],
  direction: 'sendrecv',
  ptimeMs: 20,
  sessionId: '1',
  sessionVersion: 1,
  srtp: { mode: 'required', newKey: (bytes) => new Uint8Array(bytes).fill(7) },
};

beforeAll(async () => {
  driver = createEmbeddedDriver(
    { listen: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }], allow: ['127.0.0.0/8'] },
    { clock: createSystemClock(), random: createSystemRandom() },
  );
  const [bound] = await driver.start({
    onInvite: (leg) => {
      leg.listen((event) => {
        if (event.type === 'ended') ends.push(event);
      });
      leg.ring(180);
      if (leg.invite.requestUser === 'take') leg.accept(OFFER);
      else if (leg.invite.requestUser === 'deaf')
        leg.accept(OFFER.replace('0 8 101', '0').replace(/a=rtpmap.*\r\n/, ''));
      else if (leg.invite.requestUser === 'secure')
        leg.accept(createAnswer(leg.invite.sdp ?? '', secureMedia).local.text);
      else if (leg.invite.requestUser !== 'ring') leg.reject(486);
    },
    onRefused: () => {},
    onStateChange: () => {},
  });
  address = `127.0.0.1:${bound?.port}`;
});

afterAll(() => driver[Symbol.asyncDispose]());

async function phone(args: readonly string[]) {
  const io = createFakeIo(temporaryDirectory());
  const code = await runCli(['phone', ...args], io);
  return { code, out: io.out(), err: io.err(), io };
}

test('tells people what happens, and ends with 0', async () => {
  const { code, out, err, io } = await phone([`sip:take@${address}`, '--seconds', '0.2']);
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(out).toMatch(
    /^calling sip:take@\S+\n\d\.\d\d s {2}ringing \(180\)\n\d\.\d\d s {2}answered, PCMU\n\d\.\d\d s {2}ended by the phone\nreceived 0 packets/,
  );
  expect(io.subscriptions()).toBe(0);
});

test('--json: one object, and nothing else on stdout', async () => {
  const { code, out } = await phone([`sip:take@${address}`, '--seconds', '0.3', '--dtmf', '1', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    ok: true,
    answered: true,
    ringing: [180],
    codec: 'pcmu',
    setupMs: expect.any(Number),
    endedBy: 'local',
    digitsSent: true,
    rtp: { out: { packets: expect.any(Number) } },
  });
});

test('a connection that is not made: 1, and why', async () => {
  // Port 9 of loopback: nobody listens there.
  const { code, err } = await phone(['sips:2000@127.0.0.1:9', '--seconds', '0.1']);
  expect(code).toBe(1);
  expect(err).toContain('TLS connection: connect ECONNREFUSED');
  const plain = await phone(['sip:2000@127.0.0.1:9;transport=tcp', '--seconds', '0.1']);
  expect(plain.out).toMatch(/ended \(transport\) 503\nno connection: nothing listens at this address and port/);
  const unknown = await phone(['sip:2000@nobody.invalid', '--seconds', '0.1']);
  expect(unknown.out).toMatch(/ended \(transport\)\nnowhere to send it: the name is not known/);
});

test('a call that is refused: 1, with the status', async () => {
  const { code, out } = await phone([`sip:busy@${address}`, '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ ok: false, answered: false, status: 486, setupMs: null, digitsSent: null });
  const spoken = await phone([`sip:busy@${address}`]);
  expect(spoken.out).toContain('ended by the other side 486');
  expect(spoken.out).not.toContain('received');
});

test('plays, and records what it hears, as files of the working directory', async () => {
  const io = createFakeIo(temporaryDirectory());
  await writeWavFile(join(io.cwd, 'say.wav'), new Int16Array(1600), { sampleRate: 8000, channels: 1 });
  const args = [`sip:take@${address}`, '--say', 'say.wav', '--record', 'heard.wav', '--seconds', '0.4', '--json'];
  expect(await runCli(['phone', ...args], io)).toBe(0);
  const { heardMs } = JSON.parse(io.out()) as { heardMs: number };
  expect(heardMs).toBeGreaterThan(100);
  const { samples } = await readWavFile(join(io.cwd, 'heard.wav'));
  expect(samples.length / 8).toBe(heardMs);
});

test.each([
  ['g722,pcmu', 'required', 'g722', 16_000],
  ['pcmu', 'optional', 'pcmu', 8000],
] as const)('--codecs %s --srtp %s: encrypted, and recorded at the rate of the best of them', async (...wanted) => {
  const [codecs, srtp, codec, rate] = wanted;
  const args = ['--codecs', codecs, '--srtp', srtp, '--record', 'heard.wav', '--seconds', '0.3', '--json'];
  const { code, out, io } = await phone([`sip:secure@${address}`, ...args]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    codec,
    srtp: 'AEAD_AES_128_GCM',
    rtp: { out: { packets: expect.any(Number) } },
  });
  expect((await readWavFile(join(io.cwd, 'heard.wav'))).sampleRate).toBe(rate);
});

test('the other side takes no encryption: no call where it is required, plain RTP where it is not', async () => {
  const required = await phone([`sip:take@${address}`, '--srtp', 'required', '--seconds', '0.2', '--json']);
  expect(required.code).toBe(1);
  expect(JSON.parse(required.out)).toMatchObject({ answered: false, rtp: { out: { packets: 0 } } });
  const optional = await phone([`sip:take@${address}`, '--srtp', 'optional', '--seconds', '0.2', '--json']);
  expect(JSON.parse(optional.out)).toMatchObject({ ok: true, srtp: null });
});

test('keys that the other side cannot take: 1, and said', async () => {
  const { code, err } = await phone([`sip:deaf@${address}`, '--dtmf', '12#', '--seconds', '0.2']);
  expect(code).toBe(1);
  expect(err).toContain('the keys were not pressed');
});

test('--seconds holds, however long the file is', async () => {
  const io = createFakeIo(temporaryDirectory());
  await writeWavFile(join(io.cwd, 'long.wav'), new Int16Array(8000 * 60), { sampleRate: 8000, channels: 1 });
  const args = [`sip:take@${address}`, '--say', 'long.wav', '--dtmf', '1', '--seconds', '0.2', '--json'];
  expect(await runCli(['phone', ...args], io)).toBe(1);
  expect(JSON.parse(io.out())).toMatchObject({ answered: true, digitsSent: false });
});

describe('Ctrl-C', () => {
  test('while it rings: CANCEL, and nothing stays open', async () => {
    const io = createFakeIo(temporaryDirectory());
    const code = runCli(['phone', `sip:ring@${address}`], io);
    await expect.poll(() => io.out()).toContain('ringing (180)');
    const before = ends.length;
    io.send('SIGINT');
    expect(await code).toBe(1);
    await expect.poll(() => ends.length).toBe(before + 1);
    expect(ends.at(-1)?.end).toMatchObject({ by: 'peer', status: 487 });
    expect(io.out()).toContain('ended by the phone 487');
    expect(io.subscriptions()).toBe(0);
  });

  test('in the call: BYE', async () => {
    const io = createFakeIo(temporaryDirectory());
    const code = runCli(['phone', `sip:take@${address}`], io);
    await expect.poll(() => io.out()).toContain('answered');
    const before = ends.length;
    io.send('SIGTERM');
    expect(await code).toBe(0);
    await expect.poll(() => ends.length).toBe(before + 1);
  });

  test('when nobody answers at all: it is not waited for', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const io = createFakeIo(temporaryDirectory());
    const code = runCli(['phone', `sip:x@127.0.0.1:${silent.address().port}`], io);
    await new Promise<void>((resolve) => silent.once('message', () => resolve()));
    io.send('SIGINT');
    expect(await code).toBe(1);
    expect(io.out()).toContain('ended by the phone');
  });

  test('before it has begun: no call is made', async () => {
    const abort = new AbortController();
    abort.abort();
    const io = createFakeIo(temporaryDirectory(), { abort });
    expect(await runCli(['phone', `sip:take@${address}`], io)).toBe(1);
    expect(io.out()).not.toContain('answered');
  });
});

describe('what cannot work is said before anybody is called', () => {
  test('a file that is not there: 1, with its path and what helps; as JSON too', async () => {
    const { code, out, err } = await phone([`sip:take@${address}`, '--say', 'nosuch.wav']);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/nosuch\.wav.*\(ERR_AUDIO_FILE\)\nCheck the path .* RIFF/);
    const json = await phone([`sip:take@${address}`, '--say', 'nosuch.wav', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, error: { code: 'ERR_AUDIO_FILE' } });
    expect(json.err).toBe('');
  });

  test('a file that is no WAV', async () => {
    const io = createFakeIo(temporaryDirectory());
    writeFileSync(join(io.cwd, 'text.wav'), 'not audio');
    expect(await runCli(['phone', `sip:take@${address}`, '--say', 'text.wav'], io)).toBe(1);
    expect(io.out()).toBe('');
  });

  test('a directory to record into that is not there', async () => {
    const { code, out, err, io } = await phone([`sip:take@${address}`, '--record', 'nosuch/heard.wav']);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/nosuch\/heard\.wav.*\(ERR_AUDIO_FILE\)\nCheck the path and its permissions/);
    expect(existsSync(join(io.cwd, 'nosuch'))).toBe(false);
  });

  test.each([
    [[]],
    [['nonsense']],
    [['tel:2000']],
    [['sips:2000@127.0.0.1;transport=udp']],
    [['sip:2000@127.0.0.1;transport=sctp']],
    [['sip:a@127.0.0.1', 'sip:b@127.0.0.1']],
    [['sip:a@127.0.0.1', '--dtmf', '12x']],
    [['sip:a@127.0.0.1', '--seconds', '0']],
    [['sip:a@127.0.0.1', '--seconds', 'soon']],
    [['sip:a@127.0.0.1', '--srtp', 'maybe']],
    [['sip:a@127.0.0.1', '--nosuch']],
    [['sip:a@127.0.0.1', '--codecs', 'constructor']],
  ])('wrong usage %j: 2', async (args) => {
    const { code, out, err } = await phone(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('--help says more');
  });
});

test('--help ends with 0 and shows examples', async () => {
  const { code, out } = await phone(['--help']);
  expect(code).toBe(0);
  expect(out).toContain('voice-connector phone sip:2000@127.0.0.1 --say hello.wav');
});
