/** Measurements of whole calls with the flavor `openai-realtime`: `npm run soak -- latency truncation greeting ...`. */
import { errorMessage } from '../../../src/base/connector-error.js';
import { type PartReport, render } from '../lib/report.js';
import { measureGreeting } from './greeting.js';
import { measureLatency } from './latency.js';
import { measureTruncation } from './truncation.js';

type Measure = (tell: (line: string) => void) => Promise<PartReport>;

const parts: Readonly<Record<string, Measure>> = {
  latency: measureLatency,
  truncation: measureTruncation,
  greeting: measureGreeting,
};

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const names = process.argv.slice(2);
let failed = 0;
for (const name of names) {
  const measure = parts[name];
  if (measure === undefined) {
    tell(`unknown: ${name}; there are: ${Object.keys(parts).join(', ')}`);
    process.exit(2);
  }
  try {
    const report = await measure(tell);
    if (report.findings.some(({ ok }) => !ok)) failed += 1;
    process.stdout.write(`${render(report)}\n`);
  } catch (error) {
    failed += 1;
    tell(`${name} broke off: ${errorMessage(error)}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
