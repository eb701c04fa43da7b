import { REPLACES_TAG, supportedTags, TIMER_TAG } from '../capabilities.js';

/** Option tags that a peer may require. */
export const ownTags: ReadonlySet<string> = new Set([...supportedTags, TIMER_TAG, REPLACES_TAG]);

/** Value of Supported. */
export const SUPPORTED = [...ownTags].join(', ');
