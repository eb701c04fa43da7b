import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileProblem } from '../base/file-problem.js';
import { rasterise } from '../picture/rasterise.js';
import type { RecordSource } from '../reports/record-source.js';
import { counted, printable } from '../reports/text-table.js';
import type { CliIo } from './cli-io.js';

/** Writes a picture where it was asked for. Nothing is drawn for nobody. */
export async function writePictures(
  { svg, png }: { readonly svg?: string; readonly png?: string },
  cwd: string,
  draw: () => string,
): Promise<void> {
  if (svg === undefined && png === undefined) return;
  const picture = draw();
  if (svg !== undefined) await writePicture(resolve(cwd, svg), picture);
  if (png !== undefined) await writePicture(resolve(cwd, png), await rasterise(picture));
}

async function writePicture(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    const problem = fileProblem(error, 'there is no such directory');
    throw new Error(`the picture ${path} cannot be written: ${problem}`, { cause: error });
  }
}

/** Says on stderr which lines were no records: the report is about the others. */
export function tellBadLines({ bad, badCount }: RecordSource, io: CliIo): void {
  if (badCount === 0) return;
  io.stderr.write(`${counted(badCount, 'line is', 'lines are')} left out:\n`);
  for (const { file, line, problem } of bad) io.stderr.write(`  ${printable(`${file}:${line}: ${problem}`)}\n`);
  if (badCount > bad.length) io.stderr.write(`  and ${badCount - bad.length} more\n`);
}

export function badLinesJson({ bad, badCount, count }: RecordSource) {
  return { recordsRead: count, badLines: badCount, firstBadLines: bad };
}
