const straight: Readonly<Record<string, string>> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201a': "'",
  '\u201b': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u201e': '"',
  '\u00ab': '"',
  '\u00bb': '"',
};

/** Typographic quotation marks and apostrophes as their plain counterparts: engines know those alone. */
export function straightQuotes(text: string): string {
  return text.replace(/[\u2018-\u201b\u201c-\u201e\u00ab\u00bb]/g, (sign) => straight[sign] ?? sign);
}
