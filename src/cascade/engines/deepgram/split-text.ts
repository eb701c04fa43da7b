/** `text` in pieces of at most `limit` characters, cut after a sentence, else between words, else anywhere. */
export function splitText(text: string, limit: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const head = rest.slice(0, limit);
    const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('? '), head.lastIndexOf('! ')) + 1;
    const cut = sentence > 0 ? sentence : head.lastIndexOf(' ');
    const at = cut > 0 ? cut : safeCut(head, limit);
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

/** Not between the halves of a surrogate pair. */
function safeCut(head: string, limit: number): number {
  return /[\uD800-\uDBFF]$/.test(head) && limit > 1 ? limit - 1 : limit;
}
