import { expect, it } from 'vitest';
import { parseAvcAnswer } from '../../src/connector/avc-answer.js';
import { readScriptSettings } from '../../src/connector/script-settings.js';
import { createKeptLog } from '../support/silent-log.js';

it('the words of the Python connector are understood, its other options told', () => {
  const text = '{"flavor":"openai","openai":{"instructions":"Be kind","welcome_message":"Hi","voice":"echo"}}';
  expect(parseAvcAnswer(text, undefined)).toEqual({
    ok: true,
    answer: { flavor: 'openai', instructions: 'Be kind', greeting: { text: 'Hi' } },
    unknownKeys: ['voice'],
  });
});

it.each([
  ['', undefined],
  ['{"requestUri":"sip:1@x","source":"udp:1.2.3.4:5"}', undefined],
  ['{"flavor":""}', {}],
  ['{"flavor":"salon"}', { flavor: 'salon' }],
  ['{"variables":{"shop":"London"}}', { variables: { shop: 'London' } }],
  ['{"front":{"instructions":"Be kind"}}', { instructions: 'Be kind' }],
  ['no JSON', undefined],
  ['{"flavor":7}', undefined],
])('%s', (text, expected) => {
  expect(readScriptSettings(text, 'front', createKeptLog())).toEqual(expected);
});
