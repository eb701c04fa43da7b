import { expect, test } from 'vitest';
import { HostedStream } from '../../../src/media/worker/hosted-stream.js';
import { ReportScratch } from '../../../src/media/worker/report-scratch.js';
import { RingScratch } from '../../../src/media/worker/ring-scratch.js';
import { sharedViews } from '../../../src/media/worker/shared-views.js';
import { allocateStreamMemory, streamMemory, word } from '../../../src/media/worker/stream-memory.js';
import { ThreadSounds } from '../../../src/media/worker/thread-sounds.js';

test('once the call has closed neither audio nor a report leaves, whatever the thread is at', () => {
  const memory = streamMemory(sharedViews(allocateStreamMemory()));
  const parts = { sounds: new ThreadSounds(), commands: new RingScratch(), reports: new ReportScratch() };
  const sent: string[] = [];
  const pair = new HostedStream(0, memory, parts, () => {}).guard({
    local: { address: '127.0.0.1', port: 40_000 },
    send: () => sent.push('RTP'),
    sendRtcp: () => sent.push('RTCP'),
    close: async () => {},
  });
  const to = { address: '192.0.2.1', port: 4_000 };
  const sendBoth = (): void => {
    pair.send(Buffer.alloc(12), to);
    pair.sendRtcp(Buffer.alloc(8), to);
  };
  sendBoth();
  expect(sent).toEqual(['RTP', 'RTCP']);
  Atomics.store(memory.views.ints, memory.firstWord + word.closing, 1);
  sendBoth();
  expect(sent).toEqual(['RTP', 'RTCP']);
});
