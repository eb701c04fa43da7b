import { describe, expect, test } from 'vitest';
import {
  formatReport,
  type LanguageModelHarness,
  languageModelCheckIds,
  runLanguageModelChecks,
  runSpeechToTextChecks,
  runTextToSpeechChecks,
  type SpeechToTextHarness,
  speechToTextCheckIds,
  type TextToSpeechHarness,
  textToSpeechCheckIds,
} from '../../../src/flavor-testkit/index.js';
import { providerControls } from '../../fakes/cascade/provider-controls.js';
import { ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt, type ScriptedSttOptions } from '../../fakes/cascade/scripted-stt.js';
import { ScriptedTts, type ScriptedTtsOptions } from '../../fakes/cascade/scripted-tts.js';
import { brokenLlms } from './broken-llm.js';
import type { BrokenStage } from './broken-stage.js';
import { brokenStts } from './broken-stt.js';
import { brokenTtses } from './broken-tts.js';

/** Short: a broken stage often breaks its promise by doing nothing. */
const deadlines = { answerMs: 1_000, faultMs: 1_000, settleMs: 20 };

function sttHarness(stt: ScriptedStt): SpeechToTextHarness {
  const [provider] = providerControls(stt, new ScriptedLlm(), new ScriptedTts());
  if (!provider) throw new Error('no control');
  return { create: () => stt, provider, frameIntervalMs: 0 };
}

function llmHarness(llm: ScriptedLlm): LanguageModelHarness {
  const provider = providerControls(new ScriptedStt(), llm, new ScriptedTts())[1];
  if (!provider) throw new Error('no control');
  return {
    create: () => llm,
    provider,
    scenario: (name) => {
      llm.script = () => {
        if (name === 'tool-call') return { calls: [{ name: 'look_up', arguments: { order: 7 } }] };
        return { text: 'Your order is on its way.', ...(name === 'long' && { hangs: true }) };
      };
    },
  };
}

function ttsHarness(tts: ScriptedTts): TextToSpeechHarness {
  const provider = providerControls(new ScriptedStt(), new ScriptedLlm(), tts)[2];
  if (!provider) throw new Error('no control');
  return { create: () => tts, provider };
}

describe('stages that keep their promises conform', () => {
  test.each<{ readonly name: string; readonly options: ScriptedSttOptions }>([
    { name: 'a recogniser of segments', options: { finalize: true } },
    { name: 'a recogniser of turns', options: { endOfTurn: true, eagerEndOfTurn: true } },
  ])('$name', async ({ options }) => {
    const report = await runSpeechToTextChecks(sttHarness(new ScriptedStt(options)));
    expect(report.conforms, formatReport(report)).toBe(true);
  });

  test('a language model', async () => {
    const report = await runLanguageModelChecks(llmHarness(new ScriptedLlm()));
    expect(report.conforms, formatReport(report)).toBe(true);
  });

  test.each<{ readonly name: string; readonly options: ScriptedTtsOptions }>([
    { name: 'a voice that streams, with word times', options: { wordTimes: true } },
    { name: 'a voice of single requests', options: { text: 'sentence' } },
  ])('$name', async ({ options }) => {
    const report = await runTextToSpeechChecks(ttsHarness(new ScriptedTts(options)));
    expect(report.conforms, formatReport(report)).toBe(true);
  });
});

test('a stage that is never made, or never disposed of, fails and does not hold up the run', async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const brief = { answerMs: 20, faultMs: 20, settleMs: 5 };
  const run = (harness: LanguageModelHarness) => runLanguageModelChecks(harness, { only: [11], deadlines: brief });
  const unmade = await run({ ...llmHarness(new ScriptedLlm()), create: never });
  expect(unmade.results[0]?.error?.message).toMatch(/^create\(\) neither/);
  const kept = await run(llmHarness(Object.assign(new ScriptedLlm(), { [Symbol.asyncDispose]: never })));
  expect(kept.results[0]?.error?.message).toMatch(/^dispose neither/);
});

/** The checks that some broken stage fails. */
function caught<Engine>(broken: readonly BrokenStage<Engine>[]): readonly number[] {
  return [...new Set(broken.map(({ check }) => check))];
}

test('every check has a stage that fails it', () => {
  expect(caught(brokenStts)).toEqual(speechToTextCheckIds);
  expect(caught(brokenLlms)).toEqual(languageModelCheckIds);
  expect(caught(brokenTtses)).toEqual(textToSpeechCheckIds);
});

describe('the kit finds out a recogniser', () => {
  test.each(brokenStts)('$check that $name', async ({ check, make, complaint }) => {
    const report = await runSpeechToTextChecks(sttHarness(make()), { only: [check], deadlines });
    expect(report.results).toMatchObject([{ status: 'failed', error: { message: expect.stringMatching(complaint) } }]);
  });
});

describe('the kit finds out a model', () => {
  test.each(brokenLlms)('$check that $name', async ({ check, make, complaint }) => {
    const report = await runLanguageModelChecks(llmHarness(make()), { only: [check], deadlines });
    expect(report.results).toMatchObject([{ status: 'failed', error: { message: expect.stringMatching(complaint) } }]);
  });
});

describe('the kit finds out a voice', () => {
  test.each(brokenTtses)('$check that $name', async ({ check, make, complaint }) => {
    const report = await runTextToSpeechChecks(ttsHarness(make()), { only: [check], deadlines });
    expect(report.results).toMatchObject([{ status: 'failed', error: { message: expect.stringMatching(complaint) } }]);
  });
});
