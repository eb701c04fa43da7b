import { FlavorError } from '../../../flavor-api/index.js';
import { isJobId, type JobState, type JobView } from '../hosted/job.js';
import { type JsonObject, numberIn, objectIn, textIn } from '../shared/json.js';
import { protocolFault } from '../speech-server/failures.js';

/** Replicate in messages. */
export const REPLICATE = 'Replicate';

/** A map: a name out of an answer may be one that every object has. */
const states: ReadonlyMap<string, JobState> = new Map([
  ['starting', 'starting'],
  ['processing', 'working'],
  ['succeeded', 'done'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
  ['aborted', 'failed'],
]);

/**
 * A prediction out of an answer (https://replicate.com/docs/reference/http#predictions.get).
 *
 * @throws FlavorError for an answer that names none
 */
export function predictionView(answer: JsonObject): JobView {
  const id = textIn(answer, 'id');
  if (!isJobId(id)) throw protocolFault(REPLICATE, 'a prediction without a name');
  const status = textIn(answer, 'status');
  // A status that is new to us is one in which the prediction is not over: time alone ends it.
  const state = states.get(status) ?? 'starting';
  const seconds = numberIn(objectIn(answer, 'metrics'), 'predict_time');
  return {
    id,
    state,
    items: [],
    output: answer['output'],
    ...(state === 'failed' && { error: failureOf(status) }),
    ...(seconds !== undefined && seconds >= 0 && { machineMs: seconds * 1_000 }),
  };
}

/** A prediction that Replicate does not know any more. */
export function lostPrediction(id: string): JobView {
  const error = new FlavorError('ERR_FLAVOR_NETWORK', 'Replicate has lost a prediction', true);
  return { id, state: 'failed', items: [], output: undefined, error };
}

/** What the model wrote about its failure may quote the text, and is not repeated. */
function failureOf(status: string): FlavorError {
  if (status === 'aborted') {
    return new FlavorError('ERR_FLAVOR_TIMEOUT', 'Replicate took too long to start a machine', true);
  }
  const what = status === 'canceled' ? 'cancelled a prediction' : 'has a model that failed';
  return new FlavorError('ERR_FLAVOR_NETWORK', `Replicate ${what}`, true);
}
