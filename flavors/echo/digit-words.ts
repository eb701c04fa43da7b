const words: Readonly<Record<string, string>> = {
  '0': 'zero',
  '1': 'one',
  '2': 'two',
  '3': 'three',
  '4': 'four',
  '5': 'five',
  '6': 'six',
  '7': 'seven',
  '8': 'eight',
  '9': 'nine',
  '*': 'star',
};

/** Keys of a phone as a sentence to be spoken: `12*` is "You pressed one, two, star." */
export function spokenDigits(digits: string): string {
  return `You pressed ${[...digits].map((digit) => words[digit] ?? digit).join(', ')}.`;
}
