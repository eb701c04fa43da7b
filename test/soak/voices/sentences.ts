const subjects = [
  'Your appointment',
  'The extraordinarily complicated documentation',
  'Our technician',
  'A replacement for the key',
  'The refrigerator that you ordered',
  'Your parcel',
  'The insurance certificate',
  'Amelia from the salon',
  'The responsible administrator',
  'A cheque',
] as const;
const verbs = [
  'is confirmed for Wednesday the fourteenth',
  'will be with you between nine and eleven',
  'left the warehouse in Birmingham last night',
  'is waiting at the counter on Harbour Street',
  'cannot be changed any more, I am sorry to say',
  'has unfortunately been delayed by a day or two',
  'may be had by whoever is in possession of the receipt',
  'was sent to the old address by mistake',
  'comes a little later than we had thought',
  'needs an identification card, and your signature',
] as const;
const tails = [
  'so please call us if that does not suit you.',
  'and it is free of charge, as I said.',
  'which is earlier than anybody had expected.',
  'but you can ask for another day at any time.',
  'unless it rains, in which case I will telephone.',
  'and that is all I know about it at the moment.',
  'so have a good look at it, and tell us what you think.',
] as const;

/** A natural sentence of words of very different lengths; each of the first hundred is another one. */
export function sentenceOf(index: number): string {
  const subject = subjects[index % subjects.length] ?? '';
  const verb = verbs[(index * 3 + Math.floor(index / subjects.length)) % verbs.length] ?? '';
  return `${subject} ${verb}, ${tails[index % tails.length] ?? ''}`;
}
