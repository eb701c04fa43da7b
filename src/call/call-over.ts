/** What whoever waits for something in a call gets when the call is over first. A model may read it. */
export const CALL_OVER = 'The call is over.';

/** The same as an error. */
export function callOver(): Error {
  return new Error(CALL_OVER);
}
