import { describe, expect, test } from 'vitest';
import type { RouteConfig, RouteMatch } from '../../src/config/config.js';
import { patternEffort } from '../../src/config/notation/pattern-effort.js';
import { compilePattern, matchesPattern, maxMatchedLength } from '../../src/config/notation/route-pattern.js';
import { createRouter, describeMismatch, describeRoute, type RouteInput } from '../../src/config/router.js';
import { routeDefaults } from '../support/config-defaults.js';

const route = (match: RouteMatch, flavor = 'a'): RouteConfig => ({
  ...routeDefaults,
  match,
  flavor,
});
const call = (input: Partial<RouteInput> = {}): RouteInput => ({
  requestUser: '2000',
  toUser: '3000',
  fromUser: '1000',
  headers: new Map([['x-tenant', ['acme', 'globex']]]),
  ...input,
});
const matches = (match: RouteMatch, input?: Partial<RouteInput>): boolean =>
  createRouter([route(match)]).route(call(input)).index === 0;

describe('a match', () => {
  test.each<[string, RouteMatch, boolean]>([
    ['any', { any: true }, true],
    ['the dialled number', { to: '2000' }, true],
    ['the whole of it, not its end', { to: '000' }, false],
    ['the whole of it, not its beginning', { to: '200' }, false],
    ['the request-URI, not To', { to: '3000' }, false],
    ['To on demand', { toHeader: '3000' }, true],
    ['the caller', { from: '10..' }, true],
    ['alternatives, anchored as one', { to: '1|2000|3' }, true],
    ['alternatives that would match a part', { to: '2|20' }, false],
    ['all conditions', { to: '2000', from: '1000', toHeader: '3000', header: { 'X-Tenant': 'acme' } }, true],
    ['not when one fails', { to: '2000', from: '1001' }, false],
    ['a header in any case', { header: { 'X-TENANT': 'acme' } }, true],
    ['any value of a header', { header: { 'X-Tenant': 'globex' } }, true],
    ['not an absent header, even by .*', { header: { 'X-Other': '.*' } }, false],
    ['case counts', { header: { 'X-Tenant': 'ACME' } }, false],
  ])('%s', (_name, match, expected) => {
    expect(matches(match)).toBe(expected);
  });

  test('the To user stands in only where the request-URI has none', () => {
    expect(createRouter([]).route(call({ requestUser: '' })).to).toBe('3000');
    expect(matches({ to: '3000' }, { requestUser: '' })).toBe(true);
  });

  test('a number of 256 characters is looked at, one of 257 is not', () => {
    expect(matches({ to: '.*' }, { requestUser: '1'.repeat(256) })).toBe(true);
    expect(matches({ to: '.*' }, { requestUser: '1'.repeat(257) })).toBe(false);
  });

  test('a header field of 2,048 characters is looked at, an Identity for one; of 256 where the pattern loops a lot', () => {
    const identity = (length: number): Partial<RouteInput> => ({
      headers: new Map([['identity', [`${'e'.repeat(length - 11)};ppt=shaken`]]]),
    });
    expect(matches({ header: { Identity: '.*;ppt=shaken.*' } }, identity(2_048))).toBe(true);
    expect(matches({ header: { Identity: '.*;ppt=shaken.*' } }, identity(2_049))).toBe(false);
    expect(matches({ header: { Identity: 'e*.*;ppt=.*' } }, identity(256))).toBe(true);
    expect(matches({ header: { Identity: 'e*.*;ppt=.*' } }, identity(257))).toBe(false);
  });

  test('a character outside the basic plane is one character', () => {
    expect(matches({ to: '.' }, { requestUser: '😀' })).toBe(true);
  });
});

describe('the decision', () => {
  const router = createRouter([
    route({ to: '2001' }, 'bare'),
    route({ to: '2000', header: { 'X-Vip': 'yes' } }, 'vip'),
    route({ to: '2000' }, 'first'),
    route({ any: true }, 'last'),
  ]);

  test('is the first match, with the reason why each route before it was passed over', () => {
    const decision = router.route(call());
    expect(decision).toMatchObject({ to: '2000', index: 2, route: { flavor: 'first' } });
    expect(decision.mismatches.map(describeMismatch)).toEqual([
      'to "2000" does not match 2001',
      'header X-Vip is absent, and must match yes',
    ]);
  });

  test('is nothing where nothing matches', () => {
    const decision = createRouter([route({ from: '9' })]).route(call({ fromUser: 'x'.repeat(300) }));
    expect(decision).toMatchObject({ index: undefined, route: undefined });
    expect(decision.mismatches.map(describeMismatch)).toEqual(['from is longer than 256 characters']);
  });

  test('a header with several values is told with all of them', () => {
    const { mismatches } = createRouter([route({ header: { 'X-Tenant': 'x' } })]).route(call());
    expect(mismatches.map(describeMismatch)).toEqual(['header X-Tenant "acme", "globex" does not match x']);
  });

  test('a bad pattern never gets as far as a call', () => {
    expect(() => createRouter([route({ any: true }), route({ header: { 'X-A': '(' } })])).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_INVALID',
        message: expect.stringContaining('routes[1].match.header.X-A: bad regular expression'),
      }),
    );
  });
});

