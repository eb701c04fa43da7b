import { expect, test } from 'vitest';
import { parseDscp } from '../../../src/config/notation/dscp.js';

test.each([
  ['EF', 46],
  ['ef', 46],
  ['VOICE-ADMIT', 44],
  ['LE', 1],
  ['CS0', 0],
  ['CS5', 40],
  ['CS7', 56],
  ['AF11', 10],
  ['AF41', 34],
  ['AF43', 38],
  ['0', 0],
  ['63', 63],
])('%s is %i', (name, value) => expect(parseDscp(name)).toEqual({ ok: true, value }));

test.each(['', 'CS8', 'AF14', 'AF51', 'EFX', ' EF', '64', '-1', '4.6', '0x2e', 'toString'])('%j is no mark', (text) =>
  expect(parseDscp(text)).toMatchObject({ ok: false }),
);
