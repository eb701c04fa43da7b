/**
 * A fake of Deepgram on loopback: listen v1 and v2, speak, and the voice agent, each over a WebSocket as the service has
 * it. See `README.md` beside this file.
 */

export { FakeDeepgram, startFakeDeepgram } from './fake.js';
export type { FaultName, FaultOptions, ServicePart } from './faults.js';
export type { ServiceName } from './handshake.js';
export type { FakeDeepgramOptions, HeardLine } from './options.js';
export * from './timeline.js';
