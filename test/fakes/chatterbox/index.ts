/** Fakes of Chatterbox servers on loopback. See `README.md` beside this file. */

export { type DevnenFault, devnenFaults, FakeDevnen, type FakeDevnenOptions } from './devnen.js';
export { FakeModal, type FakeModalOptions } from './modal.js';
export { FakeTravisvn, type FakeTravisvnOptions, type TravisvnModel } from './travisvn.js';
