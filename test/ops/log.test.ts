import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { ConnectorError } from '../../src/base/connector-error.js';
import { createLog, type LogLevel } from '../../src/ops/log.js';
import { logFieldDefaults } from '../../src/ops/log-fields.js';
import { CanaryCage } from '../support/canary.js';
import { FakeClock } from '../support/fake-clock.js';

const SECRET = 'hunter2-hunter2';
const redact = (text: string): string => text.replaceAll(SECRET, '[redacted]');

function bench(level: LogLevel = 'debug') {
  const cage = new CanaryCage();
  const log = createLog({ stream: cage.stream('log'), level, redact }, { clock: new FakeClock() });
  const lines = (): Record<string, unknown>[] =>
    cage.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { cage, log, lines };
}

test('away from a terminal each line is one JSON object with level, time, fields and message', () => {
  const { log, lines } = bench();
  log.info({ port: 5060 }, 'listening');
  log.child({ call: 'call-1' }).warn({ code: 'ERR_SPEECH' }, 'no voice');
  expect(lines()).toEqual([
    { level: 'info', time: '2026-01-01T00:00:00.000Z', port: 5060, msg: 'listening' },
    { level: 'warn', time: '2026-01-01T00:00:00.000Z', call: 'call-1', code: 'ERR_SPEECH', msg: 'no voice' },
  ]);
});

test('a reader who stands still costs 8 MB and the lines after them, which are counted once he reads on', () => {
  const read: (() => void)[] = [];
  const lines: { readonly msg: string; readonly lines?: number }[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()));
      read.push(done);
    },
  });
  // What was left out may be errors, so it is told at this level too.
  const log = createLog({ stream, level: 'error', redact }, { clock: new FakeClock() });
  const child = log.child({ call: 'a' });
  const text = 'x'.repeat(100_000);
  for (let line = 0; line < 120; line += 1) child.error({}, text);
  expect(stream.writableLength).toBeLessThan(9 * 1024 * 1024);
  const before = stream.writableLength;
  log.error({}, 'not written either');
  expect(stream.writableLength).toBe(before);
  while (read.length > 0) read.shift()?.();
  log.error({}, 'read again');
  while (read.length > 0) read.shift()?.();
  const written = lines.filter(({ msg }) => msg === text).length;
  expect(written).toBeGreaterThan(80);
  expect(lines.slice(written)).toMatchObject([{ level: 'error', lines: 121 - written }, { msg: 'read again' }]);
});

test('lines below the level are not written, in children neither', () => {
  const { log, lines } = bench('warn');
  log.info({}, 'no');
  log.child({ call: 'a' }).debug({}, 'no');
  log.error({}, 'yes');
  expect(lines().map(({ msg }) => msg)).toEqual(['yes']);
});

test('secrets are taken out of messages, fields at any depth, errors with their stacks and causes, and children', () => {
  const { cage, log } = bench();
  const cause = new Error(`401 for key ${SECRET}`);
  const error = new ConnectorError('ERR_SPEECH', `token ${SECRET} refused`, { cause });
  log.error(
    { error, list: [{ deep: { url: `https://x/?k=${SECRET}` } }], url: new URL(`https://x/${SECRET}`) },
    SECRET,
  );
  log.info({ map: new Map([['key', SECRET]]), set: new Set([SECRET]) }, 'collections');
  log.child({ call: SECRET }).debug({}, 'child');
  cage.expectAbsent(SECRET);
  expect(cage.text).toContain('ERR_SPEECH');
  expect(cage.text).toContain('log.test.ts');
});

test('a secret that a long text is cut in has no half left', () => {
  const { cage, log } = bench();
  const before = 'x'.repeat(logFieldDefaults.maxCharacters - SECRET.length + 3);
  log.info({ text: before + SECRET }, 'long');
  cage.expectAbsent(SECRET.slice(0, 8));
});

test('bytes are never written, only counted', () => {
  const { log, lines } = bench();
  log.debug({ frame: new Uint8Array(160), packet: Buffer.from('4711#'), raw: new ArrayBuffer(8) }, 'audio');
  expect(lines()[0]).toMatchObject({ frame: '[160 bytes]', packet: '[5 bytes]', raw: '[8 bytes]' });
});

