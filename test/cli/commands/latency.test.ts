import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { fullRecord, sampleRecord } from '../../support/sample-record.js';
import { createFakeIo } from '../fake-io.js';

async function latency(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'latency-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  const io = createFakeIo(directory);
  const code = await runCli(['latency', ...args], io);
  return { directory, code, out: io.out(), err: io.err() };
}

const turns = [{ ...fullRecord.turns[0], tiers: [{ tier: 'laptop', reason: 'first' }] }];
const line = `${JSON.stringify({ ...fullRecord, turns })}\n`;

test('where the time of the answers went, as table and pictures', async () => {
  const args = ['--from-cdr', 'a.jsonl', 'b.jsonl', '--svg', 'latency.svg', '--png', 'latency.png'];
  const { directory, code, out, err } = await latency(
    { 'a.jsonl': line.repeat(3), 'b.jsonl': `${line}{"torn` },
    ...args,
  );
  expect([code, err]).toEqual([0, '1 line is left out:\n  b.jsonl:2: no JSON\n']);
  expect(out).toContain('latency of 4 answers');
  expect(out).toMatch(/^echo, laptop +4 +640 +640 +640 +0 % +100 % +0 % +640 +300 +10 +90 +160 +80$/m);
  expect(readFileSync(join(directory, 'latency.svg'), 'utf8')).toContain('What callers wait for');
  expect(readFileSync(join(directory, 'latency.png')).subarray(1, 4).toString()).toBe('PNG');
});

test('the same as one JSON object', async () => {
  const { code, out } = await latency({ 'a.jsonl': `x\n${line}` }, '--from-cdr', 'a.jsonl', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    ok: true,
    recordsRead: 1,
    badLines: 1,
    firstBadLines: [{ file: 'a.jsonl', line: 1, problem: 'no JSON' }],
    answers: 1,
    groups: [
      {
        flavor: 'echo',
        tier: 'laptop',
        meanMs: 640,
        meanShareMs: { firstToken: 90, connector: 80 },
        speculativeHits: 1,
      },
    ],
  });
});

test.each([
  [
    {},
    ['--from-cdr', 'nothing.jsonl'],
    1,
    'nothing.jsonl: there is no such file (ERR_RECORD_READ)\nName the file of `cdr.path`',
  ],
  [{ 'a.jsonl': 'x\n' }, ['--from-cdr', 'a.jsonl'], 1, 'a.jsonl:1: no JSON'],
  [{ 'a.jsonl': `${JSON.stringify(sampleRecord({ turns: [] }))}\n` }, ['--from-cdr', 'a.jsonl'], 1, 'no answer'],
  [{}, [], 2, "required option '--from-cdr"],
])('%j with %j ends with code %d', async (files, args, expected, part) => {
  const { code, out, err } = await latency(files, ...args);
  expect([code, out]).toEqual([expected, '']);
  expect(err).toContain(part);
});
