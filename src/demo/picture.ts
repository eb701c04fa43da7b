import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rasterise } from '../picture/rasterise.js';
import { drawTimeline, type TimelineInput } from './timeline.js';

/** Writes `timeline.svg` and `timeline.png` into `directory`. */
export async function writePicture(directory: string, input: TimelineInput): Promise<void> {
  const svg = drawTimeline(input);
  await writeFile(join(directory, 'timeline.svg'), svg);
  await writeFile(join(directory, 'timeline.png'), await rasterise(svg));
}
