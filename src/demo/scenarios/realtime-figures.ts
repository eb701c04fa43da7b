import type { CallRecord } from '../../ops/call-record.js';
import { type DemoAccount, type Figure, resumedPauses, setupMs } from '../demo-account.js';
import type { FakeAccount } from '../fake-provider.js';
import {
  answersOf,
  bargeInFigures,
  inMs,
  latencyFigures,
  lineFigures,
  median,
  setupFigure,
  wavFigures,
} from '../figures.js';

/** Rows for a call with a speech-to-speech model. `told`: what the fake says it was told, where it was one. */
export function realtimeFigures(account: DemoAccount, told: FakeAccount | undefined): readonly Figure[] {
  return [
    setupFigure(account),
    greetingFigure(account),
    ...latencyFigures(account),
    ...modelFigures(account),
    ...pauseFigures(account),
    ...bargeInFigures(account),
    ...toldFigures(told),
    ...wavFigures(account),
    toolsFigure(account.record),
    goodbyeFigure(account.record),
    ...usageFigures(account.record),
    ...lineFigures(account),
  ];
}

/** Rows for a call of the agent's to somebody: nobody greets, and nobody is interrupted. */
export function outboundFigures(account: DemoAccount): readonly Figure[] {
  return [
    ['INVITE to 200, while it rang', inMs(setupMs(account))],
    ...latencyFigures(account),
    ...modelFigures(account),
    goodbyeFigure(account.record),
    ...usageFigures(account.record),
    ...lineFigures(account),
  ];
}

function greetingFigure({ record, ackMs }: DemoAccount): Figure {
  const [greeting] = record.turns;
  return ['ACK to the greeting’s first packet', inMs(greeting && greeting.startedMs - ackMs)];
}

function modelFigures({ record }: DemoAccount): readonly Figure[] {
  const thinking = answersOf(record).flatMap(({ stages: { endOfTurnMs, firstAudioMs } }) =>
    endOfTurnMs === undefined || firstAudioMs === undefined ? [] : [firstAudioMs - endOfTurnMs],
  );
  const playout = answersOf(record).flatMap(({ stages: { playoutMs } }) => playoutMs ?? []);
  return [
    ['   of it, the model’s first sound after that', inMs(median(thinking))],
    ['   of it, from its first sound to the wire', inMs(median(playout))],
  ];
}

/** The sound that was no interruption. */
function pauseFigures(account: DemoAccount): readonly Figure[] {
  const [pause] = resumedPauses(account);
  return [
    ['“Mm-hm”: its first sound to the agent’s pause', inMs(pause && pause.startMs - pause.onsetMs)],
    ['“Mm-hm”: pause until the agent goes on', inMs(pause && pause.endMs - pause.startMs)],
  ];
}

function toldFigures(told: FakeAccount | undefined): readonly Figure[] {
  const cut = told?.cuts.at(-1);
  return cut ? [['   and what the model was told (audio_end_ms)', inMs(cut.audioEndMs)]] : [];
}

function toolsFigure({ tools }: CallRecord): Figure {
  const runs = tools.map(({ name, ms, ok }) => `${name} ${ms} ms${ok ? '' : ' failed'}`);
  return ['Tools', runs.length === 0 ? 'none' : runs.join(' · ')];
}

/** The agent's last packet with words to the end of the call. */
function goodbyeFigure({ turns, durationMs }: CallRecord): Figure {
  const last = turns.at(-1);
  return ['Goodbye: its last word to the BYE', inMs(last && durationMs - last.endedMs)];
}

function usageFigures({ usage }: CallRecord): readonly Figure[] {
  const sum = (unit: string): number =>
    usage.filter((entry) => entry.unit === unit).reduce((total, { quantity }) => total + quantity, 0);
  const kinds = ['input-tokens', 'cached-tokens', 'output-tokens'];
  const tokens = kinds.map((unit) => sum(unit) + sum(`audio-${unit}`));
  return tokens.every((count) => count === 0) ? [] : [['Tokens: in, in from the cache, out', tokens.join(', ')]];
}
