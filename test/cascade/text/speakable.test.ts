import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createSpeakable, speakable, speakableLanguages } from '../../../src/cascade/text/speakable.js';

/** What is written, and what is said. */
type Cases = readonly (readonly [written: string, said: string])[];

function says(cases: Cases, language = 'en'): void {
  const say = createSpeakable({ language });
  for (const [written, said] of cases) expect(say(written), written).toBe(said);
}

describe('English', () => {
  it('counts', () => {
    says([
      ['0 of 12 apples', 'zero of twelve apples'],
      [
        'We have 1,234,567 users.',
        'We have one million two hundred thirty-four thousand five hundred sixty-seven users.',
      ],
      ['It is 3.14 or -7, at -0.5.', 'It is three point one four or minus seven, at minus zero point five.'],
      ['3-4 days, 10 – 12 people', 'three to four days, ten to twelve people'],
      ['1/2 a cup, ¾ done, 24/7', 'one half a cup, three quarters done, twenty-four seven'],
      ['3/14 of the total, 5/8-inch', 'three fourteenths of the total, five eighths-inch'],
      ['Version 1.2.3 runs.', 'Version one point two point three runs.'],
      ['5k runners and 3M cells', 'five thousand runners and three million cells'],
    ]);
  });

  it('takes no sign of a number for another', () => {
    says([
      ['Take .5 mg, or .25 of it.', 'Take zero point five milligrams, or zero point two five of it.'],
      [
        'It was -3°C, or -5%, and -$5.',
        'It was minus three degrees Celsius, or minus five percent, and minus five dollars.',
      ],
      ['2^10', 'two to the power of ten'],
      ['≥18 years, ≤ 10 people', 'at least eighteen years, at most ten people'],
      [
        '₹1,00,000 and 12,34,567',
        'one hundred thousand rupees and one million two hundred thirty-four thousand five hundred sixty-seven',
      ],
      ['the 1,234th', 'the one thousand two hundred thirty-fourth'],
      ['v1.2.3', 'v one point two point three'],
      ['$5/mo, $60/yr', 'five dollars per month, sixty dollars per year'],
      ['1Z999AA10123456784', 'one Z nine nine nine A A one zero one two three four five six seven eight four'],
    ]);
    says([['≥18, -3°C', 'mindestens achtzehn, minus drei Grad']], 'de');
  });

  it('says numbers of services', () => {
    says([
      ['Hang up and dial 911.', 'Hang up and dial nine one one.'],
      ['You can call 988 or call 911 people.', 'You can call nine eight eight or call nine one one people.'],
      ['We have 911 guests.', 'We have nine hundred eleven guests.'],
      ['Call 1-800-FLOWERS or 888-GOGO.', 'Call one eight hundred FLOWERS or eight eight eight GOGO.'],
      ['94105-1234', 'nine four one zero five, one two three four'],
    ]);
  });

  it('says dates', () => {
    says([
      ['2026-03-14', 'March fourteenth, twenty twenty-six'],
      ['2026-03-14T09:30:00Z', 'March fourteenth, twenty twenty-six, nine thirty'],
      ['2026-03-14T29:30:00Z', 'March fourteenth, twenty twenty-six'],
      ['on 3/14/2026.', 'on March fourteenth, twenty twenty-six.'],
      [
        'born 3/4/85, valid until 3/4/49',
        'born March fourth, nineteen eighty-five, valid until March fourth, twenty forty-nine',
      ],
      ['On Mar. 3rd, 2026, we met', 'On March third, twenty twenty-six, we met'],
      ['the 21st of May', 'the twenty-first of May'],
      ['14 March 1984', 'the fourteenth of March, nineteen eighty-four'],
      ['Friday, December 5 at 3:30 PM', 'Friday, December fifth at three thirty P M'],
      [
        'in 1905, 1900, 2005 and 2026',
        'in nineteen oh five, nineteen hundred, two thousand five and twenty twenty-six',
      ],
      ['the 1990s', 'the nineteen nineties'],
      ['2024-2025', 'twenty twenty-four to twenty twenty-five'],
    ]);
    says([['3/4/2026', 'April third, twenty twenty-six']], 'en-GB');
    says([
      ['on 3/14 at 9:30', 'on March fourteenth at nine thirty'],
      ['due Friday, 10/9.', 'due Friday, October ninth.'],
    ]);
    says([['since 3/4', 'since April third']], 'en-GB');
  });

  it('says times', () => {
    says([
      ['at 9:00', "at nine o'clock"],
      ['9:05 am', 'nine oh five A M'],
      ['We close at 5 p.m. Then we rest.', 'We close at five P M. Then we rest.'],
      ['at 5 p.m. on Friday', 'at five P M on Friday'],
      ['from 9-11am', 'from nine to eleven A M'],
      ['14:30', 'fourteen thirty'],
    ]);
  });

  it('says telephone numbers digit by digit, in groups', () => {
    says([
      ['Call (415) 555-0132.', 'Call four one five, five five five, zero one three two.'],
      ['+44 20 7183 8750', 'plus four four, two zero, seven one eight three, eight seven five zero'],
      ['555-0132', 'five five five, zero one three two'],
      ['1-800-555-0199', 'one, eight zero zero, five five five, zero one nine nine'],
      ['Dial 4155550132', 'Dial four one five, five five five, zero one three two'],
      ['020 7183 8750', 'zero two zero, seven one eight three, eight seven five zero'],
    ]);
  });

  it('sets a telephone number apart from a number right before it', () => {
    says([
      ['Room 12 555 123 4567', 'Room twelve, five five five, one two three, four five six seven'],
      ['call 2 0800 123456', 'call two, zero eight zero zero, one two three, four five six'],
      ['Unit 3 (415) 555-0132', 'Unit three, four one five, five five five, zero one three two'],
      ['gate B12 4155550132', 'gate B twelve, four one five, five five five, zero one three two'],
      [
        'room 12 +44 20 7183 8750',
        'room twelve, plus four four, two zero, seven one eight three, eight seven five zero',
      ],
      // A number without which the other is none, and one that is set apart already.
      ['call 1 800 555 0199', 'call one, eight zero zero, five five five, zero one nine nine'],
      ['room 12, 555-0132', 'room twelve, five five five, zero one three two'],
    ]);
  });

  it('says codes digit by digit', () => {
    says([
      ['Your confirmation code is 482913.', 'Your confirmation code is four eight two, nine one three.'],
      ['order number 4711', 'order number four seven one one'],
      ['Room 007, gate B12', 'Room zero zero seven, gate B twelve'],
      ['ref AB12CD', 'ref A B one two C D'],
      ['#5 of #12345', 'number five of number one two three four five'],
      ['The code works. We have 482 guests.', 'The code works. We have four hundred eighty-two guests.'],
    ]);
  });

  it('says money', () => {
    says([
      ['$5', 'five dollars'],
      ['$1', 'one dollar'],
      ['$5.50 or €0.99', 'five dollars and fifty cents or ninety-nine cents'],
      ['£1,200.01', 'one thousand two hundred pounds and one penny'],
      ['$3.5 million', 'three point five million dollars'],
      ['20 €, 20 EUR, USD 20', 'twenty euros, twenty euros, twenty dollars'],
      ['$20/month', 'twenty dollars per month'],
      ['-$5', 'minus five dollars'],
      ['¥500', 'five hundred yen'],
      ['$10-$15', 'ten dollars to fifteen dollars'],
    ]);
  });

  it('says percentages, units and ordinals', () => {
    says([
      ['5.5 % of 100%', 'five point five percent of one hundred percent'],
      ['1 km, 5km and 60 km/h', 'one kilometer, five kilometers and sixty kilometers per hour'],
      ['21°C, 5 lbs, 2 m²', 'twenty-one degrees Celsius, five pounds, two square meters'],
      ['1st, 2nd, 3rd, 12th, 20th, 101st', 'first, second, third, twelfth, twentieth, one hundred first'],
      [`5'10" tall`, 'five foot ten tall'],
      ['$5/h', 'five dollars per hour'],
    ]);
  });

  it('says addresses', () => {
    says([
      ['Write to jane.doe24@example.com.', 'Write to jane dot doe two four at example dot com.'],
      ['See https://www.example.com/help?x=1#y.', 'See example dot com slash help.'],
      ['See https://constructor.example.com/valueOf.', 'See constructor dot example dot com slash valueOf.'],
      ['example.co.uk', 'example dot co dot uk'],
      ['a_b-c@x-y.org', 'a underscore b dash c at x dash y dot org'],
      [`https://example.com/${'a1/'.repeat(30)} now`, 'example dot com now'],
    ]);
  });

  it('writes out abbreviations and signs', () => {
    says([
      ['Dr. Smith, 5 Oak Dr.', 'Doctor Smith, five Oak Drive.'],
      ['St. Mary, Main St. 5', 'Saint Mary, Main Street five'],
      ['e.g. tea, i.e. hot, etc.', 'for example tea, that is hot, et cetera.'],
      ['R&D and/or you + me = us', 'R and D and or you plus me equals us'],
      ['he/she', 'he or she'],
      ['No. No. 5', 'No. number five'],
    ]);
  });

  it('lets ordinary words be', () => {
    const text = `I'm sure: the well-known "yes" - no; it's (really) fine! Is it?`;
    expect(speakable(text)).toBe(`I'm sure: the well-known "yes", no; it's (really) fine! Is it?`);
  });
});

