import { Socket } from 'node:dgram';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HubWorker } from '../../../src/signaling/opensips/hub/hub-worker.js';

it('events wait for the socket of their connector, a thousand at most', async () => {
  const sent: string[] = [];
  vi.spyOn(Socket.prototype, 'send').mockImplementation((datagram) => void sent.push(String(datagram)));
  onTestFinished(() => void vi.restoreAllMocks());
  const events = { address: '127.0.0.1', port: 9 };
  const worker = new HubWorker({ name: 'a', events, onGone: () => {} }, 0, 1);
  onTestFinished(() => worker.close());
  for (let number = 1; number <= 1_001; number += 1) worker.send(Buffer.from(String(number)));
  expect(sent).toEqual([]);
  await expect.poll(() => sent).not.toEqual([]);
  expect([sent.length, sent[0], sent.at(-1)]).toEqual([1_000, '1', '1000']);
  worker.send(Buffer.from('later'));
  expect(sent.at(-1)).toBe('later');
});
