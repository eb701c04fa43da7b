import { expect, test } from 'vitest';
import { FluxReader } from '../../../../src/cascade/engines/deepgram/flux-reader.js';
import type { JsonObject } from '../../../../src/cascade/engines/shared/json.js';

const same = (streamMs: number): number => streamMs;

function turn(event: string, transcript: string, more: JsonObject = {}): JsonObject {
  return { type: 'TurnInfo', event, transcript, audio_window_start: 2, audio_window_end: 4, words: [], ...more };
}

function told(reader: FluxReader, ...messages: readonly JsonObject[]): readonly string[] {
  return messages.flatMap((message) => reader.read(message, same).events.map(lineOf));
}

function lineOf(event: ReturnType<FluxReader['lost']>[number]): string {
  switch (event.type) {
    case 'transcript':
      return `${event.final ? 'final' : 'interim'}: ${event.text}`;
    case 'eager-end-of-turn':
    case 'end-of-turn':
      return `${event.type}: ${event.text}`;
    default:
      return event.type;
  }
}

test('a turn: its transcript grows, its probable end is told early, and confirmed', () => {
  const reader = new FluxReader();
  expect(
    told(
      reader,
      turn('Update', ''),
      turn('StartOfTurn', 'I'),
      turn('Update', 'I would'),
      turn('Update', 'I would'),
      turn('EagerEndOfTurn', 'I would like a table.'),
      turn('EndOfTurn', 'I would like a table.'),
    ),
  ).toEqual([
    'speech-started',
    'interim: I',
    'interim: I would',
    'interim: I would like a table.',
    'eager-end-of-turn: I would like a table.',
    'final: I would like a table.',
    'end-of-turn: I would like a table.',
  ]);
});

test('a turn that resumes withdraws its probable end', () => {
  const reader = new FluxReader();
  expect(
    told(
      reader,
      turn('StartOfTurn', 'A table'),
      turn('EagerEndOfTurn', 'A table'),
      turn('TurnResumed', 'A table for'),
      turn('EndOfTurn', 'A table for two.'),
    ),
  ).toEqual([
    'speech-started',
    'interim: A table',
    'eager-end-of-turn: A table',
    'turn-resumed',
    'interim: A table for',
    'final: A table for two.',
    'end-of-turn: A table for two.',
  ]);
});

test('turns follow each other', () => {
  const reader = new FluxReader();
  const one = [turn('StartOfTurn', 'Yes'), turn('EndOfTurn', 'Yes.')];
  expect(told(reader, ...one)).toEqual(told(reader, ...one));
});

test('a loss withdraws a probable end, and the turn is not begun twice', () => {
  const reader = new FluxReader();
  told(reader, turn('StartOfTurn', 'A table'), turn('EagerEndOfTurn', 'A table'));
  expect(reader.lost().map(lineOf)).toEqual(['turn-resumed']);
  expect(told(reader, turn('StartOfTurn', 'A'), turn('EndOfTurn', 'A table.'))).toEqual([
    'interim: A',
    'final: A table.',
    'end-of-turn: A table.',
  ]);
});

test('a turn that is under way is needed from before its first word, one that is over no more', () => {
  const reader = new FluxReader();
  expect(reader.read(turn('StartOfTurn', 'A'), same).settledMs).toBe(1600);
  expect(reader.speaking).toBe(true);
  expect(reader.read(turn('Update', 'A table'), same).settledMs).toBeUndefined();
  expect(reader.read(turn('EndOfTurn', 'A table.'), same).settledMs).toBe(4000);
  expect(reader.speaking).toBe(false);
});

test('silence between turns is settled', () => {
  expect(new FluxReader().read(turn('Update', ''), same)).toEqual({ events: [], settledMs: 3600 });
});

test.each(['Error', 'FatalError'])('%s ends the connection: the schema has one name, the wire the other', (type) => {
  const { failure } = new FluxReader().read({ type, code: 'INTERNAL_SERVER_ERROR', description: 'x' }, same);
  expect(failure).toMatchObject({
    code: 'ERR_FLAVOR_NETWORK',
    message: expect.stringContaining('INTERNAL_SERVER_ERROR'),
  });
});

test('the language comes with the final transcript, where it is told', () => {
  const reader = new FluxReader();
  const { events } = reader.read(turn('EndOfTurn', 'Hola.', { languages: ['es', 'en'] }), same);
  expect(events[0]).toMatchObject({ text: 'Hola.', language: 'es' });
});

test('events and messages that are new are passed over or told, and end nothing', () => {
  const reader = new FluxReader();
  expect(told(reader, turn('SomethingNew', 'x'), { type: 'Connected' }, { type: 'ConfigureSuccess' })).toEqual([]);
  expect(told(reader, { type: 'ConfigureFailure' }, { type: 'Novelty' }, { type: 'Warning' })).toEqual([
    'warning',
    'warning',
    'warning',
  ]);
});
