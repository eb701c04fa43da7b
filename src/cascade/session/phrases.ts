/** What the model is told on behalf of the host. English, which every model follows whatever it speaks. */

/** Keys that the caller pressed. */
export function pressedKeys(keys: string): string {
  return `(The caller pressed these keys on the phone: ${keys})`;
}

/** A reply along these lines. */
export function along(instructions: string): string {
  return `(${instructions})`;
}

/** An answer was cut off by a failure. */
export const GO_ON =
  '(Your last message was cut off on the line. Say what was still to come, from where it stopped, without repeating ' +
  'what the caller has heard and without remarking on it.)';

/** The dialogue ends with the agent, and still it is to say something. */
export const SAY_MORE = '(The caller is waiting for you to speak.)';

/** Arguments of a tool that are no object. */
export const BAD_ARGUMENTS = 'the arguments were no JSON object';
