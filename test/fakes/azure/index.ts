/**
 * A fake of Azure Speech on loopback: the recogniser and the voices, each over a WebSocket as the service has it. See
 * `README.md` beside this file.
 */

export { FakeAzure, startFakeAzure } from './fake.js';
export { type FaultName, type FaultOptions, faultNames, isFaultName } from './faults.js';
export type { ServiceName } from './handshake.js';
export type { FakeAzureOptions } from './options.js';
export * from './timeline.js';
