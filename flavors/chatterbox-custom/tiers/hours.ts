/** When a tier may be used: a stretch of the day on some days of the week. */
export interface TierHours {
  /** `HH:MM`, local time of `timeZone`. Equal to `until`: all day. Later than `until`: over midnight. */
  readonly from: string;
  /** `HH:MM`, not included. */
  readonly until: string;
  /** Days on which a stretch begins, 0 is Sunday. Absent: every day. */
  readonly days?: readonly number[];
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

const MINUTES_OF_DAY = 24 * 60;
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
/** Making one is slow; there are as many as time zones in the configuration. */
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Whether `wallTimeMs` (since the Unix epoch) lies within the hours. */
export function isOpen(hours: TierHours, wallTimeMs: number): boolean {
  const { day, minute } = localTime(hours.timeZone, wallTimeMs);
  const from = minutesOf(hours.from);
  const until = minutesOf(hours.until);
  const begins = (on: number): boolean => hours.days === undefined || hours.days.includes(on);
  if (from === until) return begins(day);
  if (from < until) return begins(day) && minute >= from && minute < until;
  return (begins(day) && minute >= from) || (begins((day + 6) % 7) && minute < until);
}

/** The day in `timeZone`, for what is counted by the day: `2026-11-28`. */
export function localDay(timeZone: string, wallTimeMs: number): string {
  const { year, month, date } = localTime(timeZone, wallTimeMs);
  return `${year}-${month}-${date}`;
}

function minutesOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return (Number(hours) * 60 + Number(minutes)) % MINUTES_OF_DAY;
}

function localTime(timeZone: string, wallTimeMs: number) {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    clocks.set(timeZone, clock);
  }
  const parts = new Map(clock.formatToParts(wallTimeMs).map(({ type, value }) => [type, value]));
  return {
    day: weekdays.indexOf(parts.get('weekday') ?? ''),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    year: parts.get('year') ?? '',
    month: parts.get('month') ?? '',
    date: parts.get('day') ?? '',
  };
}
