import * as z from 'zod';

/**
 * A key that goes out in a header field, as a section of a flavor's configuration. Without a word about it, one that was
 * copied with a line break or a typographic quote would look like a server that cannot be reached.
 *
 * @param mostCharacters the longest that is taken
 */
export function keySchema(mostCharacters = 1_000) {
  return z
    .string()
    .min(1)
    .max(mostCharacters)
    .regex(/^[\x20-\x7e]+$/, 'holds a character that no key has: a line break, or a typographic quote')
    .meta({ writeOnly: true });
}
