import type { ReportedCall } from '../record-source.js';

/** What an answer waited for, in order. */
export const shares = ['endOfTurn', 'transcript', 'firstToken', 'firstAudio', 'connector'] as const;
export type Share = (typeof shares)[number];

/** Milliseconds of each; together they are the voice-to-voice latency. */
export type TurnShares = Readonly<Record<Share, number>>;

type Turn = ReportedCall['turns'][number];

/**
 * Where the time of an answer went. Flavors report moments, counted from the caller's last voiced sample; what lies between
 * two of them belongs to the later one. A stage that was not reported counts in the next one; one that was over before the
 * stage before it (a transcript that came before the end of the turn, an answer begun ahead of it) took no time. The
 * rest, from first audio to the first voiced packet, is the connector's, as is all of a turn without stages.
 *
 * @returns `undefined` for speech that answers nothing.
 */
export function turnShares({ v2vMs, stages }: Pick<Turn, 'v2vMs' | 'stages'>): TurnShares | undefined {
  if (v2vMs === undefined) return undefined;
  const moments = [stages.endOfTurnMs, stages.transcriptMs, stages.firstTokenMs, stages.firstAudioMs];
  let reachedMs = 0;
  const spent = moments.map((moment) => {
    const until = Math.min(v2vMs, Math.max(reachedMs, moment ?? reachedMs));
    const ms = until - reachedMs;
    reachedMs = until;
    return ms;
  });
  const [endOfTurn = 0, transcript = 0, firstToken = 0, firstAudio = 0] = spent;
  return { endOfTurn, transcript, firstToken, firstAudio, connector: v2vMs - reachedMs };
}
