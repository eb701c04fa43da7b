import { withoutVoiceSigns } from '../../text/voice-signs.js';

/**
 * What a model is given of a text: signs such as `[laugh]` only where it acts them, since others read them aloud. Other
 * brackets stay: they are somebody's text. Empty where nothing is left that can be said.
 */
export function sayable(text: string, tagsAreActed: boolean): string {
  const left = tagsAreActed ? text.trim() : withoutVoiceSigns(text).trim();
  return /[\p{L}\p{N}]/u.test(left) ? left : '';
}
