import { expect, test } from 'vitest';
import { CurrentSession } from '../../../src/call/session/current-session.js';
import { SessionLink } from '../../../src/call/session/session-link.js';
import { TurnDebts } from '../../../src/call/turns/turn-debts.js';
import type { CallContext, FlavorCapabilities } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { agentCapabilities, FakeSession } from '../../support/fake-flavor.js';

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const LOUD = 0x80;
const SILENT = 0xff;

function setUp(capabilities: Partial<FlavorCapabilities> = {}) {
  const clock = new FakeClock(10_000);
  const { signal } = new AbortController();
  const link = new SessionLink(new FakeSession({ signal } as CallContext), {
    onEnded: () => {},
    onMisbehaviour: () => {},
  });
  const formats = { input: mulaw, output: mulaw };
  const session = new CurrentSession(link, { ...agentCapabilities, turnTaking: 'flavor', ...capabilities }, formats);
  let owed: number | undefined;
  const reply = {
    expect: (fromMs: number) => {
      owed ??= fromMs;
    },
    settle: () => {
      owed = undefined;
    },
  };
  const debts = new TurnDebts({ session, reply, clock });
  const frames = (code: number, voiced: boolean, count: number, speaking = true): void => {
    for (let n = 0; n < count; n += 1) {
      const data = new Uint8Array(160).fill(code);
      debts.onFrame({ data, positionMs: 0, concealed: false, voiced, stirring: false, receivedAtMs: 0 }, speaking);
    }
  };
  /** A turn of a second, with `behind` it. */
  const turn = (behind: number, before = (): void => {}): void => {
    debts.settle();
    debts.onSpeech(false);
    before();
    frames(LOUD, true, 50);
    frames(behind, false, 25);
    debts.onTurnOver(1_000, 9_500);
  };
  return { clock, debts, frames, turn, owed: () => owed };
}

test('the debt of a turn that the session has not heard is taken back when the line is loud again', () => {
  const { frames, turn, owed } = setUp();
  turn(SILENT);
  expect(owed()).toBe(9_500);
  frames(LOUD, false, 20, false);
  expect(owed()).toBeUndefined();
});

test.each([
  ['understood words', (debts: TurnDebts) => debts.onWords(false)],
  ['called a tool', (debts: TurnDebts) => debts.onTool()],
  ['heard the end of it', (debts: TurnDebts) => debts.onHearingEnd()],
])('but not once it has %s', (_, sign) => {
  const { debts, frames, turn, owed } = setUp();
  turn(SILENT);
  sign(debts);
  frames(LOUD, false, 20, false);
  expect(owed()).toBe(9_500);
});

test('a turn that was heard is owed an answer however loud the line is', () => {
  const { debts, turn, owed } = setUp();
  turn(LOUD, () => debts.onWords(false));
  expect(owed()).toBe(9_500);
});

test('so is one whose last words came before its end, of a flavor that never tells the end of what it hears', () => {
  const { debts, frames, turn, owed } = setUp();
  for (const behind of [LOUD, SILENT]) {
    turn(behind, () => {
      debts.onHearing();
      debts.onWords(true);
    });
    frames(LOUD, false, 20, false);
    expect(owed()).toBe(9_500);
  }
});

test('the words of the turn before say nothing about what a flavor that tells ends still hears', () => {
  const { debts, turn, owed } = setUp();
  debts.onHearing();
  debts.onHearingEnd();
  turn(LOUD, () => {
    debts.onHearing();
    debts.onWords(true);
  });
  expect(owed()).toBeUndefined();
});

test('a turn that was taken for none is owed one from when its words come', () => {
  const { debts, turn, owed } = setUp();
  turn(LOUD);
  debts.onWords(false);
  expect(owed()).toBeUndefined();
  debts.onWords(true);
  expect(owed()).toBe(10_000);
});

test('a call on hold waits for no answer to music that was taken for no turn before', () => {
  const { debts, turn, owed } = setUp();
  turn(LOUD, () => debts.onHearing());
  debts.onHeld();
  debts.onHearingEnd();
  expect(owed()).toBeUndefined();
});

test('a session that takes over hears nobody yet, and answers for no turn that was none', () => {
  const { debts, turn, owed } = setUp();
  turn(LOUD, () => debts.onHearing());
  debts.onLost();
  debts.onHearingEnd();
  expect(owed()).toBeUndefined();
  turn(LOUD, () => debts.onWords(false));
  expect(owed()).toBe(9_500);
});

test('a short sound that the session makes nothing of wants no answer, nor what a bare echo is told', () => {
  const { debts, owed } = setUp();
  debts.onSpeech(false);
  debts.onTurnOver(900, 9_500);
  expect(owed()).toBeUndefined();
  const echo = setUp({ interruptible: false });
  echo.turn(SILENT);
  expect(echo.owed()).toBeUndefined();
});

test('a flavor that leaves pauses for thought has their time too', () => {
  const { turn, owed } = setUp({ endOfTurnMs: 4_000 });
  turn(SILENT);
  expect(owed()).toBe(13_000);
});
