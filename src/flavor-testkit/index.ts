/**
 * Contract tests for flavors, and for the stages of a cascade. Published as `sip-voice-connector/flavor-testkit`; uses no test framework, so it runs
 * from any.
 */
export type { CallLog, LoggedEvent } from './call-log.js';
export type { EventOf } from './call-recorder.js';
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
export {
  type LanguageModelHarness,
  type LanguageModelScenario,
  languageModelCheckIds,
  runLanguageModelChecks,
} from './stages/language-model.js';
export { runSpeechToTextChecks, type SpeechToTextHarness, speechToTextCheckIds } from './stages/speech-to-text.js';
export type { StageHarness, StageRunOptions } from './stages/stage-check.js';
export { runTextToSpeechChecks, type TextToSpeechHarness, textToSpeechCheckIds } from './stages/text-to-speech.js';
