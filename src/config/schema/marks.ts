/** What marks a schema node whose object may be written as a text: editors are told so, and advice mentions it. */
export const SHORTHAND = 'shorthand';

/** What marks one whose list may be written as its only item. */
export const LISTED = 'listed';
