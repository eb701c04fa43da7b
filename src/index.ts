/** The connector as a library: `createConnector(config, deps)`. Published as `sip-voice-connector`. */
export { ConnectorError } from './base/connector-error.js';
export { type ErrorCode, errorCodes } from './base/error-codes.js';
export type { Announcer } from './call/speech/announcement.js';
export type { LoadedConfig, LoadOptions, LoadResult, RefusedConfig } from './config/load-config.js';
export type { ConfigIssue } from './config/reading/config-issue.js';
export { loadConfig } from './connector/library-config.js';
export {
  type Config,
  type ConnectorAddresses,
  type ConnectorDeps,
  createConnector,
  type ReloadOutcome,
  VoiceConnector,
} from './connector.js';
export type { Logger } from './flavor-api/index.js';
export type { MediaEngine } from './media/engine.js';
export type { CallEvent, CallEventSink, CallSummary } from './ops/call-event.js';
export type { BargeInRecord, CallRecord, CauseText, EndedBy, TurnRecord } from './ops/call-record.js';
export type { OutboundCallOutcome, OutboundCallRequest } from './ops/outbound-calls.js';
export type { ListeningAddress, SignalingDriver } from './signaling/port.js';
