import { expect, test } from 'vitest';
import { parseContentType } from '../../../src/signaling/message/content-type.js';
import { parseCSeq, serializeCSeq } from '../../../src/signaling/message/cseq.js';
import { parseMaxForwards } from '../../../src/signaling/message/max-forwards.js';
import { reasonPhrase } from '../../../src/signaling/message/reason-phrases.js';

test('CSeq', () => {
  expect(parseCSeq(' 0009  INVITE ')).toEqual({ number: 9, method: 'INVITE' });
  expect(['', '1', 'INVITE', '1INVITE', '1 INVITE x', '1 IN(VITE', '2147483648 BYE', '1.5 BYE'].map(parseCSeq)).toEqual(
    new Array(8).fill(undefined),
  );
  expect(serializeCSeq({ number: 9, method: 'BYE' })).toBe('9 BYE');
});

test('Max-Forwards', () => {
  expect(['0', '0068', '255', '256', '-1', '', '7 0'].map(parseMaxForwards)).toEqual([
    ...[0, 68, 255, undefined, undefined, undefined, undefined],
  ]);
});

test('Content-Type', () => {
  expect(parseContentType('Application / SDP ;charset=UTF-8')).toEqual({
    mediaType: 'application/sdp',
    params: new Map([['charset', 'UTF-8']]),
  });
  expect(parseContentType('multipart/mixed;boundary="a;b"')?.params.get('boundary')).toBe('"a;b"');
  expect(['', 'text', 'text/', '/plain', 'text/plain;', 'text/plain x'].map(parseContentType)).toEqual(
    new Array(6).fill(undefined),
  );
});

test('a phrase exists for every status, if only that of its class', () => {
  expect([100, 488, 499, 299, 777].map(reasonPhrase)).toEqual([
    'Trying',
    'Not Acceptable Here',
    'Bad Request',
    'OK',
    'Unknown',
  ]);
});
