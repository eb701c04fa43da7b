import { speechFaults } from '../speech-server/faults.js';

/** Ways in which RunPod fails, besides those of every server. */
export const runPodFaults = [
  /** The handler raises: `FAILED`, with JSON in a string. */
  'worker-failed',
  /** The handler raises after half of the speech. */
  'worker-dies',
  'timed-out',
  /** Somebody else cancels the job. */
  'cancelled',
  /** No worker ever comes. */
  'stuck-queued',
  /** A worker comes, and does nothing. */
  'stuck-working',
  /** The job is not known when it is asked for. */
  'lost-job',
  /** `/stream` hands over what there is, and the answer does not arrive. */
  'lost-poll',
  'poll-429',
  'poll-500',
  /** `/stream` answers with the items alone, as a page of the documents has it. */
  'bare-array',
  /** `RUNNING` in place of `IN_PROGRESS`. */
  'running',
  /** A state that nobody knows, while the job is queued. */
  'unknown-state',
  /** The file is said to stand inside of the asker's network. */
  'inner-url',
  'file-404',
  'file-cut',
  /** `COMPLETED`, and nothing made. */
  'no-output',
  /** An answer to a question about a job that is no JSON. */
  'malformed',
  'cancel-500',
  /** The handler refuses a member of the input. */
  'refused-input',
] as const;

export type RunPodFault = (typeof runPodFaults)[number];

export function isRunPodFault(name: string): name is RunPodFault {
  return (runPodFaults as readonly string[]).includes(name);
}

export const allRunPodFaults: readonly string[] = [...speechFaults, ...runPodFaults];
