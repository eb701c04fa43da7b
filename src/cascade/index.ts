/**
 * What flavors made of separate stages share: here, the offline voice. Published as `sip-voice-connector/cascade`.
 */
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
