import type { Transport } from './peer/sip-socket.js';
import type { DriverName, Scenario, Verdict } from './scenario.js';

/** One scenario over one transport, run. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly transport: Transport;
  readonly verdict: Verdict;
}

const marks: Readonly<Record<Verdict['result'], string>> = {
  pass: 'yes',
  fail: '**no**',
  excepted: 'by design',
  'left-out': '–',
};

/** The outcomes as a Markdown table, behaviour by transport, and below it what is not as it should be, or not tried. */
export function table(driver: DriverName, transports: readonly Transport[], outcomes: readonly Outcome[]): string {
  const scenarios = [...new Set(outcomes.map(({ scenario }) => scenario))];
  const verdict = (scenario: Scenario, transport: Transport): Verdict | undefined =>
    outcomes.find((outcome) => outcome.scenario === scenario && outcome.transport === transport)?.verdict;
  const rows = scenarios.map((scenario) => {
    const cells = transports.map((transport) => marks[verdict(scenario, transport)?.result ?? 'left-out']);
    return `| ${[scenario.row, scenario.title, scenario.rfc, ...cells].join(' | ')} |`;
  });
  const notes = scenarios.flatMap((scenario) => notesOf(scenario, outcomes));
  return [
    `| row | behaviour | asked for by | ${transports.map((transport) => `${driver}, ${transport}`).join(' | ')} |`,
    `|---|---|---|${transports.map(() => '---|').join('')}`,
    ...rows,
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n');
}

function notesOf(scenario: Scenario, outcomes: readonly Outcome[]): readonly string[] {
  const own = outcomes.filter((outcome) => outcome.scenario === scenario);
  const notes = new Map<string, Transport[]>();
  for (const { verdict, transport } of own) {
    if (verdict.result !== 'fail' && verdict.result !== 'excepted') continue;
    const note = `${verdict.result === 'fail' ? 'FAILED' : 'by design'}: ${verdict.seen}`;
    notes.set(note, [...(notes.get(note) ?? []), transport]);
  }
  return [...notes].map(([note, over]) => `* Row ${scenario.row}, *${scenario.title}* (${over.join(', ')}): ${note}`);
}

/** One line: how many passed, failed, were excepted, were left out. */
export function summary(outcomes: readonly Outcome[]): string {
  const count = (result: Verdict['result']): number =>
    outcomes.filter(({ verdict }) => verdict.result === result).length;
  return `${count('pass')} passed, ${count('fail')} failed, ${count('excepted')} excepted by design, ${count('left-out')} left out`;
}
