import type { BargeInRecord, TurnRecord } from './call-record.js';
import type { MetricFactory } from './metric-factory.js';

/** Upper bounds of buckets, seconds. */
const turnBuckets = {
  voiceToVoiceSeconds: [0.1, 0.2, 0.3, 0.5, 0.65, 0.8, 1, 1.2, 1.5, 2, 3, 5, 10],
  stageSeconds: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 5],
  silenceSeconds: [0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5],
  pauseSeconds: [0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 0.5],
} as const satisfies Record<string, readonly number[]>;

/** The label of each stage. */
const stageLabels = {
  endOfTurnMs: 'end-of-turn',
  transcriptMs: 'transcript',
  firstTokenMs: 'first-token',
  firstAudioMs: 'first-audio',
  playoutMs: 'playout',
} as const satisfies Record<Exclude<keyof TurnRecord['stages'], 'speculative'>, string>;

type StageName = keyof typeof stageLabels;

const stageNames = Object.keys(stageLabels) as readonly StageName[];

/**
 * Latency of turns and barge-ins, as they happen: histograms to aggregate, and percentiles of the last minutes to read
 * as they are.
 */
export class TurnMetrics {
  readonly #metrics: ReturnType<typeof makeMetrics>;

  constructor(factory: MetricFactory) {
    this.#metrics = makeMetrics(factory);
  }

  /** @param flavor A label's value, from a bounded set. */
  onTurn(flavor: string, v2vMs: number, stages: TurnRecord['stages']): void {
    const { voiceToVoice, stage, recentTurn, speculative } = this.#metrics;
    if (stages.speculative !== undefined) speculative.add({ flavor, result: stages.speculative });
    voiceToVoice.observe({ flavor }, v2vMs / 1000);
    recentTurn.observe({ stage: 'voice-to-voice', flavor }, v2vMs / 1000);
    for (const name of stageNames) {
      const ms = stages[name];
      if (ms === undefined) continue;
      const labels = { stage: stageLabels[name], flavor };
      stage.observe(labels, ms / 1000);
      recentTurn.observe(labels, ms / 1000);
    }
  }

  onBargeIn(bargeIn: Pick<BargeInRecord, 'onsetToPauseMs' | 'decisionToSilenceMs' | 'resumed'>): void {
    const { bargeIns, silence, pause, recentBargeIn } = this.#metrics;
    const [pauseSeconds, silenceSeconds] = [bargeIn.onsetToPauseMs / 1000, bargeIn.decisionToSilenceMs / 1000];
    bargeIns.add({ outcome: bargeIn.resumed ? 'resumed' : 'interrupted' });
    silence.observe({}, silenceSeconds);
    pause.observe({}, pauseSeconds);
    recentBargeIn.observe({ stage: 'decision-to-silence' }, silenceSeconds);
    recentBargeIn.observe({ stage: 'onset-to-pause' }, pauseSeconds);
  }
}

function makeMetrics(factory: MetricFactory) {
  const { voiceToVoiceSeconds, stageSeconds, silenceSeconds, pauseSeconds } = turnBuckets;
  return {
    voiceToVoice: factory.histogram(
      'voice_to_voice_seconds',
      'From the last voiced caller frame received to the first voiced agent frame sent.',
      ['flavor'],
      voiceToVoiceSeconds,
    ),
    stage: factory.histogram(
      'turn_stage_seconds',
      'Stages of an answer, as far as they are known when it begins to sound.',
      ['stage', 'flavor'],
      stageSeconds,
    ),
    recentTurn: factory.summary(
      'recent_turn_seconds',
      'Percentiles of voice-to-voice latency and its stages over the last ten minutes.',
      ['stage', 'flavor'],
    ),
    speculative: factory.counter(
      'speculative_answers_total',
      'Turns whose answer was begun before they were surely over, by whether it could be used.',
      ['flavor', 'result'],
    ),
    bargeIns: factory.counter(
      'barge_ins_total',
      'Times the caller began to speak over the agent.',
      ['outcome'],
      [{ outcome: 'interrupted' }, { outcome: 'resumed' }],
    ),
    silence: factory.histogram(
      'barge_in_silence_seconds',
      'From the decision to interrupt to no more agent audio on the wire.',
      [],
      silenceSeconds,
    ),
    pause: factory.histogram(
      'barge_in_pause_seconds',
      "From the caller's onset to no more agent audio on the wire.",
      [],
      pauseSeconds,
    ),
    recentBargeIn: factory.summary(
      'recent_barge_in_seconds',
      'Percentiles of both barge-in times over the last ten minutes.',
      ['stage'],
    ),
  };
}
