import type { SpokenLanguage } from './language.js';

/** The dot of an abbreviation that ends the sentence as well; '' where it does not. */
export function sentenceDot(written: string, after: string, { openers }: SpokenLanguage): string {
  if (!written.endsWith('.')) return '';
  return after.trim() === '' || openers?.test(after) === true ? '.' : '';
}
