/** What marks a schema node whose list may be written as its only item: editors are told so. */
export const LISTED = 'listed';
