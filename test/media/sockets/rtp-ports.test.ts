import { expect, test } from 'vitest';
import { RtpPorts } from '../../../src/media/sockets/rtp-ports.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

const options = { bind: '0.0.0.0', ports: { min: 20_000, max: 20_009 }, portRestSeconds: 30 };
const failing = (code: string) => () => Promise.reject(Object.assign(new Error(`bind ${code}`), { code }));

test('no socket is left: the limit is named, and other ports are not tried in vain', async () => {
  const ports = new RtpPorts(options, { clock: new FakeClock(), random: new SeededRandom(1) });
  await expect(ports.open(4, failing('EMFILE'))).rejects.toMatchObject({
    code: 'ERR_NO_MEDIA_PORT',
    message: expect.stringMatching(/^cannot bind RTP to 0\.0\.0\.0: this process may have no more .*ulimit -n/),
  });
  expect(ports.usage()).toEqual({ open: 0, resting: 1, free: 4 });
});

test('a port of somebody else is left to it, and the next one taken', async () => {
  const ports = new RtpPorts(options, { clock: new FakeClock(), random: new SeededRandom(1) });
  const tried: number[] = [];
  const bound = await ports.open(4, async ({ port }) => {
    tried.push(port);
    if (tried.length < 3) await failing('EADDRINUSE')();
    return port;
  });
  expect([new Set(tried).size, tried.at(-1)]).toEqual([3, bound]);
  expect(ports.usage()).toEqual({ open: 1, resting: 2, free: 2 });
});
