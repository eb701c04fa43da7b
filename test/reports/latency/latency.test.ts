import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bandOf } from '../../../src/reports/latency/bands.js';
import { Histogram, MAX_MS } from '../../../src/reports/latency/histogram.js';
import { drawLatency } from '../../../src/reports/latency/latency-picture.js';
import { LatencyReport } from '../../../src/reports/latency/latency-report.js';
import { latencyJson, latencyTable } from '../../../src/reports/latency/latency-text.js';
import { turnShares } from '../../../src/reports/latency/turn-shares.js';
import type { ReportedCall } from '../../../src/reports/record-source.js';
import { textsOf } from '../../support/svg-texts.js';

type Turn = ReportedCall['turns'][number];

function call(flavor: string, ...turns: readonly Partial<Turn>[]): ReportedCall {
  return {
    version: 1,
    flavor,
    startedAt: '2026-05-31T10:00:00.000Z',
    answeredAt: '2026-05-31T10:00:01.000Z',
    durationMs: 60_000,
    turns: turns.map((turn) => ({ stages: {}, heardMs: 1_000, ...turn })),
    usage: [],
    costUsd: null,
  };
}

function reportOf(...calls: readonly ReportedCall[]): LatencyReport {
  const report = new LatencyReport();
  for (const each of calls) report.add(each);
  return report;
}

test.each([
  [0, 'natural'],
  [499.9, 'natural'],
  [500, 'acceptable'],
  [1_000, 'acceptable'],
  [1_000.1, 'broken'],
])('%d ms are felt as %s', (ms, band) => {
  expect(bandOf(ms)).toBe(band);
});

test('what lies between two moments belongs to the later one, and the rest to the connector', () => {
  const stages = { endOfTurnMs: 300, transcriptMs: 310, firstTokenMs: 500, firstAudioMs: 650 };
  expect(turnShares({ v2vMs: 700, stages })).toEqual({
    endOfTurn: 300,
    transcript: 10,
    firstToken: 190,
    firstAudio: 150,
    connector: 50,
  });
});

test('a stage that was not reported counts in the next one', () => {
  expect(turnShares({ v2vMs: 700, stages: { endOfTurnMs: 300, firstAudioMs: 650 } })).toMatchObject({
    transcript: 0,
    firstToken: 0,
    firstAudio: 350,
    connector: 50,
  });
  expect(turnShares({ v2vMs: 700, stages: {} })).toMatchObject({ endOfTurn: 0, connector: 700 });
});

test('a stage that was over before the one before it took no time', () => {
  const stages = { endOfTurnMs: 300, transcriptMs: 120, firstTokenMs: 200, firstAudioMs: 350 };
  expect(turnShares({ v2vMs: 400, stages })).toMatchObject({
    endOfTurn: 300,
    transcript: 0,
    firstToken: 0,
    firstAudio: 50,
  });
});

test('speech that answers nothing has no latency', () => {
  expect(turnShares({ stages: { firstAudioMs: 10 } })).toBeUndefined();
  const report = reportOf(call('a', { heardMs: 500 }, { v2vMs: 400 }));
  expect([report.answers, report.unanswering]).toEqual([1, 1]);
});

test('the parts of an answer are its latency, whatever was reported', () => {
  const ms = fc.double({ min: 0, max: 90_000, noNaN: true });
  const stages = fc.record(
    { endOfTurnMs: ms, transcriptMs: ms, firstTokenMs: ms, firstAudioMs: ms },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(ms, stages, (v2vMs, reported) => {
      const parts = Object.values(turnShares({ v2vMs, stages: reported }) ?? {});
      expect(parts.every((part) => part >= 0)).toBe(true);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(v2vMs, 6);
    }),
    { seed: 6, numRuns: 300 },
  );
});

