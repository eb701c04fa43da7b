/** Text as these servers cut it: whole sentences together up to `chunkSize`; a longer one stands alone. */
export function packedSentences(text: string, chunkSize: number): readonly string[] {
  const chunks: string[] = [];
  for (const sentence of text.match(/[^.!?]+[.!?]*\s*/g) ?? [text]) {
    const last = chunks.at(-1);
    if (last !== undefined && last.length + sentence.trim().length + 1 <= chunkSize) {
      chunks[chunks.length - 1] = `${last} ${sentence.trim()}`;
    } else if (sentence.trim() !== '') chunks.push(sentence.trim());
  }
  return chunks;
}

/** Speech of chunks put together, with the pause that the server makes between them. Its crossfades are left out. */
export function joined(parts: readonly Int16Array[], sampleRate: number, pauseMs: number): Int16Array {
  const pause = new Int16Array(Math.round((pauseMs * sampleRate) / 1000));
  const found: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (index > 0) for (const sample of pause) found.push(sample);
    for (const sample of part) found.push(sample);
  }
  return Int16Array.from(found);
}
