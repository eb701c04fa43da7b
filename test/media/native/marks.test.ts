import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { loadDatagrams } from '../../../src/media/native/datagrams.js';
import { NativeTransport } from '../../../src/media/native/native-transport.js';
import { createWorkerEngine } from '../../../src/media/worker/worker-engine.js';
import { nativeAddon, nativeEntry } from '../../support/native-addon.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { parametersOf } from '../../support/stream-bench.js';

/** Says at which port it hears, then the mark of each packet: Node cannot read it. */
const listener = `
import socket, sys
v6 = sys.argv[1] == '::1'
heard = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1) if v6 else (socket.IPPROTO_IP, socket.IP_RECVTOS, 1)))
heard.bind((sys.argv[1], 0))
print(heard.getsockname()[1], flush=True)
while True:
    _, parts, _, _ = heard.recvmsg(2000, 100)
    print(parts[0][2][0] >> 2, flush=True)
`;

async function listenAt(address: string) {
  const python = spawn('python3', ['-c', listener, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const nextMark = async () => Number((await lines.next()).value);
  return {
    to: { address, port: await nextMark() },
    nextMark,
    async [Symbol.asyncDispose]() {
      python.kill();
      if (python.exitCode === null && python.signalCode === null) await once(python, 'exit');
    },
  };
}

test.each([
  ['127.0.0.1', 46],
  ['127.0.0.1', undefined],
  ['::1', 46],
] as const)('RTP and RTCP from %s carry the mark %s', async (address, dscp) => {
  await using peer = await listenAt(address);
  const native = loadDatagrams(nativeAddon());
  const transport = new NativeTransport(native, createSystemClock(), dscp);
  const ignore = { onRtp: () => {}, onRtcp: () => {}, onError: () => {} };
  const pair = await transport.bind(address, address === '::1' ? 6 : 4, 0, ignore);
  pair.send(Uint8Array.of(128), peer.to);
  pair.sendRtcp(Uint8Array.of(129), peer.to);
  transport.flush();
  expect([await peer.nextMark(), await peer.nextMark()]).toEqual([dscp ?? 0, dscp ?? 0]);
  native.dispose();
});

test('a media thread marks what its calls send', async () => {
  const min = 31_000 + 20 * new SeededRandom(process.pid + 4).integer(180);
  await using peer = await listenAt('127.0.0.1');
  await using engine = createWorkerEngine(
    {
      bind: '127.0.0.1',
      ports: { min, max: min + 19 },
      portRestSeconds: 0,
      jitter: { minMs: 20, maxMs: 120 },
      latching: { nat: false, strict: false },
      rtpTimeoutMs: 0,
      dscp: 46,
    },
    { clock: createSystemClock(), random: createSystemRandom(), entry: nativeEntry() },
  );
  const stream = await engine.open({ family: 4, listener: { onFrame: () => {}, onEvent: () => {} } });
  stream.connect(parametersOf({ remote: peer.to }));
  expect(await peer.nextMark()).toBe(46);
});

test('what cannot be marked is told by number', () => {
  const native = loadDatagrams(nativeAddon());
  const socket = native.bind('127.0.0.1', 0);
  const [invalid, noSocket] = [-22, -9];
  expect(native.mark(socket, 63)).toBe(0);
  expect([native.mark(socket, 64), native.mark(socket, -1), native.mark(9, 1)]).toEqual([invalid, invalid, noSocket]);
  native.dispose();
});
