/** A fake of RunPod's serverless queue endpoints, on loopback. See `README.md` beside this file. */
export { FakeRunPod, type FakeRunPodOptions, startFakeRunPod } from './fake.js';
export type { RunPodFault } from './faults.js';
export type { RunPodJobRecord, RunPodState } from './job.js';
