import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { measureEcho } from './echo-section.js';
import { exitCodeOf } from './finding.js';
import { type BenchOptions, parseOptions, type SectionName, UsageError, usage } from './options.js';
import { measureFirstPacket, measureRealtime } from './realtime-section.js';
import { measureRelay } from './relay-section.js';
import { renderSection } from './report.js';
import type { SectionContext, SectionReport } from './section.js';
import { measureStall } from './stall-section.js';
import { measureTransport } from './transport-section.js';

const sections: Readonly<Record<SectionName, (context: SectionContext) => Promise<SectionReport>>> = {
  echo: measureEcho,
  transport: measureTransport,
  stall: measureStall,
  realtime: measureRealtime,
  relay: measureRelay,
  'first-packet': measureFirstPacket,
};

/** What the figures depend on and the code does not say. */
function machine(): string {
  const [cpu] = cpus();
  const load = loadavg().map((value) => value.toFixed(1));
  return `${cpus().length} x ${cpu?.model ?? 'unknown'}, Linux ${release()}, Node ${process.version}, load ${load.join(' ')} at the start`;
}

async function bench(options: BenchOptions): Promise<number> {
  const startedAt = new Date();
  const print = (text: string): boolean => process.stdout.write(`${text}\n`);
  const context: SectionContext = { options, tell: (line) => process.stderr.write(`${line}\n`) };
  if (cpus().length < 2)
    throw new UsageError('at least two cores are needed: one for what is measured, one for the load');
  // What waits here must not stand on the core that is measured.
  spawnSync('taskset', ['-a', '-c', '-p', String(options.loadCpu), String(process.pid)]);
  const title = `# Bench of ${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC\n\n${machine()}\n`;
  print(title);
  const reports: SectionReport[] = [];
  for (const name of options.sections) {
    const report = await sections[name](context);
    reports.push(report);
    print(renderSection(report));
  }
  const findings = reports.flatMap((report) => report.findings);
  if (options.json !== undefined) {
    const content = { startedAt: startedAt.toISOString(), machine: machine(), options, reports };
    writeFileSync(options.json, `${JSON.stringify(content, undefined, 1)}\n`);
  }
  return exitCodeOf(findings);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(usage);
  else process.exitCode = await bench(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
