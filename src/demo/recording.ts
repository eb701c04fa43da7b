import { readFile } from 'node:fs/promises';
import { WAV_HEADER_BYTES } from '../audio/wav-header.js';

/** The two channels of a stereo recording of ours, 8000 Hz. */
export interface StereoSamples {
  readonly caller: Int16Array;
  readonly agent: Int16Array;
}

/** Reads a file that `StereoRecorder` wrote: 16-bit, caller left, agent right. */
export async function readStereoRecording(path: string): Promise<StereoSamples> {
  const bytes = await readFile(path);
  const frames = Math.max(0, Math.floor((bytes.length - WAV_HEADER_BYTES) / 4));
  const caller = new Int16Array(frames);
  const agent = new Int16Array(frames);
  for (let frame = 0; frame < frames; frame += 1) {
    const at = WAV_HEADER_BYTES + frame * 4;
    caller[frame] = bytes.readInt16LE(at);
    agent[frame] = bytes.readInt16LE(at + 2);
  }
  return { caller, agent };
}

/** The last moment before `beforeMs` at which a channel is louder than `threshold`, ms from its start. */
export function lastAudibleMs(samples: Int16Array, beforeMs: number, threshold = 200): number | undefined {
  for (let index = Math.min(samples.length, Math.round(beforeMs * 8)) - 1; index >= 0; index -= 1) {
    if (Math.abs(samples[index] ?? 0) > threshold) return index / 8;
  }
  return undefined;
}
