import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, test, vi } from 'vitest';
import { defineRealtime } from '../../../flavors/openai-realtime/index.js';
import { createKeptLog } from '../../support/silent-log.js';
import { tlsText } from '../../support/tls-files.js';
import { configOf } from './call.js';

test('connections by TLS share what they have in common, and trust whom they trusted before', async () => {
  const server = tls.createServer({ cert: tlsText('server.crt'), key: tlsText('server.key') });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  const made = vi.spyOn(tls, 'createSecureContext');
  const config = configOf({ url: `wss://127.0.0.1:${port}/v1/realtime` });
  const flavor = await defineRealtime().create(config, { log: createKeptLog(), now: () => 0 });
  try {
    // The authority of the tests is nobody whom this process knows.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(flavor.check(AbortSignal.timeout(5_000))).rejects.toThrow(/UNABLE_TO_VERIFY/);
    }
    expect(made).toHaveBeenCalledTimes(1);
  } finally {
    made.mockRestore();
    server.close();
    await flavor[Symbol.asyncDispose]();
  }
});
