/** Long answers of the model's: 12 to 20 s of speech each, no two alike. */
export const longTexts = [
  `Our opening hours are from nine in the morning until six in the evening, Monday to Friday, and from ten until four on
Saturdays. On Sundays and public holidays the shop is closed, but you can still leave a message on this number, and
somebody will call you back on the next working day before noon.`,
  `Your parcel left the warehouse in Birmingham yesterday at half past seven in the evening. It reached the depot in
Leicester during the night, where it was sorted and loaded on a van this morning. The driver has about eighty stops before
yours, so I would expect him between two and four in the afternoon.`,
  `The contract runs for twelve months and renews itself by another three months unless one of us gives notice in time. You
may cancel by letter, by message or here on the telephone. If you move house within the country, you take the contract with
you, and a technician will connect the new address free of charge.`,
  `To reset the device, please unplug it first and wait for about ten seconds. Then hold down the small button on the back
with a pencil or a paper clip, and plug it in again while you are holding it. After the green light has flashed three times
you can let go, and the device will start as if it were new.`,
  `We have three rooms left for that weekend. The first one looks out to the garden and has a double bed and a bath. The
second is a little smaller, on the top floor, with a view of the harbour. The third would be large enough for a family of
five, with a kitchen of its own and a door to the terrace.`,
  `From the railway station you take the tram in the direction of the university and get off at the fourth stop, which is
called Market Square. Cross the square, keep the fountain on your left, and walk down the narrow street beside the old
pharmacy. Our entrance is the blue door at the very end, just before the bridge.`,
].map((text) => text.replaceAll('\n', ' '));

/** What callers interrupt with. */
export const interruptionTexts = [
  'Hold on, I did not get that.',
  'No, I said Tuesday.',
  'Please stop talking for a second.',
  'Actually, I need to change the time.',
  'What about the other shop?',
] as const;
