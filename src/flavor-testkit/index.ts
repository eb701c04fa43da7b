/**
 * Contract tests for flavors. Published as `sip-voice-connector/flavor-testkit`; uses no test framework, so it runs
 * from any.
 */
export type { CallLog, LoggedEvent } from './call-log.js';
export {
  type CheckContext,
  type CheckNeed,
  type ContractCheck,
  type Deadlines,
  defaultDeadlines,
  type OpenCall,
  type OpenOptions,
} from './check.js';
export { contractChecks } from './checks/index.js';
export { FakeHost, type FakeHostOptions, type FakeHostSettings } from './fake-host.js';
export type {
  CallerAction,
  ContractHarness,
  ProviderControl,
  ProviderFault,
  ProviderRequest,
  ScenarioName,
  ScenarioSetup,
} from './harness.js';
export type { LoggedLine } from './recording-logger.js';
export { type CheckResult, type ContractReport, formatReport } from './report.js';
export { type RunOptions, runContractTests } from './run.js';
export { speechLike } from './sound.js';
