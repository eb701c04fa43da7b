import type { SpokenLanguage } from './language.js';

/** The dot of an abbreviation that ends the sentence as well; '' where it does not. */
export function sentenceDot(written: string, after: string, { openers, leading }: SpokenLanguage): string {
  if (!written.endsWith('.')) return '';
  const opens = openers?.test(after) === true && leading?.has(written) !== true;
  return after.trim() === '' || opens ? '.' : '';
}
