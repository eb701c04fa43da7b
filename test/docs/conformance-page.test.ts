import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Transport } from '../conformance/peer/sip-socket.js';
import type { DriverName, Scenario } from '../conformance/scenario.js';
import { scenarios } from '../conformance/scenarios/index.js';

const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
const all: readonly Transport[] = ['udp', 'tcp', 'tls', 'ws'];

/** Transports over which a scenario makes sense; a browser is neither called nor registered with. */
function transportsOf({ over = all, partner = false }: Scenario): readonly Transport[] {
  return all.filter((transport) => over.includes(transport) && !(partner && transport === 'ws'));
}

/** What the table says of a driver that was tried over `tried`. */
function mark(scenario: Scenario, driver: DriverName, tried: readonly Transport[]): string {
  const excepted = scenario.except?.[driver];
  const over = transportsOf(scenario).filter((transport) => tried.includes(transport));
  const kept = over.filter((transport) => (typeof excepted === 'string' ? false : excepted?.[transport] === undefined));
  if (kept.length === over.length) return 'yes';
  return kept.length === 0 ? 'no' : `over ${kept.join(', ')} only`;
}

function row(scenario: Scenario): string {
  const over = transportsOf(scenario);
  const drachtio = mark(scenario, 'drachtio', scenario.partner ? ['udp', 'tcp'] : ['udp', 'tcp', 'tls']);
  const cells = [
    scenario.row,
    scenario.title,
    scenario.rfc,
    over.length === all.length ? 'all' : over.join(', '),
    drachtio,
    mark(scenario, 'opensips', ['udp', 'tcp']),
  ];
  return `| ${cells.join(' | ')} |`;
}

test('docs/conformance.md has each behaviour of the suite, and which of them the servers of other drivers do not allow', () => {
  const written = [...page.matchAll(/^\| \d+ \| .* \| .* \| .* \| .* \| .* \|$/gm)].map(([line]) => line);
  expect(written).toEqual(scenarios.map(row));
});
