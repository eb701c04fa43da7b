/** Which part of the calls is ours: `index` from 0, below `of`. */
export interface CallShare {
  readonly index: number;
  readonly of: number;
}

/**
 * Whether a session falls to us. OpenSIPS sends every event to every subscriber, so that connectors beside it must agree,
 * without a word between them, who takes which call: by a hash of the session's key, which is the same for all of them.
 */
export function isOurs(key: string, share: CallShare | undefined): boolean {
  return share === undefined || hashOf(key) % share.of === share.index;
}

/** FNV-1a, 32 bits, with the last step of MurmurHash3: keys differ in few digits, and a remainder looks at few bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
