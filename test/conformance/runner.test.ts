import { expect, test } from 'vitest';
import { runScenarios } from './runner.js';
import type { Scenario } from './scenario.js';
import type { Subject } from './subject.js';

const subject: Subject = {
  driver: 'embedded',
  sip: () => undefined,
  admin: async () => ({ status: 200, body: { calls: [] } }),
  records: () => [],
};

test('scenarios run first, the longest, the others, alone, last', async () => {
  const order: string[] = [];
  const scenario = (title: string, parts: Partial<Scenario>): Scenario => ({
    row: 1,
    title,
    rfc: '',
    run: async () => {
      order.push(title);
    },
    ...parts,
  });
  const runs = runScenarios(subject, {
    scenarios: [
      scenario('last', { turn: 'last' }),
      scenario('alone', { turn: 'alone' }),
      scenario('short', {}),
      scenario('long', { seconds: 90 }),
      scenario('first', { turn: 'first', seconds: 25 }),
    ],
    transports: ['udp'],
    beside: 1,
    partner: async () => undefined,
    partnerOver: [],
    maxSeconds: 600,
  });

  await Promise.all(runs.map(({ verdict }) => verdict));

  expect(order).toEqual(['first', 'long', 'short', 'alone', 'last']);
});
