/** What Turbo acts when it stands in square brackets; its hosts spell one of them in two ways. */
const tags = ['laugh', 'chuckle', 'sigh', 'gasp', 'cough', 'clear throat', 'sniff', 'groan', 'shush', 'sush'] as const;

const tag = new RegExp(`\\s*\\[(?:${tags.join('|')})\\]`, 'gi');

/**
 * What a model is given of a text: signs such as `[laugh]` only where it acts them, since others read them aloud. Other
 * brackets stay: they are somebody's text. Empty where nothing is left that can be said.
 */
export function sayable(text: string, tagsAreActed: boolean): string {
  const left = tagsAreActed ? text.trim() : text.replace(tag, '').trim();
  return /[\p{L}\p{N}]/u.test(left) ? left : '';
}
