/**
 * What a reliable provisional response is to a caller that has taken `last` in that dialog (RFC 3262 section 4): the
 * next one, to be acknowledged; the same again, whose PRACK is repeated by its own transaction; or one that has overtaken
 * another, to be dropped until it comes again in its turn.
 */
export function provisionalOrder(last: number | undefined, rseq: number): 'next' | 'repeated' | 'early' {
  if (last === undefined || rseq === last + 1) return 'next';
  return rseq <= last ? 'repeated' : 'early';
}
