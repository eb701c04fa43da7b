/**
 * Everything a flavor package may import: types, plus `defineFlavor`, `FlavorError` and two small helpers.
 * Published as `sip-voice-connector/flavor`.
 */
export { type AudioFormat, type AudioFrame, bytesPerMs, bytesPerSample } from './audio.js';
export type { CallContext, ConversationItem } from './call-context.js';
export { FlavorError, type FlavorErrorCode, flavorErrorCodes } from './errors.js';
export { FlavorEventQueue } from './event-queue.js';
export { EventRound } from './event-round.js';
export type { FlavorEvent, TurnTiming, UsageUnit } from './events.js';
export {
  defineFlavor,
  type Flavor,
  type FlavorDeps,
  type FlavorModule,
  type FlavorSession,
  type SessionPatch,
  type SpeakRequest,
} from './flavor.js';
export type { Logger } from './logger.js';
export type { FlavorCapabilities, FlavorManifest } from './manifest.js';
export type { InterruptCause, PlayoutReport } from './playout.js';
export type { ToolDefinition, ToolResult } from './tools.js';
