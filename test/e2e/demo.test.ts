import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoResult, runDemo } from '../../src/demo/demo.js';
import { echoScenario } from '../../src/demo/scenarios/echo.js';

let directory = '';
let result: DemoResult;
const lines: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'demo-test-'));
  const tell = (line: string): void => void lines.push(line);
  result = await runDemo({ scenario: echoScenario, directory: 'out', cwd: directory, env: {}, tell });
}, 90_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('the demo call is answered, talked in, interrupted, and ended by the caller', () => {
  expect(result.ok).toBe(true);
  expect(result.record).toMatchObject({ endedBy: 'caller', cause: { text: 'normal' }, dtmf: '4271950' });
  expect(result.record.turns.filter((turn) => turn.v2vMs !== undefined).length).toBeGreaterThanOrEqual(2);
  expect(result.record.bargeIns).toMatchObject([{ resumed: false }]);
});

test('what the caller heard of the interrupted sentence is a beginning of it, cut at a word', () => {
  const cutOff = result.record.turns.find((turn) => turn.interrupted);
  const whole = 'You pressed four, two, seven, one, nine, five, zero.';
  expect(cutOff?.heardText).not.toBe('');
  expect(whole.startsWith(cutOff?.heardText ?? '?')).toBe(true);
  expect(whole.length).toBeGreaterThan(cutOff?.heardText?.length ?? whole.length);
  expect(whole[cutOff?.heardText?.length ?? 0]).toBe(' ');
});

test('the recording agrees with the record about when the agent fell silent', async () => {
  const cutOff = result.record.turns.find((turn) => turn.interrupted);
  if (!cutOff) throw new Error('nothing was interrupted');
  const wav = await readFile(join(directory, 'out', 'call.wav'));
  const level = (fromMs: number, toMs: number): number => {
    let loudest = 0;
    for (let ms = fromMs; ms < toMs; ms += 1 / 8) {
      loudest = Math.max(loudest, Math.abs(wav.readInt16LE(44 + Math.round(ms * 8) * 4 + 2)));
    }
    return loudest;
  };
  // Beside other tests the machine stalls: by so much may packets of ours have been late.
  const stalledMs = Math.min(Math.max(0, (result.record.rtp?.out.maxGapMs ?? 20) - 20), 400);
  // Audible somewhere in the last words before the cut, and silent for the next half second, to one packet.
  expect(level(cutOff.endedMs - 500, cutOff.endedMs)).toBeGreaterThan(500);
  expect(level(cutOff.endedMs + stalledMs + 25, cutOff.endedMs + 500)).toBeLessThan(100);
  // What was heard is as long as the recording of it.
  expect(Math.abs(cutOff.endedMs - cutOff.startedMs - cutOff.heardMs)).toBeLessThan(60 + stalledMs);
});

test('it leaves its files, and says where', async () => {
  for (const file of ['call.wav', 'call.json', 'timeline.svg', 'timeline.png']) {
    expect((await stat(join(directory, 'out', file))).size).toBeGreaterThan(1000);
    expect(lines.join('\n')).toContain(file);
  }
  const png = await readFile(join(directory, 'out', 'timeline.png'));
  expect(png.subarray(1, 4).toString()).toBe('PNG');
});
