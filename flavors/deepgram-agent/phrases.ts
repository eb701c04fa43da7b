/** What the model is told in the caller's place. English, which every model follows whatever it speaks. */

/** Keys that the caller pressed, as if the caller had said so. */
export function pressedKeys(digits: string): string {
  return `I pressed these keys on my phone: ${digits}`;
}

/** A request of the host's to say something along these lines. */
export function fromTheHost(instructions: string): string {
  return `[Not from the caller: ${instructions}]`;
}

/** The result of a tool that a connection before this one had called. */
export function resultOf(name: string, output: string): string {
  return `[Not from the caller: the tool ${name}, which you called before, returned ${output}. Tell the caller.]`;
}

/** Speech that a lost connection cut off. */
export function goOn(): string {
  return (
    '[Not from the caller: your last message was cut off on the line. Say what was still to come, without repeating ' +
    'what the caller has heard and without remarking on it.]'
  );
}