test('a route has a short name for records and logs, made of the configuration alone', () => {
  expect(describeRoute(3, route({ to: '2000', from: '1.*', header: { 'X-A': 'b' } }))).toBe('3 to=2000 from=1.* X-A=b');
  expect(describeRoute(0, route({ any: true }))).toBe('0 any');
  expect(describeRoute(0, route({ to: `(?:${'1'.repeat(200)})` }))).toHaveLength(120);
});

describe('patterns', () => {
  test.each([
    '2000',
    '\\+4420.*',
    '(?:00|\\+)44\\d{2,}',
    '[0-9*#]+',
    '(?<area>20|21)\\d*',
    '(?:\\d{3}-){2}\\d{4}',
    '(?:ab|cd){2}',
    '(?:a+b)?',
    '[(|)*+]+',
    '\\(\\)\\*+',
    '.*,.*,.*',
    '\\p{L}+',
    '(?=.*x)[a-z]*',
    '(?:(?:a|b)c){1,10}',
    '(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}',
    '(?:\\+|00)?44(?:20|161)\\d{6,12}',
    '(?:ab){12}',
    '',
  ])('%s is taken', (source) => {
    expect(compilePattern(source)).toMatchObject({ ok: true });
  });

  test.each([
    ['(\\d+)*', 'repeats a group'],
    ['(?:a|a)+', 'repeats a group'],
    ['(?:a*){2,}', 'repeats a group'],
    ['(?:(?:a+)b)*', 'repeats a group'],
    ['((a|b)c)+?', 'repeats a group'],
    ['(?:\\d{1,30}){1,30}', 'repeats a group'],
    ['(?:a+){11}', 'repeats a group'],
    ['(?:\\d{1,3}\\.?)+', 'repeats a group'],
    ['(?:\\d\\d?)*', 'repeats a group'],
    ['(?:\\d*){5}', 'more than 4 unbounded repetitions'],
    ['((a?){10}){3}', 'too many ways'],
    ['(\\d{1,10}){10}', 'too many ways'],
    ['(\\d?){10}\\d*\\d*\\d*\\d*', 'too many ways'],
    ['.*.*.*.*.*', 'more than 4 unbounded repetitions'],
    ['[', 'unterminated character class'],
    ['\\-', 'invalid escape'],
    ['a{2,1}', 'numbers out of order'],
    ['a)b(c', "unmatched ')'"],
  ])('%s is refused: %s', (source, problem) => {
    expect(compilePattern(source)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });

  test.each([
    ['.*a.*b.*c', 'ab'],
    ['.*.*.*.*c', 'ab'],
    ['(?:\\d+,?){1,3}', '1'],
    ['(?:a|aa){16}c', 'a'],
  ])('%s, on the longest number of the worst kind, is done at once', (source, unit) => {
    const pattern = compilePattern(source);
    if (!pattern.ok) throw new Error(pattern.problem);
    const most = maxMatchedLength(source, 'number');
    const number = unit.repeat(most / unit.length - 1);
    const { user } = process.cpuUsage();
    expect(matchesPattern(pattern.value, `${number}!`, most)).toBe(false);
    // Five orders of magnitude below what a refused pattern takes.
    expect(process.cpuUsage().user - user).toBeLessThan(2_000_000);
  });

  test('the more ways a pattern has, the shorter are the texts that it is tried on', () => {
    expect(maxMatchedLength('.*', 'number')).toBe(256);
    expect(maxMatchedLength('.*,.*,.*', 'number')).toBe(256);
    expect(maxMatchedLength('.*,.*,.*,.*', 'number')).toBe(98);
    expect(maxMatchedLength('.*;tenant=(?:acme|foo);.*', 'header')).toBe(2000);
    expect(maxMatchedLength('.*,.*', 'header')).toBe(2048);
    expect(maxMatchedLength('.*,.*,.*', 'header')).toBe(256);
  });

  test.each(['(?i:ab)+', '(?i-s:ab)+', '(?-i:ab)+'])(
    'modifiers are no repetition, where Node.js has them: %s',
    (source) => {
      expect(patternEffort(source)).toEqual(patternEffort('(?:ab)+'));
    },
  );
});
