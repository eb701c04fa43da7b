/** SRTCP packets (RFC 3711 section 3.4): the header stays in the clear, and behind the encrypted part stands a word. */

/** What stands before the encrypted part: the first words of the first packet in a compound. */
export const RTCP_HEADER_BYTES = 8;
/** The word: one bit for "encrypted", and the index. */
export const INDEX_BYTES = 4;
export const ENCRYPTED = 0x8000_0000;
