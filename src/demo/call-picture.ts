import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WAV_HEADER_BYTES } from '../media/wav-header.js';
import type { CallRecord } from '../ops/call-record.js';
import { rasterise } from './rasterise.js';
import { drawTimeline, type TimelineInput } from './timeline.js';

/** The two channels of a stereo recording of ours. */
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

/** Writes `timeline.svg` and `timeline.png` into `directory`. */
export async function writePicture(directory: string, input: TimelineInput): Promise<void> {
  const svg = drawTimeline(input);
  await writeFile(join(directory, 'timeline.svg'), svg);
  await writeFile(join(directory, 'timeline.png'), await rasterise(svg));
}

/** The last moment before `beforeMs` at which a channel is louder than `threshold`, ms from its start. */
export function lastAudibleMs(samples: Int16Array, beforeMs: number, threshold = 200): number | undefined {
  for (let index = Math.min(samples.length, Math.round(beforeMs * 8)) - 1; index >= 0; index -= 1) {
    if (Math.abs(samples[index] ?? 0) > threshold) return index / 8;
  }
  return undefined;
}

/** Name and value of everything the demo measured, for the table and the picture. */
export function measuredFigures(record: CallRecord, setupMs: number): (readonly [string, string])[] {
  const latencies = record.turns.flatMap((turn) => (turn.v2vMs === undefined ? [] : [turn.v2vMs]));
  const bargeIn = record.bargeIns.find((entry) => !entry.resumed);
  const cutOff = record.turns.find((turn) => turn.interrupted);
  const ms = (value: number | undefined): string => (value === undefined ? '–' : `${Math.round(value)} ms`);
  return [
    ['INVITE to 200', ms(setupMs)],
    ['Voice to voice, each turn', latencies.length === 0 ? '–' : `${latencies.map(Math.round).join(' · ')} ms`],
    [
      '   of it, waiting for the end of the turn',
      ms(average(record.turns.flatMap((turn) => (turn.v2vMs === undefined ? [] : [turn.stages.endOfTurnMs ?? 0])))),
    ],
    ['Barge-in: decision to silence on the wire', ms(bargeIn?.decisionToSilenceMs)],
    ['Barge-in: caller’s first sound to silence', ms(bargeIn?.onsetToPauseMs)],
    ['Heard of the interrupted sentence', ms(cutOff?.heardMs)],
    [
      'RTP in: packets, lost, jitter',
      record.rtp ? `${record.rtp.in.packets}, ${record.rtp.in.lost}, ${record.rtp.in.jitterMs} ms` : '–',
    ],
    ['RTP out: packets, longest gap', record.rtp ? `${record.rtp.out.packets}, ${record.rtp.out.maxGapMs} ms` : '–'],
    ['Estimated quality of the caller’s line (MOS)', record.rtp?.mos?.toFixed(2) ?? '–'],
    ['Duration', `${(record.durationMs / 1000).toFixed(1)} s`],
  ];
}

function average(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
