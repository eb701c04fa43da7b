import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { jsonLines, MAX_LINE_BYTES } from '../../src/reports/json-lines.js';
import { RecordSource } from '../../src/reports/record-source.js';
import { fullRecord, sampleRecord } from '../support/sample-record.js';

const { signal } = new AbortController();
const line = (value: unknown) => `${JSON.stringify(value)}\n`;

function fileOf(
  content: string | Uint8Array,
  name = 'cdr.jsonl',
): { readonly directory: string; readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'cdr-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, content);
  return { directory, path };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function read(content: string | Uint8Array) {
  const { directory } = fileOf(content);
  const source = new RecordSource(['cdr.jsonl'], directory);
  const records = await all(source.records(signal));
  return { records, source };
}

test('records of every shape that the connector writes are read, from plain and gzipped files', async () => {
  const text =
    line(fullRecord) + line(sampleRecord({ answeredAt: null, durationMs: 0, turns: [], rtp: null, costUsd: null }));
  for (const content of [text, gzipSync(text)]) {
    const { records, source } = await read(content);
    expect(source.bad).toEqual([]);
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({ flavor: 'echo', durationMs: 9_500, costUsd: 0.012 });
    expect(records[0]?.turns[0]).toMatchObject({ v2vMs: 640, heardMs: 1_840 });
  }
});

test('what can be opened and not read from its start is named', async () => {
  const { directory } = fileOf('');
  await expect(all(new RecordSource(['.'], directory).records(signal))).rejects.toMatchObject({
    code: 'ERR_RECORD_READ',
    message: expect.stringContaining(directory),
  });
});

const good = sampleRecord();
const bad: readonly (readonly [content: string, problem: string])[] = [
  ['{"version": 1, "from": "+4420718', 'no JSON'],
  ['\u0000\u0000\u0000', 'no JSON'],
  ['null', 'no record of a call: Invalid input: expected object, received null'],
  ['[]', 'no record of a call: Invalid input: expected object, received array'],
  [line({ ...good, version: 2 }), 'no record of a call: version: out of range, or of another kind'],
  [line({ ...good, durationMs: -1 }), 'no record of a call: durationMs: out of range, or of another kind'],
  [
    line({ ...good, turns: [{ stages: {}, heardMs: '+442071838750' }] }),
    'no record of a call: turns.0.heardMs: Invalid input: expected number, received string',
  ],
  [line({ ...good, startedAt: 'yesterday' }), 'no record of a call: startedAt: out of range, or of another kind'],
  [
    line({ ...good, usage: [{ provider: 'p', model: 'm', unit: 'u', quantity: null }] }),
    'no record of a call: usage.0.quantity: Invalid input: expected number, received null',
  ],
  [`{"turns":${'['.repeat(5_000)}`, 'no JSON'],
];

test.each(bad)(
  'a line that is no record is named and left out, without what it holds: %#',
  async (content, problem) => {
    const { records, source } = await read(`${line(good)}${content.trimEnd()}\n${line(good)}`);
    expect(records).toHaveLength(2);
    expect(source.bad).toEqual([{ file: 'cdr.jsonl', line: 2, problem }]);
  },
);

test('of many bad lines the first twenty are named and all are counted', async () => {
  const { records, source } = await read(`${'x\n'.repeat(1_000)}${line(good)}`);
  expect([records.length, source.bad.length, source.badCount]).toEqual([1, 20, 1_000]);
});

test('a line longer than any record is passed over', async () => {
  const { records, source } = await read(`${line(good)}"${'x'.repeat(MAX_LINE_BYTES)}"\n${line(good)}`);
  expect(records).toHaveLength(2);
  expect(source.bad).toEqual([{ file: 'cdr.jsonl', line: 2, problem: `longer than ${MAX_LINE_BYTES} bytes` }]);
});

test('empty lines, a missing last newline, CRLF and words of several bytes across blocks are fine', async () => {
  const far = sampleRecord({ flavor: `${'é'.repeat(200)}😀` });
  const filler = line(sampleRecord({ from: 'x'.repeat(777) }));
  const many = Array.from({ length: 300 }, (_, index) => (index % 7 === 0 ? line(far) : filler)).join('\r\n\n');
  const { records, source } = await read(many.trimEnd());
  expect(source.bad).toEqual([]);
  expect(records).toHaveLength(300);
  expect(records.filter(({ flavor }) => flavor === far.flavor)).toHaveLength(43);
});

test('a gzipped file that breaks off gives what it holds, and says that it broke off', async () => {
  const text = Array.from({ length: 2_000 }, (_, index) => line(sampleRecord({ id: `call-${index * 7919}` }))).join('');
  const zipped = gzipSync(text);
  const { records, source } = await read(zipped.subarray(0, Math.floor(zipped.length * 0.6)));
  expect(records.length).toBeGreaterThan(500);
  expect(source.bad).toHaveLength(1);
  expect(source.bad[0]?.problem).toContain('the file cannot be read further');
});

test('a file that is not there ends the reading by its path', async () => {
  const { directory } = fileOf('');
  const source = new RecordSource(['nothing.jsonl'], directory);
  await expect(all(source.records(signal))).rejects.toThrow(/nothing\.jsonl: there is no such file$/);
});

test('reading ends at once when it is given up', async () => {
  const { path } = fileOf(line(good).repeat(1_000));
  const abort = new AbortController();
  const lines = jsonLines(path, abort.signal);
  await lines.next();
  abort.abort(new Error('enough'));
  await expect(all(lines)).rejects.toThrow('enough');
});
