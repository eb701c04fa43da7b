import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WAV_HEADER_BYTES } from '../../../src/audio/wav-header.js';
import { parseWav } from '../../../src/audio/wav-parse.js';
import { bundle } from '../../support/bundle.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

test('a disk that fills up in the middle of a call: the file says that it holds what it holds', async () => {
  const module = await bundle('test/media/fixtures/recorder-writer.ts');
  // In blocks of 512 bytes: the second half second of sound is cut in two, the third, and the fourth.
  const recordings = [40, 72, 104].map(async (blocks) => {
    const path = join(temporaryDirectory(), 'call.wav');
    const limited = `ulimit -f ${blocks} && exec "$0" "$@"`;
    const child = spawn('sh', ['-c', limited, process.execPath, module, path], { stdio: ['ignore', 'pipe', 'ignore'] });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    while ((await stat(path)).size < blocks * 512) await sleep(20);
    // What is written besides, the header for one.
    await sleep(100);
    child.kill('SIGKILL');
    await closed;
    const bytes = await readFile(path);
    expect(bytes.length, 'the shell counts otherwise').toBe(blocks * 512);
    expect(bytes.length - WAV_HEADER_BYTES).toBeGreaterThanOrEqual(bytes.readUInt32LE(40));
  });
  await Promise.all(recordings);
});

test('kill -9 in the middle of a call: the recording can be played, whole but for its last seconds', async () => {
  const module = await bundle('test/media/fixtures/recorder-writer.ts');
  for (let run = 0; run < 2; run += 1) {
    const path = join(temporaryDirectory(), 'call.wav');
    const child = spawn(process.execPath, [module, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    await Promise.race([once(child.stdout, 'data'), closed]);
    await sleep(Math.random() * 100);
    child.kill('SIGKILL');
    await closed;
    const bytes = await readFile(path);
    const frames = bytes.readUInt32LE(40) / 4;
    expect(bytes.length - WAV_HEADER_BYTES).toBeGreaterThanOrEqual(frames * 4);
    expect(parseWav(bytes, path).samples.length).toBe(frames);
    expect(frames).toBeGreaterThan(8000);
    let heard = 0;
    for (let at = 0; at < frames; at += 1) {
      const left = bytes.readInt16LE(WAV_HEADER_BYTES + 4 * at);
      const right = bytes.readInt16LE(WAV_HEADER_BYTES + 4 * at + 2);
      const sample = (at % 20_000) + 1;
      // A disk that stalls for long costs a stretch of silence; nothing is ever in the wrong place.
      if (left !== 0 && left !== sample) throw new Error(`sample ${at} of ${frames}: ${left} instead of ${sample}`);
      if (right !== 0 && right !== sample) throw new Error(`sample ${at} of ${frames}: ${right} instead of ${sample}`);
      if (left === sample && right === sample) heard += 1;
    }
    expect(heard).toBeGreaterThan(frames / 2);
  }
});