test('markdown is not read out', () => {
  says([
    ['## Our prices', 'Our prices'],
    ['**Bold**, *soft*, `code`, ~~gone~~, __so__', 'Bold, soft, code, gone, so'],
    ['- tea\n- coffee\n\n1. one\n2) two', 'tea. coffee. one, one. two, two'],
    ['See [our site](https://example.com/x) ![logo](a.png).', 'See our site logo.'],
    ['| Day | Time |\n|---|:--:|\n| Mon | 9 am |', 'Day, Time. Mon, nine A M'],
    ['> quoted\n\n---\n\nend', 'quoted. end'],
    ['```js\nrun()\n```', 'run()'],
    ['as known [1][2]', 'as known'],
    ['<speak>Hi <break time="3s"/>you</speak> &amp; me', 'Hi you and me'],
    ['snake_case and 2*3', 'snake case and two times three'],
  ]);
});

test('emoji, emoticons and invisible characters are not read out', () => {
  says([
    ['Great 👍🏽! See you 🇩🇪 :-) soon 👨‍👩‍👧', 'Great! See you soon'],
    ['\u202eabc\u200b\u0000d\ud800', 'abcd'],
    ['1️⃣ tea™', 'one tea'],
    ['“quoted” it’s – fine—yes', '"quoted" it\'s, fine, yes'],
  ]);
});

