import { describe, expect, test } from 'vitest';
import { BackChannels } from '../../../src/call/turns/back-channels.js';
import { configDefaults } from '../../../src/config/defaults.js';

const english = new BackChannels(configDefaults.route.interruption.backchannels);

describe('a listener', () => {
  test.each([
    'mm-hm',
    'Mm-hmm.',
    'MMMM',
    'Mhm',
    'uh huh',
    'Uh-huh, yeah.',
    'Yeahhh!',
    'Okay. Okay.',
    'O.K.',
    'All right, got it',
    'alright',
    'I see…',
    'Oh, really?',
    'yés',
  ])('says %j', (text) => {
    expect(english.read(text).backChannel).toBe(true);
  });
});

describe('somebody who wants to speak', () => {
  test.each(['no', 'stop', 'yeah but', 'Okay, wait.', 'right now', 'I see a problem', 'see', 'I', 'what?', '7', 'да'])(
    'says %j',
    (text) => {
      expect(english.read(text).backChannel).toBe(false);
    },
  );
});

test('words are counted without what is no word', () => {
  expect(english.read(" — well, I don't  know… ")).toEqual({ count: 4, backChannel: false });
  expect(english.read('... ! -')).toEqual({ count: 0, backChannel: false });
  expect(english.read('')).toEqual({ count: 0, backChannel: false });
});

test('other languages have lists of their own', () => {
  const german = new BackChannels(['ja', 'genau', 'ach so', 'natürlich']);
  expect(german.read('Ja, genau. Ach so!').backChannel).toBe(true);
  expect(german.read('NATURLICH').backChannel).toBe(true);
  expect(german.read('ach').backChannel).toBe(false);
});

test('without a list nothing is a back-channel, and a phrase without letters is none', () => {
  expect(new BackChannels([]).read('mm').backChannel).toBe(false);
  expect(new BackChannels(['', '...']).read('mm').backChannel).toBe(false);
});

test('a transcript of any length is read quickly', () => {
  expect(english.read('yeah '.repeat(100_000)).count).toBe(80);
  expect(english.read('m'.repeat(1_000_000)).backChannel).toBe(true);
});
