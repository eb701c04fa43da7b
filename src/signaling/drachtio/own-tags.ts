import { ownTags } from '../capabilities.js';

/** Option tags that a peer may require. */
export const supportedTags = ownTags(true);
