import type {
  CircuitBreakerState,
  FailOverDeps,
  JsonObject,
  ReconnectOptions,
  RedialOptions,
  ResamplerOptions,
} from '../../src/cascade/index.js';
import type { EventOf } from '../../src/flavor-testkit/index.js';
import type {
  Announcer,
  BargeInRecord,
  CauseText,
  ConfigIssue,
  EndedBy,
  ListeningAddress,
  LoadedConfig,
  LoadOptions,
  LoadResult,
  Logger,
  MediaEngine,
  OutboundCallOutcome,
  OutboundCallRequest,
  RefusedConfig,
  SignalingDriver,
  TurnRecord,
} from '../../src/index.js';

/** Types of what is published that a program may want to name; the compiler says where one is not published itself. */
export type PublicNames = [
  ...[LoadOptions, LoadResult, LoadedConfig, RefusedConfig, ConfigIssue, Logger, ListeningAddress],
  ...[OutboundCallRequest, OutboundCallOutcome, SignalingDriver, MediaEngine, Announcer],
  ...[TurnRecord, BargeInRecord, CauseText, EndedBy],
  ...[EventOf<'audio'>, CircuitBreakerState, FailOverDeps, JsonObject, ResamplerOptions],
  ...[ReconnectOptions, RedialOptions],
];
