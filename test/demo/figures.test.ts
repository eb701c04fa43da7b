import { expect, test } from 'vitest';
import type { DemoAccount } from '../../src/demo/demo-account.js';
import {
  bargeInFigures,
  inMs,
  latencyFigures,
  lineFigures,
  median,
  setupFigure,
  wavFigures,
} from '../../src/demo/figures.js';
import { realtimeFigures } from '../../src/demo/scenarios/realtime-figures.js';
import { fullRecord } from '../support/sample-record.js';
import { eventAt, sampleAccount } from './sample-account.js';

const all = (account: DemoAccount) =>
  new Map([setupFigure, latencyFigures, bargeInFigures, lineFigures].flatMap((of) => asRows(of(account))));

function asRows(rows: ReturnType<typeof setupFigure> | ReturnType<typeof latencyFigures>) {
  return (typeof rows[0] === 'string' ? [rows] : rows) as ReturnType<typeof latencyFigures>;
}

test('the figures are those of the record', () => {
  const figures = all(sampleAccount(fullRecord));
  expect(figures.get('INVITE to 200')).toBe('12 ms');
  expect(figures.get('Voice to voice, each turn')).toBe('640 ms');
  expect(figures.get('Barge-in: decision to silence on the wire')).toBe('14 ms');
  expect(figures.get('Heard of the interrupted sentence')).toBe('1840 ms');
  expect(figures.get('Duration')).toBe('9.5 s');
});

test('what was not measured is a dash', () => {
  const nothing = sampleAccount({ turns: [], bargeIns: [], rtp: null, tools: [], usage: [] });
  const rows = [...all(nothing), ...realtimeFigures(nothing, undefined)];
  expect(rows.filter(([, value]) => /NaN|undefined|^ ms$|^$/.test(value))).toEqual([]);
  expect(new Map(rows).get('Voice to voice, each turn')).toBe('–');
  expect([inMs(undefined), median([])]).toEqual(['–', undefined]);
});

test('the median of many is the one in the middle, or between the two', () => {
  expect([median([3000, 600, 700]), median([4, 1, 3, 2]), median([5])]).toEqual([700, 2.5, 5]);
});

/** A sentence of which 2000 ms were heard, held for 500 ms in the middle, cut at 3500 ms. */
function cutOff(agent: Int16Array): DemoAccount {
  const figures = { onsetToPauseMs: 100, decisionToSilenceMs: 5 };
  const record = {
    turns: [{ stages: {}, interrupted: true, heardMs: 2000, startedMs: 1000, endedMs: 3500 }],
    bargeIns: [
      { ...figures, onsetMs: 1900, resumed: true },
      { ...figures, onsetMs: 3400, resumed: false },
    ],
  };
  const events = [
    eventAt(2500, { type: 'barge-in', ...figures, resumed: true }),
    eventAt(3600, { type: 'barge-in', ...figures, resumed: false }),
  ];
  return { ...sampleAccount(record, events), samples: { caller: agent, agent } };
}

test('the recording is held against what the record says was heard, pauses apart', () => {
  const agent = new Int16Array(40_000);
  agent[3490 * 8] = 9000;
  expect(wavFigures(cutOff(agent))).toEqual([['Interrupted sentence: end in call.wav against the record', '-10 ms']]);
  expect(wavFigures(cutOff(new Int16Array(40_000)))).toEqual([]);
});

test('a call with a model has rows for greeting, pause, tools, tokens, and what the model was told', () => {
  const account = cutOff(new Int16Array(40_000));
  const record = {
    ...account.record,
    durationMs: 3700,
    tools: [
      { name: 'find_slots', ms: 1502, ok: true },
      { name: 'send_dtmf', ms: 3, ok: false },
    ],
    usage: [
      { provider: 'openai', model: 'm', unit: 'input-tokens', quantity: 100 },
      { provider: 'openai', model: 'm', unit: 'audio-input-tokens', quantity: 20 },
      { provider: 'openai', model: 'm', unit: 'audio-output-tokens', quantity: 7 },
    ],
  };
  const figures = new Map(realtimeFigures({ ...account, record }, { cuts: [{ audioEndMs: 2010, audioMs: 9000 }] }));
  expect(figures.get('ACK to the greeting’s first packet')).toBe('998 ms');
  expect(figures.get('“Mm-hm”: its first sound to the agent’s pause')).toBe('100 ms');
  expect(figures.get('“Mm-hm”: pause until the agent goes on')).toBe('500 ms');
  expect(figures.get('   and what the model was told (audio_end_ms)')).toBe('2010 ms');
  expect(figures.get('Tools')).toBe('find_slots 1502 ms · send_dtmf 3 ms failed');
  expect(figures.get('Goodbye: its last word to the BYE')).toBe('200 ms');
  expect(figures.get('Tokens: in, in from the cache, out')).toBe('120, 0, 7');
});
