/** A fake of Together.ai's speech, on loopback. See `README.md` beside this file. */
export { FakeTogether, type FakeTogetherOptions, startFakeTogether } from './fake.js';
export { allTogetherFaults, isTogetherFault, type TogetherFault, togetherFaults } from './faults.js';
