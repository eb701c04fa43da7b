import { cumulativeWeights, FRAME_MS, pauseMarks, type SoundingTime } from 'sip-voice-connector/cascade';

/** A pause that was heard, and the mark of the text that it belongs to. */
export interface PausePlace {
  /** Sound before it, pauses left out, ms. */
  readonly soundingMs: number;
  /** Text before it, in letters. */
  readonly weight: number;
}

/** One way in which the pauses that were heard belong to marks; the cost is the negative logarithm of its likelihood. */
interface Reading {
  readonly cost: number;
  /** The last mark with a pause; -1: none. */
  readonly mark: number;
  readonly place: PausePlace;
}

/** Silence that is a pause, ms. */
const PAUSE_MS = 120;
/** Speech between two marks takes as long as its letters suggest, give or take so much (standard deviation). */
const SPREAD = 0.12;
const SPREAD_MS = 150;
/** Costs of a mark without a pause, and of a pause without a mark. */
const NO_PAUSE_COST = 4;
const NO_MARK_COST = 6;
/** Readings that are kept, and how likely the best must be. */
const MOST_READINGS = 12;
const CERTAIN = 0.98;

/**
 * The last pause that was heard of a text, where it is beyond doubt at which mark that was: from there on the place is
 * known better than by the time since the beginning.
 *
 * @param heardMs how long it was listened to, silence included
 * @param letterMs how fast the voice speaks
 */
export function lastPauseOf(
  text: string,
  heard: SoundingTime,
  heardMs: number,
  letterMs: number,
): PausePlace | undefined {
  const weights = cumulativeWeights(text);
  const marks = pauseMarks(text).map((index) => weights[index] ?? 0);
  const costOf = (weight: number, place: PausePlace, soundingMs: number): number => {
    const expectedMs = (weight - place.weight) * letterMs;
    return ((soundingMs - place.soundingMs - expectedMs) / (SPREAD * expectedMs + SPREAD_MS)) ** 2 / 2;
  };
  let readings: Reading[] = [{ cost: 0, mark: -1, place: { soundingMs: 0, weight: 0 } }];
  for (const soundingMs of pausesOf(heard, heardMs)) {
    const longer: Reading[] = [];
    for (const reading of readings) {
      longer.push({ ...reading, cost: reading.cost + NO_MARK_COST });
      for (let mark = reading.mark + 1; mark < marks.length; mark += 1) {
        const weight = marks[mark] as number;
        const skipped = (mark - reading.mark - 1) * NO_PAUSE_COST;
        const cost = reading.cost + costOf(weight, reading.place, soundingMs) + skipped;
        longer.push({ cost, mark, place: { soundingMs, weight } });
      }
    }
    readings = longer.toSorted((one, other) => one.cost - other.cost).slice(0, MOST_READINGS);
  }
  // What was heard since then must fit in before the next mark, and the end.
  const ended = readings.map(({ cost, mark, place }) => {
    const late = (weight: number | undefined): number => {
      const over = weight !== undefined && heard.totalMs - place.soundingMs > (weight - place.weight) * letterMs;
      return over ? costOf(weight, place, heard.totalMs) : 0;
    };
    return { place, cost: cost + Math.min(NO_PAUSE_COST, late(marks[mark + 1])) + late(weights[text.length]) };
  });
  const [best] = ended.toSorted((one, other) => one.cost - other.cost);
  if (best === undefined || best.place.weight === 0) return undefined;
  const likelihood = (cost: number): number => Math.exp(best.cost - cost);
  const [own, all] = ended.reduce(
    ([same, sum], { place, cost }) => [
      same + (place.weight === best.place.weight ? likelihood(cost) : 0),
      sum + likelihood(cost),
    ],
    [0, 0],
  );
  return own >= CERTAIN * all ? best.place : undefined;
}

/** Sound before each pause, ms. */
function pausesOf(heard: SoundingTime, heardMs: number): readonly number[] {
  const pauses: number[] = [];
  for (let soundingMs = FRAME_MS; soundingMs <= heard.totalMs; soundingMs += FRAME_MS) {
    const next = soundingMs === heard.totalMs ? heardMs : heard.at(soundingMs);
    if (next - heard.at(soundingMs - FRAME_MS) >= PAUSE_MS + FRAME_MS) pauses.push(soundingMs);
  }
  return pauses;
}
