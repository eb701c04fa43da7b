import { errorMessage } from '../../../src/base/connector-error.js';
import { type Measure, render } from './report.js';

/**
 * Runs the parts that the command line names and prints their reports. Ends the process: 0 when every goal was kept, 1
 * when one was not or a part broke off, 2 for a name that there is none of.
 */
export async function runParts(parts: Readonly<Record<string, Measure>>): Promise<never> {
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
}
