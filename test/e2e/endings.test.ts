import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { createEmbeddedDriver } from '../../src/signaling/embedded/embedded-driver.js';
import type { LegEvent } from '../../src/signaling/port.js';
import { ConnectorProcess } from '../support/connector-process.js';
import { OFFER } from '../support/fake-leg.js';
import { TestPhone } from '../support/test-phone.js';

const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

describe('a caller of whom nothing more is heard', () => {
  let connector: ConnectorProcess;

  beforeAll(async () => {
    connector = await ConnectorProcess.start({ config: { limits: { rtpTimeoutSeconds: 2 } } });
  });

  afterAll(async () => {
    await connector[Symbol.asyncDispose]();
  });

  test('who sends packets of silence is hung up by silenceSeconds, and the BYE says why', async () => {
    // One of its own: a busy machine may let the phone send nothing for as long as the other waits.
    await using patient = await ConnectorProcess.start({ config: { limits: { silenceSeconds: 3 } } });
    await using phone = await TestPhone.dial('2001', patient.sip('udp').port, 'quiet');
    expect(await phone.call.answered).toBe(true);
    expect(await phone.call.ended).toMatchObject({ by: 'peer', text: expect.stringContaining('silence') });
    expect(await patient.recordOf('quiet')).toMatchObject({
      endedBy: 'connector',
      cause: { sip: 200, text: 'silence' },
    });
  });

  test('who never sends a packet is hung up by rtpTimeoutSeconds', async () => {
    const deps = { clock: createSystemClock(), random: createSystemRandom() };
    const listen = [{ protocol: 'udp' as const, host: '127.0.0.1', port: 0 }];
    await using driver = createEmbeddedDriver({ listen, allow: ['127.0.0.0/8'] }, deps);
    await driver.start({ onInvite: (leg) => leg.reject(480), onRefused: () => {}, onStateChange: () => {} });
    const uri = `sip:2001@127.0.0.1:${connector.sip('udp').port}`;
    const leg = driver.invite({ uri, fromUser: 'mute', sdp: OFFER });
    const end = await new Promise<LegEvent & { type: 'ended' }>((resolve) => {
      leg.listen((event) => {
        if (event.type === 'ended') resolve(event);
      });
    });
    expect(end.end).toMatchObject({ by: 'peer', text: expect.stringContaining('rtp-timeout') });
    expect(await connector.recordOf('mute')).toMatchObject({
      endedBy: 'connector',
      cause: { text: 'rtp-timeout' },
      rtp: { in: { packets: 0 } },
    });
  });

  /** A phone is killed so long after it was answered. The record of its call. */
  const vanished = async (afterMs: number): Promise<CallRecord> => {
    const uri = `sip:2001@127.0.0.1:${connector.sip('udp').port}`;
    const before = connector.records().length;
    const phone = spawn(process.execPath, [cli, 'phone', uri, '--seconds', '60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for await (const text of phone.stdout) if (String(text).includes('answered')) break;
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    phone.kill('SIGKILL');
    await expect.poll(() => connector.records().length, { timeout: 40_000 }).toBe(before + 1);
    return connector.records().at(-1) as CallRecord;
  };

  test('who vanishes without a BYE is hung up by rtpTimeoutSeconds', { timeout: 120_000 }, async () => {
    let record = await vanished(500);
    // On a machine that let it say nothing it tries again, with more time.
    for (let afterMs = 2_000; record.rtp?.in.packets === 0 && afterMs <= 8_000; afterMs *= 2)
      record = await vanished(afterMs);
    expect(record).toMatchObject({ endedBy: 'connector', cause: { text: 'rtp-timeout' } });
    expect(record.rtp?.in.packets).toBeGreaterThan(0);
  });
});

describe('SIGTERM', () => {
  test('lets a call finish, refuses new ones with 503, says it is not ready, and exits with 0', async () => {
    await using connector = await ConnectorProcess.start();
    const { port } = connector.sip('udp');
    await using first = await TestPhone.dial('2001', port, 'first');
    expect(await first.call.answered).toBe(true);
    connector.terminate();
    await expect.poll(() => connector.log.some((line) => line['msg'] === 'draining: no new calls')).toBe(true);
    await using late = await TestPhone.dial('2001', port, 'late');
    expect(await late.call.answered).toBe(false);
    expect(await late.call.ended).toMatchObject({ status: 503 });
    await expect(connector.admin('GET', '/readyz')).rejects.toThrow(/503/);
    first.call.hangUp();
    expect(await connector.exited()).toBe(0);
    expect(connector.records().map(({ from, cause }) => [from, cause.text])).toEqual([
      ['late', 'drain'],
      ['first', 'normal'],
    ]);
  });

  test('twice: the calls end with BYE, each with its record, and the exit code is 0', async () => {
    await using connector = await ConnectorProcess.start();
    await using phone = await TestPhone.dial('2000', connector.sip('udp').port, 'cut');
    expect(await phone.call.answered).toBe(true);
    connector.terminate();
    await expect.poll(() => connector.log.some((line) => line['msg'] === 'draining: no new calls')).toBe(true);
    connector.terminate();
    expect(await phone.call.ended).toMatchObject({ by: 'peer', text: expect.stringContaining('drain') });
    expect(await connector.exited()).toBe(0);
    expect(connector.records()).toMatchObject([{ from: 'cut', cause: { text: 'drain' } }]);
  });
});

test('a command that may not open the files of the program itself says which limit it is', async () => {
  const child = spawn('sh', ['-c', 'ulimit -n 64 && exec "$0" "$1" check', process.execPath, cli]);
  const said: string[] = [];
  child.stderr.on('data', (bytes: Buffer) => said.push(String(bytes)));
  const [code] = (await once(child, 'close')) as [number];
  expect([code, said.join('')]).toEqual([1, expect.stringMatching(/^voice-connector: .*\(ulimit -n; [^\n]+\)\n$/)]);
});
