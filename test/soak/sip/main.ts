/**
 * What a hostile network, too many callers and a long life do to the SIP side: `npm run soak -- fuzz overload calls`.
 * `SOAK_SCALE=0.1` takes a tenth of it, for a quick look.
 */
import { errorMessage } from '../../../src/base/connector-error.js';
import { type Measure, render } from '../lib/report.js';
import { measureCalls } from './calls.js';
import { measureFuzz } from './fuzz.js';
import { measureOverload } from './overload.js';

const parts: Readonly<Record<string, Measure>> = {
  fuzz: measureFuzz,
  overload: measureOverload,
  calls: measureCalls,
};

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const scale = Number(process.env['SOAK_SCALE'] ?? 1);
let failed = 0;
for (const name of process.argv.slice(2)) {
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
