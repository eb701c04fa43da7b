import { expect, test } from 'vitest';
import { azureSpeakSchema } from '../../../../src/cascade/engines/azure/index.js';
import { buildSsml, escapeXml } from '../../../../src/cascade/engines/azure/ssml.js';
import { readSsml } from '../../../fakes/azure/ssml-reader.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const plain = azureSpeakSchema.parse({});

test('without settings, a document is the text in its voice', () => {
  expect(buildSsml('Tom & Jerry', plain).document).toBe(
    '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="http://www.w3.org/2001/mstts" ' +
      'xml:lang="en-US"><voice name="en-US-AriaNeural">Tom &amp; Jerry</voice></speak>',
  );
});

test.each([
  ['de-DE-KatjaNeural', 'de-DE'],
  ['zh-CN-XiaoxiaoNeural', 'zh-CN'],
  ['sr-Latn-RS-NicholasNeural', 'sr-Latn-RS'],
  ['OurOwnVoice', 'en-US'],
])('the language is that of the voice %s', (voice, language) => {
  expect(buildSsml('x', { ...plain, voice }).document).toContain(`xml:lang="${language}"`);
});

test('characters that XML does not have are left out, pairs of surrogates are kept', () => {
  expect(escapeXml('a\u0000\u0008\ud83d\ude00\ud800\ufffe\uffff\tb')).toBe('a\ud83d\ude00\tb');
});

test('Han characters are charged twice, and so is markup once', () => {
  expect(buildSsml('Hi', plain).characters).toBe(2);
  expect(buildSsml('你好a', plain).characters).toBe(5);
  expect(buildSsml('Hi', { ...plain, rate: 'slow' }).characters).toBe('<prosody rate="slow">Hi</prosody>'.length);
});

test('any text comes out of a document as it went in', () => {
  const random = new SeededRandom(7);
  const alphabet = [
    '<',
    '>',
    '&',
    '"',
    "'",
    ']]>',
    '<!--',
    '&amp;',
    '</voice>',
    'a',
    ' ',
    'ü',
    '你',
    '\u0001',
    '\ud83d\ude00',
  ];
  const config = { ...plain, rate: '+5%', style: 'chat', lexicon: 'https://example.com/a?b=1&c=2' };
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: 1 + random.integer(20) }, () => alphabet[random.integer(alphabet.length)]).join(
      '',
    );
    const said = text.replaceAll('\u0001', '').replace(/\s+/g, ' ').trim();
    expect(readSsml(buildSsml(text, config).document).text).toBe(said);
  }
});
