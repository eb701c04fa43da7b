import { type Clock, failOverTextToSpeech, type TextToSpeech } from 'sip-voice-connector/cascade';
import type { Logger } from 'sip-voice-connector/flavor';

/** Tiers are to say first that none of them speaks: what is told of that names them, ms. */
const MARGIN_MS = 250;

/**
 * A voice made of tiers, and those that stand by for it: they speak when the tiers have failed, not when one of them is
 * late, which is for the tiers to see to.
 *
 * @param voices the tiers first; none where there is none
 * @param firstAudioMs of the policy: until a tier has said something, or another one is asked
 */
export function withStandbyVoices(
  voices: readonly TextToSpeech[],
  firstAudioMs: number,
  deps: { readonly clock: Clock; readonly log?: Logger },
): TextToSpeech | undefined {
  if (voices.length < 2) return voices[0];
  return failOverTextToSpeech(voices, deps, { firstAudioMs: firstAudioMs + MARGIN_MS });
}
