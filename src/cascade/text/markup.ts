import { straightQuotes } from './signs.js';

/** Pictures, what joins and colours them, flags, and the enclosing key of `1` + U+20E3. */
const EMOJI =
  /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|[\u{e0020}-\u{e007f}]|\ufe0e|\ufe0f|\u20e3|\u200d/gu;

/** Signs that Unicode counts among pictures but that are read out, or dropped by name, elsewhere. */
const TEXT_SIGNS = /[\u00a9\u00ae\u2122]/gu;

/** Controls, format characters such as bidirectional marks, and halves of surrogate pairs. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;

/** Behind a star that is dialled with it; not where another star ends what the first began. */
const SHORT_NUMBER = String.raw`\d{1,4}(?![A-Za-z\d])(?![^*]{0,300}(?<=[^\s"'\x60(])\*)`;
/** A star, captured where it is a key of the telephone. */
const KEY_OR_STAR = new RegExp(
  String.raw`((?<=^|[\s(])\*(?=[\s).,;:!?]|$|${SHORT_NUMBER})|(?<=["'\x60])\*(?=["'\x60]|${SHORT_NUMBER}))|\*`,
  'g',
);

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': ' ',
  '&gt;': ' ',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
};

/** Ends of a line that already make the voice pause. */
const PAUSES = /[.!?:;,\u2026\u3002\uff01\uff1f\uff0c]["')\]]{0,2}$/u;

/**
 * Text without what only the eye reads: markdown, tags, pictures, invisible characters. Lines become one, with a full
 * stop between them where nothing else makes a pause. No word is lost but an address behind a link and the name of a
 * code block's language. Linear.
 */
export function withoutMarkup(text: string): string {
  const lines = straightQuotes(text.normalize('NFC'))
    .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n')
    .split('\n')
    .map((line) => plainLine(line.replace(/\t/g, ' ')))
    .filter((line) => line !== '');
  return lines.map((line, index) => (index === lines.length - 1 || PAUSES.test(line) ? line : `${line}.`)).join(' ');
}

function plainLine(line: string): string {
  const trimmed = line.replace(INVISIBLE, '').replace(TEXT_SIGNS, ' ').replace(EMOJI, ' ').trim();
  if (/^(?:```|~~~)/.test(trimmed)) return plainText(trimmed.replace(/^[`~]{3,}\s{0,4}[\w+#.-]{0,20}$/, ''));
  // A rule between paragraphs, an underlined heading, or the line below the head of a table.
  if (/^[-*_=|:\s]{2,}$/.test(trimmed) && /[-*_=]/.test(trimmed)) return '';
  if (trimmed.startsWith('|')) return tableRow(trimmed);
  return plainText(listItem(trimmed));
}

/** The number of an item; not `3. Mai` and `5. bis 7. Mai`, with which a German sentence begins as well. */
const ITEM_NUMBER =
  /^(\d{1,3})[.)]\s(?=\S)(?!(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)(?!\p{L})|(?:bis(?:\szum)?|und|oder|-|\u2013)\s\d{1,2}\.\s)/u;

/** Without the signs that open a heading, a quotation or an item; the number of an item stays. */
function listItem(line: string): string {
  let rest = line;
  const heading = line.startsWith('#');
  for (;;) {
    const marker = /^(?:#{1,6}|>{1,6}|[-*+\u2022\u2023\u25aa\u25cf\u25e6\u2043](?:\s\[[ xX]\])?)(?:\s|$)/.exec(rest);
    if (marker === null) break;
    rest = rest.slice(marker[0].length).trimStart();
  }
  return (heading ? rest.replace(/\s#{1,6}$/, '') : rest).replace(ITEM_NUMBER, '$1, ');
}

function tableRow(line: string): string {
  return line
    .split('|')
    .map((cell) => plainText(cell))
    .filter((cell) => cell !== '')
    .join(', ');
}

function plainText(text: string): string {
  return (
    text
      .replace(/!?\[([^[\]]{0,400})\]\([^()\s]{0,2000}(?:\s"[^"]{0,200}")?\)/g, '$1')
      .replace(/\[\^?\d{1,3}\]/g, '')
      .replace(/<(https?:\/\/[^<>\s]{1,2000}|[^<>\s@]{1,64}@[^<>\s@]{1,255})>/g, ' $1 ')
      .replace(/<[/!]?[a-zA-Z][^<>]{0,400}>/g, ' ')
      .replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => entities[entity] ?? ' ')
      .replace(/(^|\s)[:;=]-?[)(DPp](?=\s|$)/g, '$1')
      .replace(/(?<=\d)\s?\*\s?(?=\d)/g, ' \u00d7 ')
      // A star for itself, or in quotes, is a key of the telephone, and so is one before a short number: *67, not *5 items*.
      .replace(KEY_OR_STAR, '$1')
      .replace(/[`[\]{}|\\]|~~|(?<!\d)\^|\^(?!\d)/g, '')
      .replace(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, ' ')
      .trim()
  );
}
