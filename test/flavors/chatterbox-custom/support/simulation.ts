import type { Clock } from '../../../../src/base/clock.js';
import type { TextToSpeechEvent, TextToSpeechUtterance } from '../../../../src/cascade/stages/text-to-speech.js';
import type { FakeClock } from '../../../support/fake-clock.js';

/** An event, and when it came, ms. */
export interface TimedEvent {
  readonly event: TextToSpeechEvent;
  readonly atMs: number;
}

/** Reads an utterance as it comes. */
export function follow(utterance: TextToSpeechUtterance, clock: Clock): TimedEvent[] {
  const events: TimedEvent[] = [];
  void (async () => {
    for await (const event of utterance.events) events.push({ event, atMs: clock.now() });
  })();
  return events;
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves time on in small steps until `done`. */
export async function runUntil(clock: FakeClock, done: () => boolean, mostMs = 60_000, stepMs = 10): Promise<void> {
  await settle();
  for (let ms = 0; ms < mostMs && !done(); ms += stepMs) {
    clock.advance(stepMs);
    await settle();
  }
}

export const ended = (events: readonly TimedEvent[]): boolean => events.at(-1)?.event.type === 'end';

export function ofType<Type extends TextToSpeechEvent['type']>(
  events: readonly TimedEvent[],
  type: Type,
): readonly (TextToSpeechEvent & { readonly type: Type })[] {
  return events.flatMap(({ event }) => (event.type === type ? [event as TextToSpeechEvent & { type: Type }] : []));
}

/** Tiers as they are named, in order: `laptop first`; `gpu fail-over, left: ERR_FLAVOR_NETWORK` where nothing was heard. */
export function tiersOf(events: readonly TimedEvent[]): readonly string[] {
  return ofType(events, 'tier').map(({ tier, reason, left }) => `${tier} ${reason}${left ? `, left: ${left}` : ''}`);
}
