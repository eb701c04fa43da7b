/**
 * A fake of OpenAI's Realtime API over WebSocket, on loopback: it listens to the audio it gets, answers by a script with
 * real speech, keeps the conversation, and refuses what the service refuses. See `README.md` beside this file.
 */

export { FakeOpenAiRealtime, startFakeOpenAiRealtime } from './fake.js';
export type { FaultName, FaultOptions } from './faults.js';
export type { Dialect } from './handshake.js';
export type { CancelReason } from './model-response.js';
export type { FakeOptions, Utterance } from './options.js';
export type { KnownUtterance } from './recogniser.js';
export type { Reply, ResponseFailure, ToolCall } from './reply.js';
export { salonCallerLines, salonScript, salonUtterances } from './salon-script.js';
export { type LinesOptions, type Mind, type MindTurn, type Script, type ScriptLine, scriptOf } from './script.js';
export type { Speech, Synthesise } from './speech.js';
export * from './timeline.js';
export { toneVoice } from './tone-voice.js';
