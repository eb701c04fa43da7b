/** A fake of Together.ai's speech, on loopback. See `README.md` beside this file. */
export { FakeTogether, type FakeTogetherOptions, startFakeTogether } from './fake.js';
export type { TogetherFault } from './faults.js';
