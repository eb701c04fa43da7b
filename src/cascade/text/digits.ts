import type { SpokenLanguage } from './language.js';

/** Digits one by one: `four one five`. */
export function digitByDigit(digits: string, language: SpokenLanguage): string {
  return Array.from(digits, (digit) => language.digits[Number(digit)] ?? '').join(' ');
}

/** Groups as they were written, with a pause between them: `four one five, five five five`. */
export function inGroups(groups: readonly string[], language: SpokenLanguage): string {
  return groups.map((group) => digitByDigit(group, language)).join(', ');
}

/** A run of digits in groups of three, the last of two to four: as people read out a number. */
export function groupsOf(digits: string): readonly string[] {
  const groups: string[] = [];
  let at = 0;
  while (digits.length - at > 4) {
    groups.push(digits.slice(at, at + 3));
    at += 3;
  }
  groups.push(digits.slice(at));
  return groups;
}
