import { expect, test } from 'vitest';
import { renderSection } from './report.js';
import { runOf } from './run-fixture.js';

test('a section is a table of all targets, with ratios, memory, rejected runs and verdicts', () => {
  const text = renderSection({
    title: 'Echo',
    reference: 'c',
    runs: [
      runOf('c', 50, { cpu: 2 }),
      runOf('node', 50, { cpu: 5, rssMb: 100 }),
      runOf('c', 400, { cpu: 10 }),
      runOf('node', 400, { cpu: 30, rssMb: 135, rejections: ['steal 3.0 %'] }),
    ],
    findings: [
      { goal: 'ratio <= 3.5', measured: '2.50', ok: true },
      { goal: 'loss <= 0', measured: 'no run counts', ok: undefined },
    ],
    notes: ['A remark.'],
  });
  const cells = (line: string | undefined): readonly string[] => line?.split('|').map((cell) => cell.trim()) ?? [];
  const lines = text.split('\n');
  const node50 = cells(lines.find((line) => line.startsWith('| 50') && line.includes('node')));
  expect(node50).toEqual(expect.arrayContaining(['5.0 %', '0.100 %', '2.50', '1 of 1']));
  const node400 = cells(lines.find((line) => line.startsWith('| 400') && line.includes('node')));
  expect(node400).toEqual(expect.arrayContaining(['30.0 %', '0.075 %', '0 of 1']));
  expect(lines).toContain('Memory a call, node: 102 KB.');
  expect(lines).toContain('Rejected, node, 400 calls: steal 3.0 %.');
  expect(lines).toContain('A remark.');
  expect(cells(lines.find((line) => line.includes('ratio <=')))).toContain('yes');
  expect(cells(lines.find((line) => line.includes('loss <=')))).toContain('not known');
});
