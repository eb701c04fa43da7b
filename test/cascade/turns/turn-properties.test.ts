import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TurnCommand, TurnEvent } from '../../../src/cascade/turns/turn-state.js';
import { brokenWire, TurnScene } from './turn-scene.js';

type Action =
  | { readonly do: 'event'; readonly event: TurnEvent }
  | { readonly do: 'answer'; readonly type: 'emitted' | 'call' | 'done' | 'failed' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'talk' | 'hush' };

const text = fc.constantFrom('Yes.', 'I would like', '0 7 9', '', 'A table.', 'a table for');

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Action>({ do: 'talk' }, { do: 'hush' }) },
  {
    weight: 3,
    arbitrary: fc
      .record({ type: fc.constant('transcript' as const), text, final: fc.boolean() })
      .map((event) => ({ do: 'event' as const, event })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('eager-end-of-turn' as const, 'end-of-turn' as const), text)
      .map(([type, words]) => ({ do: 'event' as const, event: { type, text: words } })),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('emitted' as const, 'call' as const, 'done' as const, 'failed' as const)
      .map((type) => ({ do: 'answer' as const, type })),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 3_000 }).map((ms) => ({ do: 'pass' as const, ms })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<TurnEvent>(
        { type: 'turn-resumed' },
        { type: 'keys', keys: '1' },
        { type: 'keys', keys: '#' },
        { type: 'ask', request: { kind: 'words', text: 'One moment.' } },
        { type: 'ask', request: { kind: 'reply', to: 'tools' } },
        { type: 'interrupt', owed: true, unsettled: true },
        { type: 'interrupt', owed: true, unsettled: false },
        { type: 'settled' },
        { type: 'onset', verdict: 'rejected', positionMs: 0 },
        { type: 'onset', verdict: 'accepted', positionMs: 0 },
      )
      .map((event) => ({ do: 'event' as const, event })),
  },
);

/** Watches the commands of a call, and complains about the first that breaks a promise. */
class Watch {
  /** The answer being made, and whether it may be seen. */
  #making: { readonly id: number; guess: boolean; covers: number[]; seen: boolean } | undefined;
  readonly #owed = new Set<number>();
  readonly #answered = new Set<number>();
  failed = false;

  get owed(): number {
    return this.#owed.size;
  }

  onCommands(commands: readonly TurnCommand[]): void {
    for (const command of commands) this.#onCommand(command);
  }

  onAnswer(type: 'emitted' | 'call' | 'done' | 'failed'): void {
    const making = this.#making;
    if (!making) return;
    if (type === 'emitted') making.seen = true;
    if (type === 'done' && !making.guess) this.#making = undefined;
    if (type !== 'failed') return;
    this.#making = undefined;
    if (!making.seen) this.#giveBack(making.covers);
  }

  #onCommand(command: TurnCommand): void {
    switch (command.type) {
      case 'turn':
        expect(command.text).not.toBe('');
        this.#owed.add(command.turn);
        return;
      case 'begin':
        expect(this.#making, 'a second answer').toBeUndefined();
        this.#making = { id: command.id, guess: command.on !== undefined, covers: [], seen: false };
        if (command.request.kind === 'reply' && command.on === undefined) this.#cover();
        return;
      case 'confirm':
        expect(this.#making).toMatchObject({ id: command.id, guess: true });
        if (this.#making) {
          this.#making.guess = false;
          this.#making.seen ||= command.calls.length > 0;
        }
        this.#cover();
        return;
      case 'withdraw': {
        const making = this.#making;
        expect(making?.id).toBe(command.id);
        this.#making = undefined;
        if (making && command.again) this.#giveBack(making.covers);
        return;
      }
      case 'run-tool':
        expect(this.#making, 'a tool of a guess').toMatchObject({ id: command.id, guess: false });
        if (this.#making) this.#making.seen = true;
        return;
      case 'fail':
        this.failed = true;
        return;
      default:
    }
  }

  #cover(): void {
    for (const turn of this.#owed) {
      expect(this.#answered.has(turn), `turn ${turn} is answered twice`).toBe(false);
      this.#answered.add(turn);
      this.#making?.covers.push(turn);
    }
    this.#owed.clear();
  }

  #giveBack(turns: readonly number[]): void {
    for (const turn of turns) {
      this.#answered.delete(turn);
      this.#owed.add(turn);
    }
  }
}

function play(scene: TurnScene, watch: Watch, each: Action): void {
  switch (each.do) {
    case 'talk':
      watch.onCommands(scene.send({ type: 'voice-started', positionMs: scene.nowMs }));
      return;
    case 'hush':
      watch.onCommands(scene.send({ type: 'voice-stopped', positionMs: scene.nowMs, voicedUntilMs: scene.nowMs }));
      return;
    case 'pass':
      watch.onCommands(scene.pass(each.ms));
      return;
    case 'event':
      watch.onCommands(scene.send(each.event));
      return;
    case 'answer': {
      const { active } = scene.state;
      if (!active || (active.speculativeOn !== undefined && each.type !== 'call' && each.type !== 'failed')) return;
      const { id } = active;
      watch.onAnswer(each.type);
      if (each.type === 'emitted') watch.onCommands(scene.send({ type: 'answer-emitted', id }));
      if (each.type === 'done') watch.onCommands(scene.send({ type: 'answer-done', id }));
      if (each.type === 'failed') watch.onCommands(scene.send({ type: 'answer-failed', id, error: brokenWire }));
      if (each.type === 'call') {
        watch.onCommands(scene.send({ type: 'answer-call', id, call: { id: 'x', name: 'n', arguments: {} } }));
      }
    }
  }
}

test.each([
  { endOfTurn: false, eager: false },
  { endOfTurn: false, eager: true },
  { endOfTurn: true, eager: true },
])('one answer at a time, each turn answered once, no tool for a guess: $endOfTurn, $eager', (options) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const scene = new TurnScene(options);
      const watch = new Watch();
      watch.onCommands(scene.send({ type: 'started' }));
      for (const each of actions) play(scene, watch, each);
      // Then the caller is quiet, the host has made up its mind, and every answer comes to its end.
      for (let round = 0; round < 40 && !watch.failed; round += 1) {
        play(scene, watch, { do: 'hush' });
        play(scene, watch, { do: 'event', event: { type: 'onset', verdict: 'accepted', positionMs: 0 } });
        play(scene, watch, { do: 'event', event: { type: 'settled' } });
        play(scene, watch, { do: 'pass', ms: 10_000 });
        play(scene, watch, { do: 'answer', type: 'done' });
      }
      if (watch.failed) return;
      expect(scene.state.active).toBeUndefined();
      expect(scene.state.waiting).toEqual([]);
      expect(watch.owed).toBe(0);
    }),
    { numRuns: 300 },
  );
});