test('the operator decides about pronunciations', () => {
  const say = createSpeakable({
    pronunciations: { nginx: 'engine ex', SIP: 'sip', '3CX': 'three C X', 'Dr.': 'Drive' },
  });
  expect(say('Nginx, SIP, sip and 3CX on Oak Dr. today')).toBe('engine ex, sip, sip and three C X on Oak Drive today');
});

test('German', () => {
  says(
    [
      [
        '1 Haus, 21 Tage, 1.234,5 m',
        'eins Haus, einundzwanzig Tage, eintausendzweihundertvierunddreißig Komma fünf Meter',
      ],
      ['am 3. März 2026 um 14:30 Uhr', 'am dritten März zweitausendsechsundzwanzig um vierzehn Uhr dreißig'],
      ['Der 1.4.1984', 'Der erste April neunzehnhundertvierundachtzig'],
      ['20,50 € bzw. 1 €, 5 %', 'zwanzig Euro und fünfzig Cent beziehungsweise ein Euro, fünf Prozent'],
      ['z. B. 030 1234567', 'zum Beispiel null drei null, eins zwei drei, vier fünf sechs sieben'],
      ['max@beispiel.de', 'max ät beispiel Punkt de'],
    ],
    'de-DE',
  );
});

test('Spanish', () => {
  says(
    [
      ['21 €, 100 casas, 1.500,5', 'veintiún euros, cien casas, mil quinientos coma cinco'],
      ['14/03/2026 a las 14:30', 'catorce de marzo de dos mil veintiséis a las catorce treinta'],
      ['El Sr. Pérez, 3º', 'El señor Pérez, tercero'],
      ['pedido 11-12-2024-77', 'pedido uno uno, uno dos, dos cero dos cuatro, siete siete'],
      ['1-5-2026-5-6-2026', 'primero de mayo de dos mil veintiséis a cinco de junio de dos mil veintiséis'],
    ],
    'es',
  );
});

