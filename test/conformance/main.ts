import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { knownConfig } from './known-config.js';
import { type Transport, transports } from './peer/sip-socket.js';
import { runScenarios } from './runner.js';
import { type DriverName, driverNames, type Scenario } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import type { Subject } from './subject.js';
import { parseTarget, runningSubject, type StartedSubject, startPartner, startSubject } from './subjects.js';
import { type Outcome, summary, table } from './table.js';

/**
 * `npm run conformance`: every behaviour of the wire contract, tried from outside, as a Markdown table. Exit code 0 when
 * none failed, 1 when one did, 2 for wrong usage. README.md beside this file says how.
 */

const usage = `npm run conformance -- [options]
  --driver NAME        embedded (default), drachtio or opensips
  --target ADDRESS     where calls go in: udp:127.0.0.1:5060, tcp:[::1]:5060 ...; may be repeated
  --signaling FILE     section signaling of the configuration, YAML: the connector is started with it
  --partner FILE       the same for calls out, whose server is another one; without, rows 20 and 23 are left out
  --admin URL          a connector that runs already: its admin interface ...
  --token TOKEN        ... the token for it ...
  --cdr FILE           ... and its call records
  --row N              only this row; may be repeated
  --quick              without what takes longer than 3 s
  --print-config       prints the configuration that the scenarios count on, as JSON
`;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function isDriver(name: string): name is DriverName {
  return driverNames.some((driver) => driver === name);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      driver: { type: 'string', default: 'embedded' },
      target: { type: 'string', multiple: true },
      signaling: { type: 'string' },
      partner: { type: 'string' },
      admin: { type: 'string' },
      token: { type: 'string' },
      cdr: { type: 'string' },
      row: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      'print-config': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (!isDriver(values.driver)) throw new Error(`${values.driver} is no driver: ${driverNames.join(', ')}`);
  const targets = values.target?.map(parseTarget);
  if (values.admin !== undefined && (values.cdr === undefined || targets === undefined)) {
    throw new Error('--admin needs --cdr and --target as well');
  }
  return { ...values, driver: values.driver, targets };
}

type Options = ReturnType<typeof readOptions>;

function signalingOf(file: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (file === undefined) return undefined;
  const section: unknown = parse(readFileSync(file, 'utf8'));
  if (typeof section !== 'object' || section === null) throw new Error(`${file} is no section of a configuration`);
  return { ...section };
}

async function open(options: Options): Promise<Subject | StartedSubject> {
  const { admin, cdr, driver, signaling, targets, token } = options;
  if (admin !== undefined) {
    const running = { driver, admin, cdrPath: cdr ?? '', targets: targets ?? [] };
    return runningSubject(token === undefined ? running : { ...running, token });
  }
  const section = signalingOf(signaling);
  return startSubject({
    driver,
    ...(section !== undefined && { signaling: section }),
    ...(targets !== undefined && { targets }),
  });
}

function partnerServer({ driver, partner }: Options): Parameters<typeof startPartner>[1] {
  const signaling = driver === 'embedded' ? undefined : signalingOf(partner);
  return signaling && { driver, signaling };
}

function selected({ row = [] }: Options): readonly Scenario[] {
  return row.length === 0 ? scenarios : scenarios.filter((scenario) => row.includes(String(scenario.row)));
}

async function measure(options: Options): Promise<boolean> {
  // Before anything is started: a file that is not there leaves nothing behind.
  const server = partnerServer(options);
  const subject = await open(options);
  const over: readonly Transport[] = transports.filter((transport) => subject.sip(transport) !== undefined);
  try {
    const runs = runScenarios(subject, {
      scenarios: selected(options),
      transports: over,
      beside: 10,
      partner: (transport) => startPartner(transport, server),
      partnerOver: options.driver === 'embedded' || options.partner !== undefined ? transports : [],
      maxSeconds: options.quick ? 3 : 600,
    });
    const outcomes = await Promise.all(
      runs.map(async ({ scenario, transport, verdict }): Promise<Outcome> => {
        const seen = await verdict;
        if (seen.result === 'fail')
          process.stderr.write(`${scenario.row} ${transport} ${scenario.title}: ${seen.seen}\n`);
        return { scenario, transport, verdict: seen };
      }),
    );
    print(table(options.driver, over, outcomes));
    print('');
    print(summary(outcomes));
    const complaints = 'complaints' in subject ? subject.complaints() : [];
    for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
    return complaints.length === 0 && outcomes.every(({ verdict }) => verdict.result !== 'fail');
  } finally {
    if (Symbol.asyncDispose in subject) await subject[Symbol.asyncDispose]();
  }
}

try {
  const options = readOptions();
  if (options.help) print(usage);
  else if (options['print-config']) {
    const signaling = signalingOf(options.signaling) ?? { driver: options.driver };
    print(JSON.stringify(knownConfig({ signaling, cdrPath: options.cdr ?? './data/cdr.jsonl' }), undefined, 2));
  } else process.exitCode = (await measure(options)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