test('nothing in the fields can make logging throw or run wild', () => {
  const { log, lines } = bench();
  const circle: Record<string, unknown> = { big: 2n ** 70n, call: () => SECRET, tag: Symbol(SECRET) };
  circle['self'] = circle;
  const trap = {
    get value(): string {
      throw new Error('trap');
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  log.info({ circle, trap, proxy: revoked.proxy, date: new Date(Number.NaN), nothing: undefined }, 'odd');
  log.info({ long: 'x'.repeat(1_000_000), many: Array.from({ length: 1_000_000 }, () => 0) }, 'large');
  const deep: Record<string, unknown> = {};
  let at = deep;
  for (let level = 0; level < 10_000; level += 1) {
    at['in'] = {};
    at = at['in'] as Record<string, unknown>;
  }
  log.info(deep, 'deep');
  const [odd, large, deepLine] = lines();
  expect(odd).toMatchObject({
    circle: { big: '1180591620717411303424', call: '[function]', tag: '[symbol]', self: '[circular]' },
    trap: '[unreadable]',
    proxy: '[unreadable]',
    date: null,
  });
  expect(JSON.stringify(large).length).toBeLessThan(logFieldDefaults.maxCharacters + 1000);
  expect(JSON.stringify(deepLine)).toContain('[too deep]');
});

test('a field cannot break out of its line', () => {
  const { log, lines } = bench();
  log.info({ user: 'a\n{"level":"error","msg":"forged"}\u2028\u0000' }, 'hostile');
  expect(lines()).toHaveLength(1);
});

test('on a terminal a line is for people, and secrets are out of it too', async () => {
  const cage = new CanaryCage();
  const sink = cage.stream('terminal');
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  terminal.pipe(sink);
  const log = createLog({ stream: terminal, level: 'info', redact }, { clock: new FakeClock() });
  log.child({ call: 'call-1' }).info({ key: SECRET, port: 5060 }, 'ready');
  await expect.poll(() => cage.text).toContain('ready');
  expect(cage.text).toContain('INFO');
  expect(cage.text).toContain('call-1');
  expect(() => JSON.parse(cage.text)).toThrow();
  cage.expectAbsent(SECRET);
});

test('what strangers say moves no cursor of a terminal, in stacks neither', async () => {
  const cage = new CanaryCage();
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  terminal.pipe(cage.stream('terminal'));
  const log = createLog({ stream: terminal, level: 'info', redact }, { clock: new FakeClock() });
  const words = 'gone \u001b]0;title\u0007 \u009b2J \r away';
  log.warn({ reason: words, error: new Error(words) }, words);
  log.warn({}, 'the end');
  await expect.poll(() => cage.text).toContain('the end');
  expect(cage.text).toContain('gone');
  // Colours, which are ours, begin with the first of them.
  for (const control of ['\u001b]', '\u0007', '\u009b', '\r']) expect(cage.text).not.toContain(control);
});

test('JSON asked for on a terminal is handed to it line by line: a crash loses none', () => {
  const lines: unknown[] = [];
  // Says of no line that it has been written, and takes the next all the same.
  const write = (chunk: string): boolean => lines.push(JSON.parse(chunk)) > 0;
  const terminal = Object.assign(new PassThrough(), { isTTY: true, write });
  const log = createLog({ stream: terminal, level: 'info', redact, json: true }, { clock: new FakeClock() });
  for (const message of ['one', 'two']) log.error({}, message);
  expect(lines).toMatchObject([{ msg: 'one' }, { msg: 'two' }]);
});

test('the cage finds a canary however it is spelled, also across two writes', () => {
  const canary = '8675309-24601';
  const bytes = Buffer.from(`xy${canary}z`);
  for (const text of [
    `digits ${canary} pressed`,
    canary.split('').reverse().join(''),
    bytes.toString('base64'),
    Buffer.from(`x${canary}`).toString('base64'),
    Buffer.from(canary).toString('base64'),
    bytes.toString('hex').toUpperCase(),
    `q=${encodeURIComponent(canary)}`,
  ]) {
    const cage = new CanaryCage();
    cage.collect('answer', text);
    expect(() => cage.expectAbsent(canary), text).toThrow();
  }
  const cage = new CanaryCage();
  const stream: Writable = cage.stream('log');
  stream.write('8675309');
  stream.write('-24601');
  expect(() => cage.expectAbsent(canary)).toThrow();
  cage.expectAbsent('something else');
});
