import { defineEcho, type MakeVoice } from '../../../flavors/echo/index.js';
import type { ContractHarness } from '../../../src/flavor-testkit/index.js';

/** What the contract kit needs to know of the talking echo: its answer is as long as what the caller says. */
export function turnsHarness(makeVoice?: MakeVoice): ContractHarness {
  return {
    module: defineEcho(makeVoice),
    validConfig: { mode: 'turns', greeting: 'Hello. I repeat what you say.' },
    badConfigs: [{ voice: 'nobody' }, { digitPauseMs: 1 }, { mode: 'later' }],
    frameIntervalMs: 0,
    scenario(name) {
      if (name === 'long-answer') return { trigger: { type: 'speaks', durationMs: 4_000 } };
      if (name === 'tool-call') return { trigger: { type: 'presses', digits: '#' } };
      if (name === 'parallel-tool-calls') throw new Error('an echo calls one tool only');
      return {};
    },
  };
}

/** The bare echo: no answer but the caller's own sound. */
export function immediateHarness(): ContractHarness {
  return { module: defineEcho(), validConfig: { mode: 'immediate' }, frameIntervalMs: 0, scenario: () => ({}) };
}
