/**
 * What flavors made of separate stages share: the interfaces of a recogniser, a language model and a voice; a flavor made
 * of three of them; an offline voice, and text made speakable. Published as `sip-voice-connector/cascade`.
 */

export { encodedSamples } from '../audio/linear-samples.js';
export { createResampler, type Resampler, type ResamplerOptions } from '../audio/resampler.js';
export { Alarm } from '../base/alarm.js';
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerState,
  type Permit,
} from '../base/circuit-breaker.js';
export { type Clock, createSystemClock, type TimerHandle } from '../base/clock.js';
export { Deadline } from '../base/deadline.js';
export { orAborted } from '../base/or-aborted.js';
export { pause } from '../base/pause.js';
export { createSystemRandom, type Random } from '../base/random.js';
export { inTurns, type Steps } from '../base/steps.js';
export { cumulativeWeights, isWordEnd, pauseMarks } from '../base/text-weight.js';
export { type CascadeDeps, type CascadeStages, cascadeCapabilities, createCascade } from './create-cascade.js';
export { DigitCollector } from './dialogue/digit-collector.js';
export {
  type AzureDeps,
  type AzureListenConfig,
  type AzureResource,
  type AzureSpeakConfig,
  azureListenSchema,
  azureResourceSchema,
  azureSpeakSchema,
  azureVoiceLanguage,
  createAzureSpeechToText,
  createAzureTextToSpeech,
} from './engines/azure/index.js';
export { type ChatterboxConfig, chatterboxConfig, createChatterboxBackend } from './engines/chatterbox/index.js';
export { type CreateLanguageModelDeps, createLanguageModel } from './engines/create-language-model.js';
export {
  connectDeepgram,
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  type DeepgramConnection,
  type DeepgramDeps,
  type DeepgramDialling,
  type DeepgramListenConfig,
  type DeepgramSocketListener,
  type DeepgramSpeakConfig,
  deepgramApiKeySchema,
  deepgramAudio,
  deepgramFailure,
  deepgramListenSchema,
  deepgramSpeakSchema,
} from './engines/deepgram/index.js';
export {
  createHostedSpeech,
  type HostedSpeechConfig,
  type HostedSpeechDeps,
  hostedSpeechConfig,
} from './engines/hosted/index.js';
export { type LanguageModelConfig, languageModelConfig } from './engines/language-model-config.js';
export { OpenAiSpeechBackend, type OpenAiSpeechConfig, openAiSpeechSchema } from './engines/openai-speech/index.js';
export { Backoff, type ReconnectOptions } from './engines/shared/backoff.js';
export {
  createHostGuard,
  type HostGuard,
  type HostGuardOptions,
  privateBlocks,
  type ResolveName,
} from './engines/shared/host-guard.js';
export type { JsonObject } from './engines/shared/json.js';
export { type RedialOptions, redial } from './engines/shared/redial.js';
export { SharedTls } from './engines/shared/shared-tls.js';
export {
  createSherpaSpeechBackend,
  createSherpaSpeechToText,
  type SherpaDeps,
  type SherpaListenConfig,
  type SherpaSpeakConfig,
  sherpaListenSchema,
  sherpaSpeakSchema,
} from './engines/sherpa/index.js';
export { createSpeechBackend, type SpeechBackendConfig, speechBackendConfig } from './engines/speech-backend.js';
export type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
  SpeechProgress,
} from './engines/speech-server/backend.js';
export type { SpeechServerDeps } from './engines/speech-server/deps.js';
export { retryAfterMs } from './engines/speech-server/failures.js';
export { SmoothEdges } from './engines/speech-server/smooth-edges.js';
export {
  type SpeechServerVoiceOptions,
  speechServerVoice,
  speechServerVoiceDefaults,
} from './engines/speech-server/voice.js';
export {
  createSpeechToText,
  createTextToSpeech,
  hastyIf,
  type SpeechEngineDeps,
  type SpeechToTextConfig,
  type StandbyConfig,
  speechToTextConfig,
  standbyConfig,
  type TextToSpeechConfig,
  textToSpeechConfig,
  withStandby,
} from './engines/standby.js';
export {
  createWhisperSpeechToText,
  type WhisperDeps,
  type WhisperListenConfig,
  whisperListenSchema,
} from './engines/whisper/index.js';
export type { FailOverDeps } from './fail-over/candidates.js';
export { failOverLanguageModels } from './fail-over/language-model.js';
export {
  type LanguageModelFailOverOptions,
  languageModelFailOverDefaults,
  type SpeechToTextFailOverOptions,
  speechToTextFailOverDefaults,
  type TextToSpeechFailOverOptions,
  textToSpeechFailOverDefaults,
} from './fail-over/options.js';
export { failOverSpeechToText } from './fail-over/speech-to-text.js';
export { failOverTextToSpeech } from './fail-over/text-to-speech.js';
export {
  createFliteVoice,
  type FliteSpeech,
  type FliteVoice,
  type FliteVoiceName,
  type FliteVoiceOptions,
  fliteVoiceDefaults,
  fliteVoices,
} from './flite/flite-voice.js';
export type { SpokenWord } from './flite/word-times.js';
export { type CascadeOptions, cascadeConfig } from './options.js';
export { type PrivacyObstacle, privacyObstacle, privateProfile } from './private/private-profile.js';
export { Aligner, type AlignmentStart, type Match, VoiceMean } from './seam/align.js';
export { type Likeness, oneVoice, type Sounds, twoVoices } from './seam/likeness.js';
export { FRAME_MS, type Frame, FrameReader, loudestOf, SoundingTime } from './seam/spectrum.js';
export { placeByLetters, type WordPlace, wordPlaces } from './seam/word-places.js';
export { EventStream } from './stages/event-stream.js';
export type {
  LanguageModel,
  LanguageModelEvent,
  LanguageModelRequest,
  ModelMessage,
  ModelOpaque,
  ModelToolCall,
  ModelToolResult,
} from './stages/language-model.js';
export type {
  RecognisedWord,
  SpeechToText,
  SpeechToTextCapabilities,
  SpeechToTextEvent,
  SpeechToTextRequest,
  SpeechToTextStream,
} from './stages/speech-to-text.js';
export type { Stage, StageIdentity, StageUsage } from './stages/stage.js';
export { asFlavorError, mayBeTakenOver } from './stages/stage-error.js';
export type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechEvent,
  TextToSpeechRequest,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from './stages/text-to-speech.js';
export { clausesOf } from './text/clause-splitter.js';
export {
  createSpeakable,
  type Speakable,
  type SpeakableOptions,
  speakable,
  speakableLanguages,
} from './text/speakable.js';
export { type VerbatimPiecesOptions, verbatimPieces } from './text/verbatim-pieces.js';