test('French', () => {
  says(
    [
      ['71, 80, 81, 99, 200', 'soixante et onze, quatre-vingts, quatre-vingt-un, quatre-vingt-dix-neuf, deux cents'],
      ['le 1er mai à 14h30', 'le premier mai à quatorze heures trente'],
      ['20,50 € par mois', 'vingt euros et cinquante centimes par mois'],
      ['2e et 5e', 'deuxième et cinquième'],
      ['01/05/2026-05/06/2026', 'premier mai deux mille vingt-six à cinq juin deux mille vingt-six'],
      ['commande 11-12-2024-77', 'commande un un, un deux, deux zéro deux quatre, sept sept'],
      ['06 12 34 56 78', 'zéro six, un deux, trois quatre, cinq six, sept huit'],
    ],
    'fr',
  );
});

test('other languages are freed from markup alone', () => {
  says([['**Привет** 5 😀 $3', 'Привет 5 $3']], 'ru');
});

test('nothing to say is an empty text', () => {
  for (const empty of ['', '   ', '\n\n', '---', '🎉', '**', '```', '. , ;']) expect(speakable(empty)).toBe('');
});

const pieces = fc.constantFrom(
  '5',
  '12',
  '2026',
  '1,234',
  '3.5',
  '007',
  '555-0132',
  '$',
  '€',
  '%',
  'km',
  'am',
  ' p.m.',
  'Dr.',
  'St.',
  'May ',
  '14:30',
  '1/2',
  '3/14/2026',
  '2026-03-14',
  'a@b.com',
  'https://x.org/a',
  '**',
  '_',
  '`',
  '# ',
  '- ',
  '> ',
  '| ',
  '\n',
  ' ',
  '-',
  '–',
  '—',
  '/',
  '.',
  ',',
  ';',
  ':',
  '(',
  ')',
  '[',
  ']',
  '[laugh]',
  '<',
  '>',
  '&',
  '&amp;',
  '+',
  '=',
  '"',
  "'",
  '’',
  '😀',
  '\u200d',
  'word',
  'Ünï',
  'code',
  'AB1',
  'th',
  'st',
  'x',
  'No.',
  'etc.',
  'w/',
  '…',
  '°',
  '²',
  '½',
  '*',
  '~',
  '#',
);

test('millions in groups are numbers where a dot groups them, and versions and addresses have dots', () => {
  says(
    [
      ['2.000.000 Menschen', 'zwei Millionen Menschen'],
      ['1.000.000.000 Sterne', 'eine Milliarde Sterne'],
      ['Version 1.2.3', 'Version eins Punkt zwei Punkt drei'],
      ['192.168.100.200', 'einhundertzweiundneunzig Punkt einhundertachtundsechzig Punkt einhundert Punkt zweihundert'],
    ],
    'de',
  );
  says([['2.000.000 personas, 1.000.000 €', 'dos millones personas, un millón de euros']], 'es');
  says([['1 000 000 €, 1 200 000 €', "un million d'euros, un million deux cent mille euros"]], 'fr');
});

