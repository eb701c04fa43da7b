import { expect, test } from 'vitest';
import { readOuts } from '../../src/base/read-out.js';
import { cumulativeWeights } from '../../src/base/text-weight.js';

test.each([
  ['1,250', 'one thousand two hundred fifty'],
  ['$129.99', 'one hundred twenty-nine dollars and ninety-nine cents'],
  ['5.90', 'five point nine zero'],
  ['1.249,50', 'one thousand two hundred forty-nine fifty'],
  ['3/14/2027', 'March fourteenth twenty twenty-seven'],
  ['21:40', 'twenty-one forty'],
  ['8:00', "eight o'clock"],
  ['1998', 'nineteen ninety-eight'],
  ['58213', 'five eight two one three'],
  ['020 7946 0123', 'zero two zero, seven nine four six, zero one two three'],
  ['+1 (415) 555-0137', 'plus one, four one five, five five five, zero one three seven'],
  ['2.5 kg', 'two point five kilograms'],
  ['Dr. Smith', 'Doctor Smith'],
  ['no. 48', 'number forty-eight'],
  ['KX47', 'kay ex forty-seven'],
  ['18%', 'eighteen percent'],
  ['12 °C', 'twelve degrees celsius'],
])('%s takes about as long as %j', (written, spoken) => {
  const [one = 0, other = 0] = [written, spoken].map((text) => cumulativeWeights(text)[text.length] ?? 0);
  expect(one / other).toBeGreaterThan(0.6);
  expect(one / other).toBeLessThan(1.35);
});

test.each(['No. It is not so.', 'It was in June, I think.', 'A plan, fine?', 'Grüße aus Köln'])(
  'in %j every letter is said',
  (text) => {
    expect(readOuts(text)).toEqual([]);
  },
);

test('what is read out is in order, and nothing is read twice', () => {
  const text = 'Call 020 7946 0123 before 5 pm, or write to a.b@mail.example.com: it is $5.90 for 2 kg, Dr. KX.';
  let end = 0;
  for (const out of readOuts(text)) {
    expect(out.start).toBeGreaterThanOrEqual(end);
    end = out.end;
  }
  expect(end).toBe(text.length - 1);
});

test('figures without end are read in time that grows with their number', () => {
  expect(readOuts('1234567 x '.repeat(20_000)).length).toBe(20_000);
  expect(readOuts(`1${'('.repeat(200_000)}`).length).toBe(1);
});

test('a number longer than any that has a name is read digit by digit, whatever marks are in it', () => {
  const digits = '9'.repeat(400);
  for (const figures of [`1:${digits}`, `1${',999'.repeat(140)}`, digits]) {
    const [out] = readOuts(`It is ${figures} today.`);
    expect(out?.letters).toBe(4 * figures.replaceAll(/\D/gu, '').length);
  }
});
