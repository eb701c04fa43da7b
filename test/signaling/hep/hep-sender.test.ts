import { expect, test } from 'vitest';
import { HepSender } from '../../../src/signaling/hep/hep-sender.js';
import { captureServer } from './capture-server.js';

const loopback = { address: '127.0.0.1', port: 5060 };
const captured = (message: string) =>
  ({
    source: loopback,
    destination: loopback,
    transport: 'tcp',
    message: Buffer.from(message),
    wallTimeMs: 1,
  }) as const;

test('the keys of SRTP stay here; after close nothing is sent', async () => {
  using server = await captureServer();
  const sender = new HepSender({ to: server.to, id: 1 }, () => {});
  sender.send(captured('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0'));
  sender.send(captured('second'));
  await expect.poll(() => server.captured).toHaveLength(2);
  expect(server.captured.map(({ message }) => message)).toEqual([
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxx',
    'second',
  ]);
  sender.close();
  sender.close();
  sender.send(captured('third'));
});

test('what cannot be put into a packet is told once, and nothing is thrown', async () => {
  using server = await captureServer();
  const failures: Error[] = [];
  const sender = new HepSender({ to: server.to, id: 1 }, (error) => failures.push(error));
  const nowhere = { ...captured('lost'), source: { address: 'nowhere', port: 5060 } };
  sender.send(nowhere);
  sender.send(nowhere);
  sender.send(captured('sent'));
  await expect.poll(() => server.captured.map(({ message }) => message)).toEqual(['sent']);
  expect(failures).toHaveLength(1);
  sender.close();
});
