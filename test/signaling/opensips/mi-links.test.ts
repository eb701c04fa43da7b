import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { MiAddress } from '../../../src/signaling/opensips/mi/mi-link.js';
import { UdpMiLink } from '../../../src/signaling/opensips/mi/udp-mi-link.js';
import type { FakeOpensips } from '../../fakes/opensips/fake-opensips.js';
import { ANSWER, OFFER, openOpensipsScene, watch } from '../../support/opensips-harness.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** mi_http: the answer is the body of a 200. */
async function overHttp(opensips: FakeOpensips): Promise<MiAddress> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    request.on('end', () => {
      const answer = opensips.handle(text);
      // What is lost is a connection that ends without a word.
      if (answer === undefined) response.destroy();
      else response.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { protocol: 'http', url: `http://127.0.0.1:${port}/mi` };
}

/** mi_fifo: `:REPLY:JSON` lines come in, the answer goes to the FIFO of that name beside it. */
async function overFifo(opensips: FakeOpensips): Promise<MiAddress> {
  const directory = temporaryDirectory();
  const path = join(directory, 'opensips_fifo');
  execFileSync('mkfifo', [path]);
  // For reading and writing, as OpenSIPS has it: it does not end when a writer closes.
  const input = createReadStream(path, { flags: 'r+' });
  const lines = createInterface({ input });
  lines.on('line', (line) => {
    const [, reply = '', request = ''] = /^:([^:]+):(.*)$/.exec(line) ?? [];
    const answer = opensips.handle(request);
    // Whoever asked may have gone meanwhile.
    const fifo = join(directory, reply);
    if (answer !== undefined && existsSync(fifo)) writeFileSync(fifo, answer, { flag: 'r+' });
  });
  onTestFinished(() => {
    lines.close();
    input.destroy();
    // Whoever reads is woken by a writer, and sees that it is closed.
    writeFileSync(path, '\n', { flag: 'r+' });
  });
  return { protocol: 'fifo', path, replyDirectory: directory };
}

/** mi_datagram at this address, which is what it answers. */
async function udpServer(address: string, port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (_bytes, from) => socket.send(address, from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  return socket;
}

it('by UDP a name is looked up again once nobody is there, as it may mean another host by now', async () => {
  const first = await udpServer('127.0.0.1');
  const { port } = first.address();
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation((async () => [{ address, family: 4 }]) as never);
  let address = '127.0.0.1';
  const link = new UdpMiLink('opensips.example', port);
  onTestFinished(async () => {
    lookup.mockRestore();
    await link.close();
  });
  const answers: string[] = [];
  await link.open((text) => answers.push(text));
  link.send('ps');
  await expect.poll(() => answers).toEqual(['127.0.0.1']);
  await new Promise<void>((resolve) => first.close(() => resolve()));
  address = '127.0.0.2';
  const second = await udpServer(address, port);
  onTestFinished(() => void second.close());
  // As MI is asked: again until there is an answer.
  await expect
    .poll(() => {
      link.send('ps');
      return answers.at(-1);
    })
    .toBe('127.0.0.2');
  expect(link.address).toBe('127.0.0.2');
});

it.each([
  ['HTTP', overHttp],
  ['FIFO', overFifo],
])('by %s a call is answered and ended, and an answer that is lost is asked for again', async (_name, open) => {
  const options: { mi?: MiAddress } = {};
  const scene = await openOpensipsScene(options, async (opensips) => {
    options.mi = await open(opensips);
  });
  let losses = 0;
  scene.opensips.faults.loseAnswer = (method, { code }) => {
    if (method !== 'ua_session_reply' || code !== 200 || losses > 0) return false;
    losses += 1;
    return true;
  };
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  leg.hangUp();
  await scene.opensips.outgoing(session.key, 'BYE');
  expect(losses).toBe(1);
  const answers = scene.opensips.wire.filter((wire) => wire.type === 'response' && wire.status === 200);
  expect(answers).toHaveLength(1);
});
