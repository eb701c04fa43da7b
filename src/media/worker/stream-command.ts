import type { AudioFormat } from '../../flavor-api/index.js';
import type { DtmfTiming } from '../dtmf/dtmf-sender.js';
import type { BackgroundLayer, StreamParameters } from '../engine.js';

/** The methods of a `MediaStream` as they cross to its thread; audio goes beside them. Plain data and bytes (the keys of SRTP). */
export type StreamCommand =
  | { readonly type: 'connect'; readonly parameters: StreamParameters }
  | { readonly type: 'set-formats'; readonly input: AudioFormat; readonly output: AudioFormat }
  /** The audio that follows is this one's. */
  | { readonly type: 'response'; readonly responseId: string }
  /** With the audio before it. */
  | { readonly type: 'interject'; readonly responseId: string }
  | { readonly type: 'use-voice-model'; readonly wanted: boolean }
  /** `sound`: a number that the thread was told, or will be; absent: none. */
  | { readonly type: 'set-background'; readonly layer: BackgroundLayer; readonly sound?: number }
  | { readonly type: 'end-response'; readonly responseId: string }
  | { readonly type: 'pause' | 'resume' | 'flush' | 'mark' | 'touch' }
  | { readonly type: 'close'; readonly farewell: boolean }
  | { readonly type: 'send-digits'; readonly digits: string; readonly timing: Partial<DtmfTiming> };
