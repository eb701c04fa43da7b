import { describe, expect, test } from 'vitest';
import { isNumberAllowed, normaliseNumber, parseNumberPrefix } from '../../src/config/notation/dialled-number.js';
import { summary } from './load-text.js';

const text = (trunk: string, outbound: string) =>
  `trunks: { carrier: ${trunk} }\noutbound: ${outbound}\nflavors: { a: { use: echo } }\nroutes: [{ match: { any: true }, flavor: a }]\n`;

describe('numbers', () => {
  test.each([
    ['+44 20 7946-0000', '+442079460000'],
    ['+44.20/7946(0000)', '+442079460000'],
    ['2001', '2001'],
    ['020 1', '0201'],
  ])('%s is %s', (written, number) => {
    expect(normaliseNumber(written)).toBe(number);
  });

  test.each([
    '',
    '+',
    '++44',
    '4+4',
    '20*1',
    '#31#44',
    'sip:20',
    '20;x',
    '20@x',
    '1'.repeat(16),
    ' '.repeat(99),
    '２０',
  ])('%j is none', (written) => {
    expect(normaliseNumber(written)).toBeUndefined();
  });

  test('a prefix is one of digits: no list, no number; + is every international one, and no other', () => {
    expect(parseNumberPrefix('+44 20')).toEqual({ ok: true, value: '+4420' });
    expect(parseNumberPrefix('x').ok).toBe(false);
    expect(isNumberAllowed('+442079460000', [])).toBe(false);
    expect(['+4420', '4420', '20'].map((number) => isNumberAllowed(number, ['+']))).toEqual([true, false, false]);
    expect(isNumberAllowed('+4420', ['4420', '+33'])).toBe(false);
  });
});

describe('mistakes', () => {
  test.each([
    ['a user without a password', '{ targets: ["sip:10.0.0.1"], user: u }', '{}', 'has no password'],
    ['a password without a user', '{ targets: ["sip:10.0.0.1"], password: pass-word }', '{}', 'has no user'],
    [
      'a user that is none, and a password',
      '{ targets: ["sip:10.0.0.1"], user: "", password: pass-word }',
      '{}',
      'carrier.user',
    ],
    ['a number to call from that is an address', '{ targets: ["sip:10.0.0.1"] }', '{ from: "a@b" }', 'user part'],
    ['a domain that is an address', '{ targets: ["sip:10.0.0.1"], domain: "a@b" }', '{}', 'expected a host'],
    ['a domain with a parameter', '{ targets: ["sip:10.0.0.1"], fromDomain: "b;lr" }', '{}', 'expected a host'],
    ['a proxy without a domain', '{ targets: ["sip:10.0.0.1;lr"] }', '{}', 'behind a proxy'],
    ['a target with a user', '{ targets: ["sip:a@10.0.0.1"] }', '{}', 'names no user'],
    ['a target that is no SIP', '{ targets: ["tel:+44"] }', '{}', 'sip: or sips:'],
    ['no target', '{ targets: [] }', '{}', 'targets'],
    ['a trunk that is not there', '{ targets: ["sip:10.0.0.1"] }', '{ trunk: other }', 'no trunk'],
    ['numbers without a trunk', '{ targets: ["sip:10.0.0.1"] }', '{ allow: ["+44"] }', 'no way to them'],
    ['a prefix that is none', '{ targets: ["sip:10.0.0.1"] }', '{ allow: ["+44x"], trunk: carrier }', 'beginning'],
  ])('%s', async (_, trunk, outbound, said) => {
    const problems = await summary(text(trunk, outbound));
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).toContain(said);
  });

  test('credentials where OpenSIPS answers the challenges', async () => {
    const trunk = '{ targets: ["sip:10.0.0.1"], user: u, password: pass-word }';
    expect(await summary(`signaling: { driver: opensips }\n${text(trunk, '{}')}`)).toEqual([
      'error trunks.carrier.user: with driver opensips it is OpenSIPS that answers a challenge',
    ]);
  });

  test('a trunk whose password is not set is there all the same', async () => {
    const trunk = `{ targets: ["sip:10.0.0.1"], user: u, password: "\${NOT_SET}" }`;
    const targets = 'transfer: { targets: { desk: { uri: "tel:+441", mode: bridge, trunk: carrier } } }\n';
    expect(await summary(text(trunk, '{ allow: ["+44"], trunk: carrier }') + targets)).toEqual([
      'error trunks.carrier.password: the environment variable NOT_SET is not set',
    ]);
  });

  test('a way out that is right; the whole world is a warning', async () => {
    const trunk =
      '{ targets: ["sip:sbc.example:5080;transport=tcp", "sip:[2001:db8::1]"], user: u, password: pass-word }';
    expect(await summary(text(trunk, '{ allow: ["+44", "20"], trunk: carrier }'))).toEqual([]);
    expect(JSON.stringify(await summary(text(trunk, '{ allow: ["+"], trunk: carrier }')))).toContain('every number');
  });
});
