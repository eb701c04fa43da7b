import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { sampleRecord } from '../../support/sample-record.js';
import { createFakeIo } from '../fake-io.js';

function directoryWith(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'costs-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

async function costs(directory: string, ...args: readonly string[]) {
  const io = createFakeIo(directory);
  const code = await runCli(['costs', ...args], io);
  return { code, out: io.out(), err: io.err() };
}

async function json(directory: string, ...args: readonly string[]) {
  const { code, out } = await costs(directory, ...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(out) as {
    readonly [key: string]: unknown;
    readonly ways: readonly { readonly usdPerMonth: number }[];
  };
}

test('300 minutes in 100 calls are what is compared where nothing is said', async () => {
  const directory = directoryWith();
  expect(await json(directory)).toMatchObject({ ok: true, pricesOf: '2026-11-22', minutes: 300, calls: 100 });
  expect(await json(directory, '--calls', '10')).toMatchObject({ minutes: 30, calls: 10 });
  expect(await json(directory, '--minutes', '600')).toMatchObject({ minutes: 600, calls: 200 });
  expect(await json(directory, '--minutes', '600', '--calls', '50')).toMatchObject({ call: { seconds: 720 } });
});

test('the comparison of January 2026 as table, JSON and pictures', async () => {
  const directory = directoryWith();
  const args = ['--minutes', '300', '--calls', '100', '--prices', '2026-01'];
  const { code, out } = await costs(directory, ...args, '--svg', 'costs.svg', '--png', 'costs.png');
  expect(code).toBe(0);
  expect(out).toContain('93.90');
  expect(readFileSync(join(directory, 'costs.svg'), 'utf8')).toContain('at prices of 2026-01-15');
  expect(readFileSync(join(directory, 'costs.png')).subarray(1, 4).toString()).toBe('PNG');
  const { ways } = await json(directory, ...args);
  expect(ways[0]).toMatchObject({
    name: 'OpenAI Realtime',
    usd: { speech: 90, recogniser: null, line: 3.9 },
    notDearer: null,
  });
  expect(ways[6]).toMatchObject({
    usdPerMonth: 143.89,
    notDearer: [{ fromMinutes: expect.closeTo(469.06, 1), toMinutes: null }],
  });
});

test('real calls are priced by their usage, and compared by their minutes', async () => {
  const usage = [{ provider: 'deepgram', model: 'nova-2', unit: 'audio-ms', quantity: 60_000 }];
  const record = sampleRecord({ durationMs: 60_000, usage, costUsd: 0.01, flavor: 'deepgram' });
  const content = `${JSON.stringify(record)}\n`.repeat(30);
  const directory = directoryWith({ 'a.jsonl': content, 'b.jsonl': `${content}torn` });
  const args = ['--prices', '2026-01', '--from-cdr', 'a.jsonl', 'b.jsonl'];
  expect(await json(directory, ...args)).toMatchObject({
    records: { calls: 60, minutes: 60, usd: 0.258, flavors: [{ flavor: 'deepgram', recordedUsd: 0.6 }] },
    recordsRead: 60,
    badLines: 1,
    firstBadLines: [{ file: 'b.jsonl', line: 31, problem: 'no JSON' }],
    minutes: 60,
    calls: 60,
    call: { seconds: 60, agentSeconds: 1.84 },
  });
  const { out, err } = await costs(directory, ...args);
  expect(out).toContain('60 answered calls, 60.0 minutes, 2026-01-01 to 2026-01-01.');
  expect(err).toBe('1 line is left out:\n  b.jsonl:31: no JSON\n');
  // A week's calls are those of a month four times and a bit.
  const week = await json(directory, ...args, '--days', '7');
  expect(week['minutes']).toBeCloseTo((60 * 365.25) / 12 / 7, 3);
});

const own = `
date: 2026-02-01
prices: [{ provider: us, model: talk, usdPerMinute: 1 }]
ways: [{ name: ours, realtime: { provider: us, model: talk } }]
`;

test('prices of a file of the operator’s', async () => {
  const directory = directoryWith({ 'own.yaml': own });
  expect(await json(directory, '--prices', 'own.yaml')).toMatchObject({ ways: [{ name: 'ours', usdPerMonth: 300 }] });
});

test.each([
  ['prices: [', 'own.yaml is no YAML'],
  [own.replace('date: 2026-02-01', 'date: soon'), 'date'],
  [own.replace('talk, usdPerMinute', 'talk, usdPerMoon'), 'usdPerMoon'],
  [own.replace('realtime:', 'machine:'), 'billed'],
  ['date: 2026-02-01\nprices: []\n', 'own.yaml has no ways to compare'],
])('mistakes in such a file are named: %j', async (content, part) => {
  const { code, out, err } = await costs(directoryWith({ 'own.yaml': content }), '--prices', 'own.yaml');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(part);
  expect(err).toContain('ERR_CONFIG_INVALID');
});

test.each([
  [['--prices', '2025-01'], 1, '2025-01: there is no such file; the sets of this package are today and 2026-01 (ERR_'],
  [['--png', 'nowhere/x.png'], 1, 'nowhere/x.png cannot be written: there is no such directory'],
  [['--svg', '.'], 1, 'cannot be written: it is a directory'],
  [['--prices', '/dev/zero'], 1, 'it is no file'],
  [
    ['--from-cdr', 'nothing.jsonl'],
    1,
    'nothing.jsonl: there is no such file (ERR_RECORD_READ)\nName the file of `cdr.path`',
  ],
  [['--from-cdr', 'empty.jsonl'], 1, 'the records tell of no answered call'],
  [['--minutes', '0'], 2, 'expected a number above 0'],
  [['--minutes', 'many'], 2, 'expected a number above 0'],
  [['--minutes', '1e308'], 2, 'up to 1000000000'],
  [['--hours', '745'], 2, 'up to 744'],
  [['--llm', 'claude'], 2, 'expected provider/model'],
  [['--from-cdr', 'empty.jsonl', '--minutes', '3'], 2, 'cannot be used with'],
  [['--days', '3'], 2, 'goes with --from-cdr'],
  [['--from-cdr', 'other.txt'], 1, 'other.txt:1: no JSON'],
])('%j ends with code %d', async (args, expected, part) => {
  const { code, err } = await costs(directoryWith({ 'empty.jsonl': '', 'other.txt': 'no record\n' }), ...args);
  expect(code).toBe(expected);
  expect(err).toContain(part);
});
