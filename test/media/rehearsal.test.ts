import { expect, test } from 'vitest';
import { createDtlsIdentity } from '../../src/media/dtls/dtls-identity.js';
import { rehearse } from '../../src/media/rehearsal.js';

test('before its first call a media thread has spoken, heard a voice, and filled gaps of all kinds', async () => {
  const rehearsed = await rehearse({
    dtls: createDtlsIdentity(Date.now()),
    jitter: { minMs: 20, maxMs: 120 },
    latching: { nat: false, strict: false },
    rtpTimeoutMs: 30_000,
  });
  expect(rehearsed.packetsSent).toBeGreaterThanOrEqual(299);
  expect(rehearsed.voices).toBeGreaterThanOrEqual(3);
  expect(rehearsed.concealedMs).toBeGreaterThan(1_000);
  // The first handshake of a thread takes longer than the next ones.
  expect(rehearsed.handshakes).toBe(5);
});
