import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assertUnreachable } from '../../src/base/assert.js';
import type { CallEvent, CallPhase, CallState } from '../../src/call/call-state.js';
import { beginCall, reduceCall } from '../../src/call/machine.js';

const page = readFileSync(new URL('../../docs/2-how-it-works.md', import.meta.url), 'utf8');
const section = page.split('### The call machine')[1]?.split(/^## /m)[0] ?? '';

/** Every event there is, in each of its forms. The switch keeps the list complete. */
const events: readonly CallEvent[] = (
  [
    'media-opened',
    'media-failed',
    'media-closed',
    'session-opened',
    'session-failed',
    'session-ended',
    'session-abandoned',
    'delay-elapsed',
    'accepted',
    'confirmed',
    'answered',
    'answer-unusable',
    'leg-ended',
    'agent-leaving',
    'farewell-over',
    'caller-returned',
    'agent-staying',
    'transfer-begun',
    'transfer-over',
    'bridged',
    'bridge-over',
    'warning-due',
    'limit-reached',
    'told-to-end',
  ] satisfies CallEvent['type'][]
).flatMap((type: CallEvent['type']): readonly CallEvent[] => {
  switch (type) {
    case 'session-ended':
      return (['completed', 'aborted', 'failed'] as const).flatMap((reason) =>
        [false, true].map((recovery) => ({ type, reason, recovery })),
      );
    case 'session-failed':
      return [false, true].map((recovery) => ({ type, recovery }));
    case 'transfer-over':
      return [false, true].map((ok) => ({ type, ok }));
    case 'leg-ended':
      return (['peer', 'local', 'ack-timeout', 'transport'] as const).flatMap((by) =>
        [0, 404, 480, 486].map((status) => ({ type, by, status })),
      );
    case 'limit-reached':
      return (['rtp-timeout', 'silence', 'max-duration', 'spend-limit'] as const).map((limit) => ({ type, limit }));
    case 'told-to-end':
      return (['admin', 'drain'] as const).map((by) => ({ type, by }));
    case 'media-opened':
    case 'media-failed':
    case 'media-closed':
    case 'session-opened':
    case 'session-abandoned':
    case 'delay-elapsed':
    case 'accepted':
    case 'confirmed':
    case 'answered':
    case 'answer-unusable':
    case 'agent-leaving':
    case 'farewell-over':
    case 'caller-returned':
    case 'agent-staying':
    case 'transfer-begun':
    case 'bridged':
    case 'bridge-over':
    case 'warning-due':
      return [{ type }];
    default:
      return assertUnreachable(type);
  }
});

interface Step {
  readonly before: CallState;
  readonly event: CallEvent;
  readonly after: CallState;
}

/** Every step that the machine can take, from every state it can reach. */
function allSteps(): readonly Step[] {
  const steps: Step[] = [];
  const seen = new Set<string>();
  const waiting = [true, false].flatMap((answerDelayed) =>
    [true, false].flatMap((earlyMedia) =>
      [true, false].map((outbound) => beginCall({ answerDelayed, earlyMedia, outbound }).state),
    ),
  );
  for (let before = waiting.pop(); before !== undefined; before = waiting.pop()) {
    const key = JSON.stringify(before);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const event of events) {
      const after = reduceCall(before, event).state;
      steps.push({ before, event, after });
      waiting.push(after);
    }
  }
  return steps;
}

const steps = allSteps();

/** Changes of phase, `from -> to`, and the events that bring them about. */
function arrowsOf(taken: readonly Step[]): ReadonlyMap<string, ReadonlySet<string>> {
  const arrows = new Map<string, Set<string>>();
  for (const { before, event, after } of taken) {
    if (before.phase === after.phase) continue;
    const arrow = `${before.phase} -> ${after.phase}`;
    arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(event.type));
  }
  return arrows;
}

/** `endedBy cause` of every outcome that an event of this type can fix. */
function outcomesOf(type: string): ReadonlySet<string> {
  const fixed = steps.filter(({ before, event, after }) => event.type === type && !before.outcome && after.outcome);
  return new Set(fixed.map(({ after }) => `${after.outcome?.endedBy} ${after.outcome?.cause}`));
}

const real = arrowsOf(steps);
const drawn = new Map<string, readonly string[]>(
  [...section.matchAll(/^ {4}(\w+) --> (\w+) : (.+)$/gm)].map(
    ([, from, to, labels = '']) => [`${from} -> ${to}`, labels.split(', ')] as const,
  ),
);

test('each arrow of the picture is a change that the machine makes, by each of the events it names', () => {
  const untrue = [...drawn].flatMap(([arrow, labels]) => labels.filter((label) => !real.get(arrow)?.has(label)));
  expect([...drawn.keys()].filter((arrow) => !real.has(arrow))).toEqual([]);
  expect(untrue).toEqual([]);
});

test('every change of phase is drawn; only an `ending` in which nothing is open may be passed over', () => {
  const shortCut = (arrow: string): boolean => arrow.endsWith('-> ended') && !arrow.startsWith('ending');
  expect([...real.keys()].filter((arrow) => !shortCut(arrow) && !drawn.has(arrow))).toEqual([]);
});

test('every phase is in the picture', () => {
  const phases: readonly CallPhase[] = ['preparing', 'answered', 'active', 'ending', 'ended'];
  const arrows = [...drawn.keys()].join(' ');
  expect(phases.filter((phase) => !arrows.includes(phase))).toEqual([]);
});

test('the table of endings has every outcome that the machine records, and no other', () => {
  const said = new Map<string, Set<string>>();
  for (const [, names = '', endedBy, causes = ''] of section.matchAll(
    /^\| (`[a-z-]+`.*?) \|.*\| `([a-z]+)` \| (.+) \|$/gm,
  )) {
    const types = [...names.matchAll(/`([a-z-]+)`/g)].map(([, type = '']) => type);
    for (const type of types) {
      const outcomes = said.get(type) ?? new Set();
      for (const [, cause] of causes.matchAll(/`([a-z-]+)`/g)) outcomes.add(`${endedBy} ${cause}`);
      said.set(type, outcomes);
    }
  }
  for (const [type, outcomes] of said) expect([type, outcomesOf(type)]).toEqual([type, outcomes]);
  const ending = new Set(
    steps.filter(({ before, after }) => !before.outcome && after.outcome).map(({ event }) => event.type),
  );
  // Comes only after a close was asked for, and then ends nothing that is not ending already.
  ending.delete('media-closed');
  expect(new Set(said.keys())).toEqual(ending);
});
