import { FlavorError } from '../../../flavor-api/index.js';
import { isJobId, type JobState, type JobView } from '../hosted/job.js';
import { isObject, type JsonObject, numberIn, objectIn, parseJson, textIn } from '../shared/json.js';
import { plain, protocolFault } from '../speech-server/failures.js';

/** RunPod in messages. */
export const RUNPOD = 'RunPod';

/** What RunPod calls the states of a job. `RUNNING` is documented beside `IN_PROGRESS`. */
/** A map: a name out of an answer may be one that every object has. */
const states: ReadonlyMap<string, JobState> = new Map([
  ['IN_QUEUE', 'queued'],
  ['IN_PROGRESS', 'working'],
  ['RUNNING', 'working'],
  ['COMPLETED', 'done'],
  ['FAILED', 'failed'],
  ['CANCELLED', 'failed'],
  ['TIMED_OUT', 'failed'],
]);

/**
 * A job out of an answer of `/run`, `/runsync`, `/status` or `/stream`.
 *
 * @param id Of the job that was asked about; without one, the answer has to name it.
 * @throws FlavorError for an answer that names none
 */
export function jobView(answer: JsonObject, id?: string): JobView {
  const named = id ?? textIn(answer, 'id');
  if (!isJobId(named)) throw protocolFault(RUNPOD, 'a job without a name');
  const status = textIn(answer, 'status');
  // A state that is new to us is one in which the job is not over: time alone ends it.
  const state = states.get(status) ?? 'queued';
  const machineMs = numberIn(answer, 'executionTime');
  return {
    id: named,
    state,
    items: itemsOf(answer['stream']),
    output: answer['output'],
    ...(state === 'failed' && { error: failureOf(status, answer['error']) }),
    ...(machineMs !== undefined && machineMs >= 0 && { machineMs }),
  };
}

/** `[{"output": ...}, ...]`. */
function itemsOf(stream: unknown): readonly unknown[] {
  return Array.isArray(stream) ? stream.map((item) => (isObject(item) ? item['output'] : undefined)) : [];
}

function failureOf(status: string, error: unknown): FlavorError {
  if (status === 'TIMED_OUT') return new FlavorError('ERR_FLAVOR_TIMEOUT', 'RunPod took too long for a job', true);
  if (status === 'CANCELLED') return new FlavorError('ERR_FLAVOR_NETWORK', 'RunPod cancelled a job', true);
  // What a handler raised is JSON in a string, and its message may quote the text: the name of its type says enough.
  const raised = typeof error === 'string' ? parseJson(error) : error;
  // The end of it is enough; of a long one the search would take for ever.
  const type = isObject(raised) ? /[\w.]+(?='?>?$)/.exec(textIn(raised, 'error_type').slice(-100))?.[0] : undefined;
  const name = plain(type ?? '');
  const what = name === '' ? '' : ` (${name})`;
  return new FlavorError('ERR_FLAVOR_NETWORK', `RunPod's worker failed${what}`, true);
}

/** Workers of an endpoint, by what they are at; what the answer does not mention is 0. */
export interface Workers {
  /** Idle, or at work: speech comes without a start. */
  readonly up: number;
  readonly initializing: number;
}

/** `/health`. The live service names more than the documents do: `initializing`, `ready`, `throttled`, `unhealthy`. */
export function workersIn(answer: JsonObject): Workers {
  const workers = objectIn(answer, 'workers');
  const count = (name: string): number => numberIn(workers, name) ?? 0;
  return { up: Math.max(count('idle'), count('ready')) + count('running'), initializing: count('initializing') };
}
