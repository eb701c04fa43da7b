/**
 * Measurements of whole calls with the flavor `openai-realtime`: `npm run soak -- latency greeting ...`. `SOAK_SCALE=0.1`
 * makes a tenth of the calls, for a quick look.
 */
import { errorMessage } from '../../../src/base/connector-error.js';
import { type Measure, render } from '../lib/report.js';
import { measureBargeIn } from './barge-in.js';
import { measureFaults } from './faults.js';
import { measureGreeting } from './greeting.js';
import { measureLatency } from './latency.js';
import { measureRandomFaults } from './random-faults.js';
import { measureTruncation } from './truncation.js';

const parts: Readonly<Record<string, Measure>> = {
  latency: measureLatency,
  truncation: measureTruncation,
  greeting: measureGreeting,
  'barge-in': measureBargeIn,
  faults: measureFaults,
  'random-faults': measureRandomFaults,
};

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const scale = Number(process.env['SOAK_SCALE'] ?? 1);
const names = process.argv.slice(2);
let failed = 0;
for (const name of names) {
  const measure = parts[name];
  if (measure === undefined) {
    tell(`unknown: ${name}; there are: ${Object.keys(parts).join(', ')}`);
    process.exit(2);
  }
  try {
    const report = await measure(tell, scale);
    if (report.findings.some(({ ok }) => !ok)) failed += 1;
    process.stdout.write(`${render(report)}\n`);
  } catch (error) {
    failed += 1;
    tell(`${name} broke off: ${errorMessage(error)}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
