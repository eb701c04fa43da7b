import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { openRecordLog } from '../../src/ops/record-log.js';
import { bundle } from '../support/bundle.js';
import { MemoryLog } from '../support/memory-log.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Runs the writer, kills it with SIGKILL after `lifeMs` of work, and returns what it said until then. */
async function runAndKill(module: string, path: string, run: number, lifeMs: number): Promise<string> {
  const child = spawn(process.execPath, [module, path, String(run)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    said += text;
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  await sleep(lifeMs);
  child.kill('SIGKILL');
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return said;
}

test('kill -9 at any moment: each answered call has exactly one record after the next start', async () => {
  const runs = Number(process.env['VOICE_CONNECTOR_KILLS'] ?? 8);
  const module = await bundle('test/ops/fixtures/record-writer.ts');
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const answered = new Set<string>();
  for (let run = 0; run < runs; run += 1) {
    const said = await runAndKill(module, path, run, Math.random() * 120);
    for (const line of said.split('\n')) if (line.startsWith('+')) answered.add(line.slice(1));
    // Every other time the machine was worse than the kernel: a record is cut in the middle.
    if (run % 2 === 1) await appendFile(path, '{"version":1,"id":"torn-');
  }
  const recordLog = await openRecordLog({ path }, { clock: createSystemClock(), log: new MemoryLog() });
  await recordLog.close();

  const lines = (await readFile(path, 'utf8')).split('\n');
  expect(lines.pop()).toBe('');
  const records = lines.map((line) => JSON.parse(line) as CallRecord);
  const times = new Map<string, number>();
  for (const { id } of records) times.set(id, (times.get(id) ?? 0) + 1);
  expect([...times].filter(([, count]) => count !== 1)).toEqual([]);
  expect([...answered].filter((id) => !times.has(id))).toEqual([]);
  expect(answered.size).toBeGreaterThan(runs * 8);
  expect(records.filter(({ recovered }) => recovered).length).toBeGreaterThan(0);
  expect(await readFile(`${path}.open`, 'utf8')).toBe('');
});
