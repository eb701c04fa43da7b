/**
 * Measurements of turn-taking at simulated time, with the connector's own media plane: `npm run soak -- turns heard`.
 * `SOAK_SCALE=0.1` takes a tenth of the sounds, for a quick look.
 */
import { errorMessage } from '../../../src/base/connector-error.js';
import { type Measure, render } from '../lib/report.js';
import { measureHeard } from './heard.js';
import { measureTurns } from './turns.js';

const parts: Readonly<Record<string, Measure>> = {
  turns: measureTurns,
  heard: measureHeard,
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
process.exitCode = failed === 0 ? 0 : 1;
