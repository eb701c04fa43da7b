import { speechFaults } from '../speech-server/faults.js';

/** Ways in which Replicate fails, besides those of every server. */
export const replicateFaults = [
  'prediction-failed',
  /** Somebody else cancels it. */
  'prediction-canceled',
  /** The deadline comes before a machine does. */
  'prediction-aborted',
  /** No machine ever comes. */
  'stuck-starting',
  /** A machine comes, and does nothing. */
  'stuck-processing',
  'lost-prediction',
  'poll-429',
  'poll-500',
  /** The file is said to stand inside of the asker's network. */
  'inner-url',
  'file-404',
  'file-cut',
  /** The file ends in the middle, as if that were all. */
  'file-short',
  /** The file is none of sound. */
  'file-html',
  /** `succeeded`, and `output` is null. */
  'no-output',
  'malformed',
  'cancel-500',
] as const;

export type ReplicateFault = (typeof replicateFaults)[number];

export function isReplicateFault(name: string): name is ReplicateFault {
  return (replicateFaults as readonly string[]).includes(name);
}

export const allReplicateFaults: readonly string[] = [...speechFaults, ...replicateFaults];
