/** The words of a text, as they are written. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}

/** A word without what Whisper revises all the time: case and punctuation. */
export function plainWord(word = ''): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}
