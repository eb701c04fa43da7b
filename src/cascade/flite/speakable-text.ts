import { straightQuotes } from '../text/signs.js';

/** Typographic signs that the synthesiser would drop, and what it understands instead. */
const plainSigns: Readonly<Record<string, string>> = {
  '\u2013': ' - ',
  '\u2014': ', ',
  '\u2026': '. ',
  '\u00df': 'ss',
  '\u00e6': 'ae',
  '\u00f8': 'o',
  '\u20ac': ' euros ',
  '\u00a3': ' pounds ',
};

/** No word is longer. The synthesiser's memory and time grow with the word, which is never one that can be spoken. */
const MAX_WORD_CHARS = 40;

/** Pieces of text aim at this length: about ten seconds of speech, a third of a second of work. */
const MAX_PIECE_CHARS = 160;

/**
 * Text as flite can read it: printable ASCII. Accents are removed, what has no counterpart becomes a space, words beyond
 * 40 characters are broken, blanks are single.
 */
export function speakableText(text: string): string {
  return straightQuotes(text)
    .replace(/[^\x20-\x7e]/g, (sign) => plainSigns[sign] ?? sign)
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/[^\x20-\x7e]/gu, ' ')
    .replace(new RegExp(`\\S{${MAX_WORD_CHARS}}(?=\\S)`, 'g'), '$& ')
    .replace(/ +/g, ' ')
    .trim();
}

/**
 * Cuts speakable text into pieces to be spoken one by one: whole sentences, as many as fit into about 160 characters;
 * longer sentences are cut after a comma where there is one, else between words. Joined by blanks they are the text.
 */
export function splitIntoPieces(text: string): readonly string[] {
  const pieces: string[] = [];
  let current = '';
  for (const part of sentences(text).flatMap(shortParts)) {
    if (current !== '' && current.length + 1 + part.length > MAX_PIECE_CHARS) {
      pieces.push(current);
      current = '';
    }
    current = current === '' ? part : `${current} ${part}`;
  }
  if (current !== '') pieces.push(current);
  return pieces;
}

function sentences(text: string): readonly string[] {
  return text.split(/(?<=[.!?]["')\]]*) /).filter((sentence) => sentence !== '');
}

function shortParts(sentence: string): readonly string[] {
  const parts: string[] = [];
  let rest = sentence;
  while (rest.length > MAX_PIECE_CHARS) {
    const window = rest.slice(0, MAX_PIECE_CHARS + 1);
    const comma = window.search(/[,;:] [^,;:]*$/);
    const cut = comma > 0 ? comma + 1 : window.lastIndexOf(' ');
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return rest === '' ? parts : [...parts, rest];
}
