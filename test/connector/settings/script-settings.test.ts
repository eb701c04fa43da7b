import { expect, it } from 'vitest';
import { parseAvcAnswer } from '../../../src/connector/settings/avc-answer.js';
import { readScriptSettings } from '../../../src/connector/settings/script-settings.js';
import { createKeptLog } from '../../support/silent-log.js';

it('the words of the Python connector are understood: every option of its INI file, for one call', () => {
  const openai = {
    ...{ instructions: 'Be kind', welcome_message: 'Hi', key: 'sk-tenant', model: 'gpt-realtime-mini', voice: 'echo' },
    ...{ url: 'wss://other.example/v1/realtime?model=x', temperature: 0.7, max_tokens: '500', transfer_to: 'desk@pbx' },
    ...{ turn_detection_type: 'server_vad', turn_detection_silence_ms: 300, turn_detection_threshold: '0.4' },
    ...{ turn_detection_prefix_ms: 100, tools: '/app/f.py', transfer_by: 'a@b', disable: true, loud: 'yes' },
  };
  expect(parseAvcAnswer(JSON.stringify({ flavor: 'openai', openai }), undefined)).toEqual({
    ok: true,
    answer: {
      flavor: 'openai',
      instructions: 'Be kind',
      greeting: { text: 'Hi' },
      own: {
        flavor: {
          ...{ apiKey: 'sk-tenant', model: 'gpt-realtime-mini', voice: 'echo', maxOutputTokens: 500 },
          ...{ url: 'wss://other.example/v1/realtime', dialect: 'beta', temperature: 0.7 },
          turnDetection: { type: 'server_vad', silenceDurationMs: 300, threshold: 0.4, prefixPaddingMs: 100 },
        },
        transferTo: 'sip:desk@pbx',
      },
    },
    unknownKeys: ['disable', 'tools', 'transfer_by', 'loud'],
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

it('what is nested so deep that nobody can write it again is left out, in either words', () => {
  const deep = '['.repeat(10_000) + ']'.repeat(10_000);
  for (const text of [`{"flavor":${deep}}`, `{"front":{"instructions":${deep}}}`]) {
    expect(readScriptSettings(text, 'front', createKeptLog())).toBeUndefined();
    expect(parseAvcAnswer(text, 'front')).toEqual({ ok: false, problem: 'it is too deep' });
  }
});

// It comes from a web server of the operator's, or in a header field.
it.each([['no JSON'], ['[1]'], ['null'], ['"salon"']])('%s is no answer in those words', (text) => {
  expect(parseAvcAnswer(text, 'openai')).toMatchObject({ ok: false });
});
