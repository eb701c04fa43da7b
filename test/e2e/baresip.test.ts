import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWavFile, writeWavFile } from '../../src/media/wav-file.js';
import { ConnectorProcess } from '../support/connector-process.js';
import { findInRecording } from '../support/correlation.js';
import { speak8k } from '../support/speech.js';
import { callWithBaresip } from './baresip.js';

const SAMPLE_RATE_HZ = 8_000;

/** The way there and back: two jitter buffers, two packets, and what a busy machine adds. */
const MAX_LAG_MS = 800;

let connector: ConnectorProcess;
let directory: string;
let speech: Int16Array;
let attempts = 0;

beforeAll(async () => {
  connector = await ConnectorProcess.start({ config: { media: { srtp: 'optional' } } });
  directory = mkdtempSync(join(tmpdir(), 'softphone-'));
  speech = await speak8k('Good morning. Every word I say should come back to me.', 'rms');
  // The phone hangs up at the end of its file: silence lets the last word come back before that.
  const said = new Int16Array(speech.length + (MAX_LAG_MS / 1_000) * SAMPLE_RATE_HZ);
  said.set(speech);
  await writeWavFile(join(directory, 'said.wav'), said, { sampleRate: SAMPLE_RATE_HZ, channels: 1 });
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await connector[Symbol.asyncDispose]();
});

// A machine that stalls for longer than a jitter buffer holds makes a slip in the audio; that is not the question here.
test.concurrent.each([
  ['pcmu', 'srtp-mand'],
  ['pcma', undefined],
] as const)(
  'a real softphone hears its own speech back from 2001 (%s, encryption: %s)',
  { retry: 2 },
  async (codec, encryption) => {
    attempts += 1;
    const caller = `softphone-${attempts}`;
    const { address, port } = connector.sip('udp');
    const uri = `sip:2001@${address}:${port}`;
    const call = {
      uri,
      caller,
      say: join(directory, 'said.wav'),
      codec,
      limitMs: 15_000,
      ...(encryption && { encryption }),
    };
    const heard = await callWithBaresip(call, ({ heard: file }) => readWavFile(file));
    expect(heard.sampleRate).toBe(SAMPLE_RATE_HZ);
    const match = findInRecording(speech, heard.samples, (MAX_LAG_MS / 1_000) * SAMPLE_RATE_HZ);
    const record = await connector.recordOf(caller);
    expect(match.correlation, JSON.stringify(record.rtp)).toBeGreaterThanOrEqual(0.9);
    expect(record).toMatchObject({ codec, endedBy: 'caller', cause: { sip: 200, text: 'normal' } });
  },
);
