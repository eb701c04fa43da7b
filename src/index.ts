/** The connector as a library: `createConnector(config, deps)`. Published as `sip-voice-connector`. */
export { ConnectorError } from './base/connector-error.js';
export { type ErrorCode, errorCodes } from './base/error-codes.js';
export { loadConfig } from './config/load-config.js';
export {
  type Config,
  type ConnectorAddresses,
  type ConnectorDeps,
  createConnector,
  type ReloadOutcome,
  VoiceConnector,
} from './connector.js';
export type { CallEvent, CallEventSink, CallSummary } from './ops/call-event.js';
export type { CallRecord } from './ops/call-record.js';
