import { expect, test } from 'vitest';
import { ListenReader } from '../../../../src/cascade/engines/azure/listen-reader.js';
import type { UspMessage } from '../../../../src/cascade/engines/azure/usp.js';

function message(path: string, content: unknown): UspMessage {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return { path, requestId: 'A', streamId: '', body: { type: 'text', text } };
}

/** A reader in the middle of a segment, as the call has it 100 ms later than the turn. */
function begun(): ListenReader {
  const reader = new ListenReader();
  read(reader, 'speech.hypothesis', { Text: 'where is' });
  expect(reader.speaking).toBe(true);
  return reader;
}

function read(reader: ListenReader, path: string, content: unknown): ReturnType<ListenReader['read']> {
  return reader.read(message(path, content), (turnMs) => turnMs + 100);
}

const ends = { Offset: 10_000_000, Duration: 5_000_000 };

test.each([
  { RecognitionStatus: 'NoMatch' },
  { RecognitionStatus: 'BabbleTimeout' },
  { RecognitionStatus: 'InitialSilenceTimeout' },
  { RecognitionStatus: 'Success', DisplayText: ' ' },
  { RecognitionStatus: 'Success', NBest: 'none' },
])('a segment that was told of and came to nothing is closed, and silence is nothing to tell: %j', (content) => {
  const reader = begun();
  const closed = { type: 'transcript', text: '', final: true };
  expect(read(reader, 'speech.phrase', { ...content, ...ends })).toEqual({ events: [closed], settledMs: 1_500 });
  expect(reader.speaking).toBe(false);
  expect(read(reader, 'speech.phrase', { ...content, ...ends })).toEqual({ events: [], settledMs: 1_500 });
});

test.each([
  ['speech.phrase', { RecognitionStatus: 'Unheard-of', DisplayText: 'words' }],
  ['speech.phrase', {}],
  ['speech.phrase', '[1]'],
  ['speech.hypothesis', '{"Text":'],
  ['speech.unheard-of', {}],
])('what the protocol does not have is a warning, and the segment goes on: %s %j', (path, content) => {
  const reader = begun();
  expect(read(reader, path, content).events).toMatchObject([
    { type: 'warning', error: { code: 'ERR_FLAVOR_PROTOCOL' } },
  ]);
  expect(reader.speaking).toBe(true);
  const { events } = read(reader, 'speech.phrase', {
    RecognitionStatus: 'Success',
    DisplayText: 'Where is it?',
    ...ends,
  });
  expect(events).toEqual([{ type: 'transcript', text: 'Where is it?', final: true }]);
});

test.each([
  ['Error', 'ERR_FLAVOR_NETWORK', true],
  ['TooManyRequests', 'ERR_FLAVOR_QUOTA', true],
  ['Forbidden', 'ERR_FLAVOR_QUOTA', false],
  ['BadRequest', 'ERR_FLAVOR_CONFIG', false],
])('a phrase of status %s is the end of the connection: %s, retryable: %s', (status, code, retryable) => {
  expect(read(begun(), 'speech.phrase', { RecognitionStatus: status })).toMatchObject({
    events: [],
    failure: { code, retryable },
  });
});

test('words without text are left out, and times that are none are the beginning of the turn', () => {
  const words = [
    { Word: 'where', Offset: 1_000_000, Duration: 2_000_000 },
    { Word: '' },
    { Word: 'is', Offset: 'soon' },
  ];
  const { events } = read(begun(), 'speech.phrase', {
    RecognitionStatus: 'Success',
    NBest: [{ Display: 'Where is', Words: words }],
    ...ends,
  });
  expect(events).toMatchObject([
    {
      words: [
        { text: 'where', startMs: 200, endMs: 400 },
        { text: 'is', startMs: 100, endMs: 100 },
      ],
    },
  ]);
});
