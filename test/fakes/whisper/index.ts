export { type FakeWhisper, startFakeWhisper, type WhisperRequest } from './fake.js';
export type { WhisperFault } from './faults.js';
export type { FakeWhisperOptions, WhisperVariant } from './options.js';