test('quantiles are the nearest rank to the millisecond, also of what is very long', () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 100; ms++) histogram.add(ms * 10);
  expect([0.5, 0.95, 0.99, 1].map((share) => histogram.quantileMs(share))).toEqual([500, 950, 990, 1_000]);
  expect(histogram.meanMs).toBe(505);
  histogram.add(1e9);
  expect(histogram.quantileMs(1)).toBe(MAX_MS);
  expect(new Histogram().quantileMs(0.5)).toBeUndefined();
});

test('flavors and tiers are told apart, each with its bands', () => {
  const report = reportOf(
    call(
      'b',
      { v2vMs: 400, tiers: [{ tier: 'local' }] },
      { v2vMs: 600, tiers: [{ tier: 'overflow', left: 'ERR_FLAVOR_NETWORK' }, { tier: 'local' }] },
      { v2vMs: 1_200, tiers: [{ tier: 'overflow' }, { tier: 'local' }] },
    ),
    call('a', { v2vMs: 300, stages: { speculative: 'hit' } }, { v2vMs: 500, stages: { speculative: 'miss' } }),
  );
  expect(latencyJson(report).groups).toMatchObject([
    { flavor: 'a', tier: null, answers: 2, bands: { natural: 0.5, acceptable: 0.5, broken: 0 }, speculativeHits: 0.5 },
    { flavor: 'b', tier: 'local', answers: 2, meanMs: 500, p50Ms: 400, p95Ms: 600, speculativeHits: null },
    { flavor: 'b', tier: 'overflow', answers: 1, handedOver: 1, bands: { natural: 0, acceptable: 0, broken: 1 } },
  ]);
});

test('the table has a row for each, whose parts add up to the mean', () => {
  const stages = {
    endOfTurnMs: 300,
    transcriptMs: 310,
    firstTokenMs: 500,
    firstAudioMs: 650,
    speculative: 'hit',
  } as const;
  const table = latencyTable(reportOf(call('deepgram', { v2vMs: 700, stages }, { v2vMs: 900, stages })));
  expect(table).toMatch(/^deepgram +2 +700 +900 +900 +0 % +100 % +0 % +800 +300 +10 +190 +150 +150$/m);
  expect(table).toContain('deepgram: 100 % of answers begun ahead could be used');
});

test('a file full of names does not fill the memory', () => {
  const report = reportOf(...Array.from({ length: 500 }, (_, index) => call(`flavor-${index}`, { v2vMs: 500 })));
  expect([report.answers, report.groups.length]).toEqual([500, 51]);
  expect(report.groups.find(({ flavor }) => flavor === 'others')?.answers).toBe(450);
});

test('the picture shows each group, its percentiles and its bands, and the names of strangers as text', () => {
  const report = reportOf(
    call('<b>"&', { v2vMs: 400, stages: { firstAudioMs: 350 } }, { v2vMs: 2_600 }),
    call('chatterbox-custom', { v2vMs: 700, tiers: [{ tier: 'local' }] }),
  );
  const texts = textsOf(drawLatency(report));
  expect(texts).toContain('chatterbox-custom, local');
  expect(texts).toContain('&lt;b&gt;&quot;&amp;');
  expect(texts).toContain('p50 400 · p95 2,600 ms');
  expect(texts).toContain('natural');
  expect(texts.filter((text) => text === '50 %')).toHaveLength(2);
});

test('a picture of nothing, and of far too much, is a picture', () => {
  const many = Array.from({ length: 49 }, (_, index) => call(`f${index}`, { v2vMs: 1e9 }));
  for (const report of [reportOf(), reportOf(...many), reportOf(call('a', { v2vMs: 0 }))]) {
    const svg = drawLatency(report);
    expect(textsOf(svg).length).toBeGreaterThan(8);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('one answer is said as one', () => {
  const tiers = [{ tier: 'local' }, { tier: 'rented' }];
  const report = reportOf(call('a', { v2vMs: 700, tiers }));
  expect(latencyTable(report)).toMatch(/^Voice-to-voice latency of 1 answer, ms/);
  expect(latencyTable(report)).toMatch(/another tier went on with 1 answer$/m);
  expect(textsOf(drawLatency(report))).toContain('1 answer');
});
