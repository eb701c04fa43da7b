import { expect, test } from 'vitest';
import { metricSamples } from '../../../src/reports/status/metric-samples.js';

test('names, labels with what is escaped in them, and values', () => {
  const text = [
    '# HELP calls_active Calls in progress.',
    '# TYPE calls_active gauge',
    'calls_active 3',
    'recent_seconds{flavor="a \\"b\\", \\\\c}\\n",quantile="0.5"} 0.64',
    'recent_seconds{flavor="silent",quantile="0.5"} NaN',
    '',
    'no sample at all',
  ].join('\n');
  expect(metricSamples(text)).toEqual([
    { name: 'calls_active', labels: new Map(), value: 3 },
    {
      name: 'recent_seconds',
      labels: new Map([
        ['flavor', 'a "b", \\c}\n'],
        ['quantile', '0.5'],
      ]),
      value: 0.64,
    },
    {
      name: 'recent_seconds',
      labels: new Map([
        ['flavor', 'silent'],
        ['quantile', '0.5'],
      ]),
      value: Number.NaN,
    },
  ]);
});
