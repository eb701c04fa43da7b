import { DEMO_NUMBER } from '../demo-config.js';
import { bargeInFigures, latencyFigures, lineFigures, setupFigure, wavFigures } from '../figures.js';
import type { LineText, Scenario } from '../scenario.js';

type Line = 'request' | 'interruption';

const lines = {
  request: { text: 'I would like to book a haircut for next Tuesday at three.' },
  interruption: { text: 'Thank you that is enough for me!' },
} as const satisfies Record<Line, LineText>;

/** What the caller dials, for the agent to read back. */
const KEYS = '4271950';
/** How far into the agent's sentence the caller interrupts, ms. */
const INTERRUPT_AFTER_MS = 2000;

const config = `flavors:
  echo:
    use: echo
    mode: turns
    greeting: Hello! This is the voice connector. Say something, and I will say it back to you.
routes:
  - match: { to: "${DEMO_NUMBER}" }
    flavor: echo
`;

/** The talking echo: the caller asks, presses keys, interrupts the agent as it reads them back, and hangs up. */
export const echoScenario: Scenario<Line> = {
  lines,
  open: async () => ({
    config,
    env: {},
    agent: 'flavor echo',
    play: async (caller) => {
      await caller.listen();
      await caller.say('request');
      await caller.listen();
      await caller.press(KEYS);
      await caller.until((seen) => seen.speaking);
      await caller.wait(INTERRUPT_AFTER_MS);
      await caller.say('interruption');
      await caller.listen();
      await caller.hangUp();
    },
    figures: async (account) => [
      setupFigure(account),
      ...latencyFigures(account),
      ...bargeInFigures(account),
      ...lineFigures(account),
      ...wavFigures(account),
    ],
    succeeded: ({ cause, turns }) => cause.text === 'normal' && turns.some((turn) => turn.interrupted),
    [Symbol.asyncDispose]: async () => {},
  }),
};
