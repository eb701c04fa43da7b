import { expect, test } from 'vitest';
import { predictionView } from '../../../../src/cascade/engines/replicate/prediction-view.js';
import { jobView } from '../../../../src/cascade/engines/runpod/job-view.js';

test.each(['constructor', '__proto__', 'toString', 'RESTING'])(
  'a state that is new to us, such as %s, is one in which the job is not over',
  (status) => {
    expect(predictionView({ id: 'job1', status }).state).toBe('starting');
    expect(jobView({ id: 'job1', status }).state).toBe('queued');
  },
);