test('keys of the telephone are named, and markup is not', () => {
  const cases: Cases = [
    ['Press # or *.', 'Press pound or star.'],
    ['To repeat, press the * key', 'To repeat, press the star key'],
    ['Dial *67, or #.', 'Dial star sixty-seven, or pound.'],
    ['*67 or `*`, then *69', 'star sixty-seven or star, then star sixty-nine'],
    ['Say *"yes."* Then go, *69*.', 'Say "yes." Then go, sixty-nine.'],
    ['# Heading #\n* an *item* and **5 of** *5 items*', 'Heading. an item and five of five items'],
    ['#', ''],
    ['*', ''],
  ];
  says(cases);
  says([['Press #.', 'Press hash.']], 'en-GB');
  says([['Drücken Sie die * oder die #.', 'Drücken Sie die Stern oder die Raute.']], 'de');
  says([['Нажмите # или *.', 'Нажмите или.']], 'ru');
});

test('decades and mixed fractions', () => {
  says([
    ['the 90s, the early 80s, 90s', 'the nineties, the early eighties, ninety seconds'],
    ['1 1/2 cups, 1/2 cup', 'one and one half cups, one half cup'],
  ]);
});

describe('signs for the voice', () => {
  const written = 'Oh [Sigh], I have 2 [laugh] of [seven] [laugh](https://example.com).';

  test('are left out, not read aloud', () => {
    expect(speakable(written)).toBe('Oh, I have two of seven laugh.');
    expect(speakable('[laugh]')).toBe('');
  });

  test('stay for a voice that acts them, beside something that can be said', () => {
    const say = createSpeakable({ voiceSigns: true });
    expect(say(written)).toBe('Oh [Sigh], I have two [laugh] of seven laugh.');
    expect(say('Well [sigh], it is 5 [laugh]! Bye [chuckle].')).toBe('Well [sigh], it is five [laugh]! Bye [chuckle].');
    expect(say('[laugh] …')).toBe('');
    expect(say('[laugh].')).toBe('');
  });
});

test.each([
  ...speakableLanguages.map((language) => ({ language })),
  { language: 'ru' },
  { language: 'en', voiceSigns: true },
])('text that is speakable stays as it is: %o', (options) => {
  const { language } = options;
  const say = createSpeakable(options);
  fc.assert(
    fc.property(
      fc.oneof(
        { weight: 4, arbitrary: fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')) },
        { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
      ),
      (text) => {
        const once = say(text);
        expect(say(once)).toBe(once);
        if (language !== 'ru') expect(once).not.toMatch(/[0-9*_`#~]/);
      },
    ),
    { numRuns: 400 },
  );
});

test('hostile text takes time in proportion to its length', () => {
  const say = createSpeakable({ pronunciations: { SIP: 'sip' } });
  for (const unit of [
    '1',
    '1,',
    '1.',
    '1-',
    '1 ',
    '+',
    '+1(',
    '(',
    '[',
    '[[](',
    '[laugh]',
    '<a',
    '*',
    ' *1',
    ' #',
    '_',
    '-',
    ' ',
    'a.',
    'a@',
    'a-',
    '$',
    '|',
    '\n',
    'http://',
    '&amp',
    '\u200b',
    '2026-',
    'A1',
    '👍',
  ]) {
    const perChar = (length: number): number => {
      const text = unit.repeat(length / unit.length);
      const begun = performance.now();
      say(text);
      return (performance.now() - begun) / length;
    };
    perChar(1_000);
    // Quadratic time would be sixteen times as much a character; the floor, and another try, are for a busy machine.
    const limit = Math.min(perChar(2_000), perChar(2_000)) * 6 + 0.01;
    let large = perChar(32_000);
    for (let tries = 1; tries < 5 && large >= limit; tries += 1) large = Math.min(large, perChar(32_000));
    expect(large, `ms a character of ${JSON.stringify(unit)}`).toBeLessThan(limit);
  }
});

test.each(['!', '?!', '"', '(...)', '😀!', '“”', '。', '- "'])('%s is nothing that can be said', (text) => {
  expect(speakable(text)).toBe('');
  expect(speakable(text, { language: 'ja' })).toBe('');
});

test.each(['$', 'はい。', 'да!', '５'])('%s is left to the voice', (text) => {
  expect(speakable(text, { language: 'ja' })).not.toBe('');
});
