import type { CallerSound } from '../../support/caller-corpus.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { SimulatedCall } from '../../support/simulated-call.js';

/** What the flavor lets the host know of the caller's words, and when. */
export const transcriberKinds = ['none', 'final', 'interim'] as const;
/**
 * - `none`: nothing at all.
 * - `final`: the whole turn, 900 to 1500 ms after its end: a server's end of turn, then its transcriber.
 * - `interim`: each word 250 to 450 ms after its end, and all of it 600 to 900 ms after the last.
 */
export type TranscriberKind = (typeof transcriberKinds)[number];

/** A long speech of the agent's: mu-law codes, and when its words begin. */
export interface AgentText {
  readonly codes: Uint8Array;
  readonly words: readonly { readonly text: string; readonly startMs: number }[];
}

/** What became of one sound that a caller made while the agent was speaking. */
export interface Overlap {
  readonly sound: CallerSound;
  /** From the arrival of the packet in which the sound begins to the first packet without agent audio. */
  readonly onsetToPauseMs: number | undefined;
  /** From the decision to be silent to that packet. */
  readonly decisionToSilenceMs: number | undefined;
  /** From the same arrival to the decision that it is an interruption. */
  readonly confirmedAfterMs: number | undefined;
  /** Time for which the agent was paused and went on. */
  readonly pausedMs: number;
  /** How often it went on. */
  readonly resumed: number;
  /** Words of the agent's that a pause cut in two, or that were dropped though the agent was to go on. */
  readonly wordsLost: number;
}

const AGENT_STARTS_MS = 400;

/** Lets a caller make a sound over the agent's speech. Deterministic. */
export async function overlap(sound: CallerSound, agent: AgentText, transcriber: TranscriberKind): Promise<Overlap> {
  const random = new SeededRandom(Math.round(sound.onsetMs * 10) + sound.samples.length);
  const call = new SimulatedCall({}, random.integer(1_000_000));
  const transcripts = transcriptsOf(sound, transcriber, random);
  let onsetArrivedAtMs = 0;
  for (let at = 0; at + 160 <= sound.samples.length; at += 160) {
    const nowMs = at / 8;
    if (nowMs === AGENT_STARTS_MS) {
      call.session.events.push({ type: 'audio', responseId: 'r1', data: agent.codes });
      call.session.events.push({ type: 'audio-done', responseId: 'r1' });
    }
    // A packet goes out when its 20 ms are over.
    if (nowMs <= sound.onsetMs && sound.onsetMs < nowMs + 20) onsetArrivedAtMs = call.clock.now();
    for (const { atMs, text, final } of transcripts) {
      if (atMs < nowMs || atMs >= nowMs + 20) continue;
      call.session.events.push({ type: 'transcript', role: 'caller', turnId: 't1', text, final });
    }
    await call.frame(sound.samples.subarray(at, at + 160));
  }
  const result = account(call, sound, agent, onsetArrivedAtMs);
  call.close();
  return result;
}

function account(call: SimulatedCall, sound: CallerSound, agent: AgentText, onsetArrivedAtMs: number): Overlap {
  const heardMs = (ack: (typeof call.acks)[number]): number => ack.playing?.heardMs ?? 0;
  const flush = call.acks.find(({ command }) => command === 'flush');
  const resumes = call.acks.filter(({ command }) => command === 'resume');
  const pauses = resumes.flatMap(({ atMs }) => {
    const pause = call.acks.findLast((ack) => ack.command === 'pause' && ack.atMs < atMs);
    return pause === undefined ? [] : { heardMs: heardMs(pause), ms: atMs - pause.atMs };
  });
  const cut = new Set(pauses.flatMap((pause) => wordAt(agent, pause.heardMs)));
  const dropped = flush === undefined ? [] : agent.words.filter(({ startMs }) => startMs >= heardMs(flush));
  const silenced = call.acks.find(({ command }) => command === 'pause' || command === 'flush');
  return {
    sound,
    onsetToPauseMs: silenced && silenced.atMs - onsetArrivedAtMs,
    decisionToSilenceMs: call.account.ledger.bargeIns()[0]?.decisionToSilenceMs,
    confirmedAfterMs: flush && flush.atMs - onsetArrivedAtMs,
    pausedMs: pauses.reduce((sum, { ms }) => sum + ms, 0),
    resumed: resumes.length,
    wordsLost: isInterruption(sound) ? 0 : cut.size + dropped.length,
  };
}

/** The caller wants the word. */
export function isInterruption({ kind }: CallerSound): boolean {
  return kind === 'phrase' || kind === 'word';
}

/** The word that is being spoken then, if it has begun and not ended. */
function wordAt({ words }: AgentText, ms: number): readonly number[] {
  const index = words.findLastIndex(({ startMs }) => startMs < ms);
  const next = words[index + 1]?.startMs ?? Number.POSITIVE_INFINITY;
  return index >= 0 && ms < next ? [index] : [];
}

interface ScriptedTranscript {
  readonly atMs: number;
  readonly text: string;
  readonly final: boolean;
}

/** Words end where their letters do, spread evenly over the sound. */
function transcriptsOf(sound: CallerSound, kind: TranscriberKind, random: SeededRandom): readonly ScriptedTranscript[] {
  const words = sound.text.split(' ').filter((word) => word !== '');
  if (kind === 'none' || words.length === 0) return [];
  const { onsetMs, endMs, text } = sound;
  if (kind === 'final') return [{ atMs: endMs + 900 + random.integer(600), text, final: true }];
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  let spoken = 0;
  const interims = words.map((word, index) => {
    spoken += word.length;
    const endedMs = onsetMs + ((endMs - onsetMs) * spoken) / letters;
    return { atMs: endedMs + 250 + random.integer(200), text: words.slice(0, index + 1).join(' '), final: false };
  });
  return [...interims, { atMs: endMs + 600 + random.integer(300), text, final: true }];
}
