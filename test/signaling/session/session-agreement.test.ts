import { describe, expect, test } from 'vitest';
import {
  parseMinSe,
  parseSessionExpires,
  serializeSessionExpires,
} from '../../../src/signaling/message/session-expires.js';
import { refreshOutcome } from '../../../src/signaling/session/refresh-outcome.js';
import {
  agreedSession,
  answerSession,
  askSession,
  type SessionAnswer,
  type SessionTimerOptions,
  sessionTimes,
} from '../../../src/signaling/session/session-agreement.js';

const accept: SessionTimerOptions = { mode: 'accept', expiresSeconds: 1800, minSeconds: 90, refresher: 'us' };
const request: SessionTimerOptions = { ...accept, mode: 'request' };

function summary(answer: SessionAnswer): string {
  if (answer.type === 'refused') return `422 ${answer.minSeconds}`;
  if (answer.type === 'none') return 'none';
  return `${serializeSessionExpires(answer.expires)}${answer.required ? ' required' : ''}`;
}

/** What is answered to `Session-Expires: text` with or without `Supported: timer`. */
function answerTo(
  text: string | undefined,
  parts: { supported?: boolean; minSe?: string; options?: SessionTimerOptions } = {},
) {
  const { supported = true, minSe = '', options = accept } = parts;
  const expires = text === undefined ? undefined : parseSessionExpires(text);
  return summary(answerSession({ supported, expires, minSeconds: parseMinSe(minSe) }, options, undefined));
}

describe('a session refresh request of the peer', () => {
  test.each([
    ['1800', '1800;refresher=uac required'],
    ['1800;refresher=uac', '1800;refresher=uac required'],
    ['1800;refresher=uas', '1800;refresher=uas required'],
    [' 90 ; Refresher = UAS;x=y', '90;refresher=uas required'],
    ['1800;refresher=nobody', '1800;refresher=uac required'],
    ['89', '422 90'],
    ['0', '422 90'],
    ['4294967296', '86400;refresher=uac required'],
    ['99999999999999999999', '86400;refresher=uac required'],
    ['-1', 'none'],
    ['soon', 'none'],
    ['1800;;', 'none'],
    ['', 'none'],
    [undefined, 'none'],
  ])('Session-Expires: %s -> %s', (text, answer) => {
    expect(answerTo(text)).toBe(answer);
  });

  test('from a peer without the extension: we refresh, nothing is required of it, and too short an interval is no timer', () => {
    expect(answerTo('1800', { supported: false })).toBe('1800;refresher=uas');
    expect(answerTo('1800;refresher=uac', { supported: false })).toBe('1800;refresher=uas');
    expect(answerTo('30', { supported: false })).toBe('none');
  });

  test('is not reduced below the Min-SE of the peer, nor raised', () => {
    expect(answerTo('4294967296', { minSe: '100000' })).toBe('100000;refresher=uac required');
    expect(answerTo('120', { minSe: '100000' })).toBe('120;refresher=uac required');
  });

  test('with session timers off: none', () => {
    expect(answerTo('30', { options: { ...accept, mode: 'off' } })).toBe('none');
  });

  test('where we ask for timers: ours, shorter ones stay, longer ones become ours', () => {
    expect(answerTo(undefined, { options: request })).toBe('1800;refresher=uas required');
    expect(answerTo(undefined, { options: { ...request, refresher: 'peer' } })).toBe('1800;refresher=uac required');
    expect(answerTo(undefined, { options: { ...request, refresher: 'peer' }, supported: false })).toBe(
      '1800;refresher=uas',
    );
    expect(answerTo(undefined, { options: request, minSe: '3600' })).toBe('3600;refresher=uas required');
    expect(answerTo('7200', { options: request })).toBe('1800;refresher=uas required');
    expect(answerTo('600', { options: request })).toBe('600;refresher=uas required');
    expect(answerTo('600', { options: { ...request, minSeconds: 700 } })).toBe('422 700');
  });

  test('in a dialog keeps the refresher where it names none', () => {
    const question = { supported: true, expires: parseSessionExpires('600'), minSeconds: undefined };
    const current = { seconds: 600, weRefresh: true };
    expect(summary(answerSession(question, accept, current))).toBe('600;refresher=uas required');
    expect(summary(answerSession(question, accept, { ...current, weRefresh: false }))).toBe(
      '600;refresher=uac required',
    );
  });

  test('in a dialog without Session-Expires: our timer goes on, the peer’s ends', () => {
    const question = { supported: true, expires: undefined, minSeconds: undefined };
    expect(summary(answerSession(question, accept, { seconds: 600, weRefresh: true }))).toBe(
      '600;refresher=uas required',
    );
    expect(summary(answerSession(question, accept, { seconds: 600, weRefresh: false }))).toBe('none');
  });
});

describe('a session refresh request of ours', () => {
  test('asks for what the operator wants, or keeps what was agreed', () => {
    expect(askSession(accept, undefined, 0)).toBeUndefined();
    expect(askSession({ ...request, mode: 'off' }, { seconds: 600, weRefresh: true }, 0)).toBeUndefined();
    expect(askSession(request, undefined, 0)?.expires).toEqual({ seconds: 1800, refresher: 'uac' });
    expect(askSession({ ...request, refresher: 'peer' }, undefined, 0)?.expires.refresher).toBe('uas');
    expect(askSession(accept, { seconds: 600, weRefresh: false }, 0)?.expires).toEqual({
      seconds: 600,
      refresher: 'uas',
    });
    expect(askSession(accept, undefined, 3600)).toEqual({
      expires: { seconds: 3600, refresher: 'uac' },
      minSeconds: 3600,
    });
  });

  test('agrees to what the 2xx says, never to a shorter interval than the RFC', () => {
    const read = (text: string) => agreedSession(parseSessionExpires(text), accept, undefined);
    expect(read('600;refresher=uas')).toEqual({ seconds: 600, weRefresh: false });
    expect(read('600;refresher=uac')).toEqual({ seconds: 600, weRefresh: true });
    expect(read('600')).toEqual({ seconds: 600, weRefresh: true });
    expect(read('1;refresher=uac')).toEqual({ seconds: 90, weRefresh: true });
    expect(read('nonsense')).toBeUndefined();
    expect(agreedSession(undefined, accept, { seconds: 600, weRefresh: false })).toBeUndefined();
    expect(agreedSession(undefined, accept, { seconds: 600, weRefresh: true })).toEqual({
      seconds: 600,
      weRefresh: true,
    });
  });

  test.each([
    [90, 45_000, 60_000],
    [96, 48_000, 64_000],
    [1800, 900_000, 1_768_000],
  ])('an interval of %i s is refreshed after %i ms and over after %i', (seconds, refreshMs, endMs) => {
    expect(sessionTimes({ seconds, weRefresh: true })).toEqual({ refreshMs, endMs });
  });

  test.each([
    [200, 'refreshed'],
    [422, 'too-brief'],
    [405, 'no-update'],
    [501, 'no-update'],
    [491, 'later'],
    [500, 'later'],
    ['transport', 'later'],
    [408, 'dead'],
    [481, 'dead'],
    ['timeout', 'dead'],
  ] as const)('%s is %s', (result, type) => {
    expect(refreshOutcome(result).type).toBe(type);
  });
});
