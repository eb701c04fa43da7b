/** A fake of Replicate, on loopback. See `README.md` beside this file. */
export { FakeReplicate, type FakeReplicateOptions, startFakeReplicate } from './fake.js';
export type { ReplicateFault } from './faults.js';
export type { PredictionRecord, ReplicateStatus } from './prediction.js';
