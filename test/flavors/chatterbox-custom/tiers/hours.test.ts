import { expect, test } from 'vitest';
import { isOpen, localDay, type TierHours } from '../../../../flavors/chatterbox-custom/tiers/hours.js';

const berlin = (from: string, until: string, days?: readonly number[]): TierHours => ({
  from,
  until,
  timeZone: 'Europe/Berlin',
  ...(days && { days }),
});
const at = (iso: string): number => Date.parse(iso);

test.each([
  ['at the first minute', berlin('08:00', '18:00'), '2026-11-30T07:00:00Z', true],
  ['a minute before', berlin('08:00', '18:00'), '2026-11-30T06:59:00Z', false],
  ['at the last minute', berlin('08:00', '18:00'), '2026-11-30T16:59:59Z', true],
  ['at the end', berlin('08:00', '18:00'), '2026-11-30T17:00:00Z', false],
  ['in summer, an hour earlier', berlin('08:00', '18:00'), '2026-07-01T06:00:00Z', true],
  ['on a day that is not named', berlin('08:00', '18:00', [2]), '2026-11-30T10:00:00Z', false],
  ['on a day that is', berlin('08:00', '18:00', [1]), '2026-11-30T10:00:00Z', true],
  ['over midnight, in the evening', berlin('22:00', '06:00', [1]), '2026-11-30T22:30:00Z', true],
  ['over midnight, the morning after', berlin('22:00', '06:00', [1]), '2026-12-01T04:30:00Z', true],
  ['over midnight, the evening after', berlin('22:00', '06:00', [1]), '2026-12-01T21:30:00Z', false],
  ['over midnight, the morning of the day itself', berlin('22:00', '06:00', [1]), '2026-11-30T04:30:00Z', false],
  ['all day', berlin('00:00', '00:00'), '2026-11-30T23:30:00Z', true],
])('hours, %s', (_, hours, time, open) => {
  expect(isOpen(hours, at(time))).toBe(open);
});

test('the day begins at midnight of the time zone', () => {
  expect(localDay('Europe/Berlin', at('2026-11-30T22:59:00Z'))).toBe('2026-11-30');
  expect(localDay('Europe/Berlin', at('2026-11-30T23:00:00Z'))).toBe('2026-12-01');
});
