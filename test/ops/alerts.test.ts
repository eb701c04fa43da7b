import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { causeTexts } from '../../src/ops/call-record.js';
import type { MetricDescription } from '../../src/ops/metric-factory.js';
import { createMetrics, type MetricsSources } from '../../src/ops/metrics.js';

const rule = z.strictObject({
  alert: z.string().regex(/^VoiceConnector[A-Z]\w+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string() }),
});

const { rules } = z
  .strictObject({ groups: z.tuple([z.strictObject({ name: z.string(), rules: z.array(rule) })]) })
  .parse(parse(readFileSync(new URL('../../docs/monitoring/alerts.yaml', import.meta.url), 'utf8'))).groups[0];

/** Values of labels that come from a set which is known; the expressions take one of these, or several by `=~`. */
const knownValues: Readonly<Record<string, readonly string[]>> = {
  cause: causeTexts,
  state: ['closed', 'open', 'half-open', 'resting', 'free', 'failed'],
  result: ['ok', 'failed', 'refused'],
  direction: ['in', 'out'],
  quantile: ['0.5', '0.99', '1'],
};

/** Only to be described. */
const sources = {} as MetricsSources;
const metrics = new Map(
  createMetrics({ flavors: [] }, sources).descriptions.map((description) => [description.name, description]),
);

function metricOf(series: string): MetricDescription | undefined {
  const found = metrics.get(series);
  if (found !== undefined) return found;
  const whole = metrics.get(series.replace(/_(bucket|sum|count)$/, ''));
  return whole?.type === 'histogram' ? whole : undefined;
}

test.each(rules)('$alert asks for series that there are, with their labels', ({ expr }) => {
  const asked = [...expr.matchAll(/(voice_connector_\w+)(?:\{(.*?)\})?/g)];
  for (const [, series = '', matchers = ''] of asked) {
    const metric = metricOf(series);
    expect(metric, series).toBeDefined();
    for (const [, label = '', values = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"(.*?)"/g)) {
      expect([...(metric?.labels ?? []), 'quantile'], `labels of ${series}`).toContain(label);
      expect(knownValues[label], `values of ${label}`).toEqual(expect.arrayContaining(values.split('|')));
    }
  }
  const grouped = [...expr.matchAll(/\bby \((.*?)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
  const known = asked.flatMap(([, series = '']) => metricOf(series)?.labels ?? []);
  for (const label of grouped) expect(['instance', 'le', ...known]).toContain(label);
  expect(asked.length > 0 || expr.startsWith('up{')).toBe(true);
});

test.each(rules)('$alert shows only labels that its result has', ({ expr, annotations }) => {
  const shown = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)];
  for (const [, label = ''] of shown) {
    const grouped = [...expr.matchAll(/\bby \((.*?)\)/g)].map(([, labels = '']) => labels.split(/,\s*/));
    for (const labels of grouped) expect(labels).toContain(label);
  }
});

test('no two alerts have one name', () => {
  const names = rules.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
});
