import { expect, it } from 'vitest';
import { createSpeakable } from '../../../src/cascade/text/speakable.js';

const cases: Readonly<Record<string, readonly (readonly [written: string, spoken: string])[]>> = {
  de: [
    ['Das ist der 1. Mann.', 'Das ist der erste Mann.'],
    ['die 2. Mahnung, im 3. Stock', 'die zweite Mahnung, im dritten Stock'],
    ['in der 21. Woche, mit einer 8. Klasse', 'in der einundzwanzigsten Woche, mit einer achten Klasse'],
    ['der 100. Besucher, die 101. Nacht', 'der einhundertste Besucher, die einhunderterste Nacht'],
    ['Nach 3. Mahnung sperren wir.', 'Nach dritter Mahnung sperren wir.'],
    ['nach 2. schriftlicher Mahnung, bei 2. Verstoß', 'nach zweiter schriftlicher Mahnung, bei zweitem Verstoß'],
    ['aus 1. Hand, bis 8. Klasse', 'aus erster Hand, bis achte Klasse'],
    ['von der 1. bis 3. Klasse', 'von der ersten bis dritten Klasse'],
    ['Wir öffnen am 3. Dann sehen wir uns.', 'Wir öffnen am dritten. Dann sehen wir uns.'],
    ['Ich komme mit 2. Frau Meier kommt allein.', 'Ich komme mit zwei. Frau Meier kommt allein.'],
    ['Wir haben bis 3. Danach nicht.', 'Wir haben bis drei. Danach nicht.'],
    ['Ich komme in 3.', 'Ich komme in drei.'],
    ['Unser 2. Termin ist am 7.', 'Unser zweiter Termin ist am siebten.'],
    ['Drücken Sie die 1. Danach warten Sie.', 'Drücken Sie die eins. Danach warten Sie.'],
    ['Ich nehme die 3. Dann gehe ich.', 'Ich nehme die drei. Dann gehe ich.'],
    ['Es sind 3. Das reicht.', 'Es sind drei. Das reicht.'],
    ['Das ist die 7. Sind Sie noch da?', 'Das ist die sieben. Sind Sie noch da?'],
    ['Der 1. in der Reihe, der 3. und letzte Tag', 'Der erste in der Reihe, der dritte und letzte Tag'],
    ['Das dauert 5 Min. Bitte warten Sie.', 'Das dauert fünf Minuten. Bitte warten Sie.'],
    [
      'Halten Sie z. B. Ihre Karte bereit, d. h. Sie zahlen bei Dr. Von Hagen.',
      'Halten Sie zum Beispiel Ihre Karte bereit, das heißt Sie zahlen bei Doktor Von Hagen.',
    ],
    ['5 Min. Pause, 3 Mio. Kunden', 'fünf Minuten Pause, drei Millionen Kunden'],
    ['50 Euro inkl. MwSt. Möchten Sie zahlen?', 'fünfzig Euro inklusive Mehrwertsteuer. Möchten Sie zahlen?'],
    ['am 01.05.26 um 9 Uhr', 'am ersten Mai zweitausendsechsundzwanzig um neun Uhr'],
    ['am 2.1.12, Version 2.1.12', 'am zweiten Januar zweitausendzwölf, Version zwei Punkt eins Punkt zwölf'],
    ['Am Montag, 3. März', 'Am Montag, dritten März'],
    ['3. März um 10 Uhr', 'dritter März um zehn Uhr'],
    ['5. bis 7. Mai', 'fünfter bis siebter Mai'],
    ['1. Buchen Sie.', 'eins, Buchen Sie.'],
    ['am 3. Jan. 2026', 'am dritten Januar zweitausendsechsundzwanzig'],
    ['am 1. und 2. Mai', 'am ersten und zweiten Mai'],
    ['vom 24.12.–31.12.', 'vom vierundzwanzigsten Dezember bis einunddreißigsten Dezember'],
    [
      'Mo.-Fr. 9-17 Uhr, Fr. Müller kommt am Fr.',
      'Montag bis Freitag neun bis siebzehn Uhr, Frau Müller kommt am Freitag.',
    ],
    ['um 14.30 oder 15h', 'um vierzehn Uhr dreißig oder fünfzehn Stunden'],
    ['9.30-17.30 Uhr', 'neun Uhr dreißig bis siebzehn Uhr dreißig'],
    ['5 Std. 30 Min. oder 5 Mio. Euro', 'fünf Stunden dreißig Minuten oder fünf Millionen Euro'],
    [
      'CHF 19.90, 1.50 €, 3.5 km',
      'neunzehn Franken und neunzig Rappen, ein Euro und fünfzig Cent, drei Komma fünf Kilometer',
    ],
    ['5,- €, 20.-- CHF und 50 ct', 'fünf Euro, zwanzig Franken und fünfzig Cent'],
    [
      '1.000 km, 1.234.567, Raum 1.23',
      'eintausend Kilometer, eine Million zweihundertvierunddreißigtausendfünfhundertsiebenundsechzig, Raum eins Punkt dreiundzwanzig',
    ],
    ['die 90er, 3x täglich, 24/7', 'die neunziger, drei mal täglich, rund um die Uhr'],
    [
      'Konto-Nr. 12345, Zimmer Nr. 123',
      'Konto- Nummer eins zwei drei vier fünf, Zimmer Nummer einhundertdreiundzwanzig',
    ],
    ['Musterstr. 5', 'Musterstraße fünf'],
    ['7 - 2 = 5, 5 − 3, 3-4 Tage', 'sieben minus zwei gleich fünf, fünf minus drei, drei bis vier Tage'],
  ],
  es: [
    ['el 01/05/26, el 3/4', 'el primero de mayo de dos mil veintiséis, el tres de abril'],
    [
      'el 1/2 kilo, el 3/4 de la taza, el 3/4 a las 9:00',
      'el un medio kilo, el tres cuartos de la taza, el tres de abril a las nueve',
    ],
    [
      '600 000 000, 612 345 678 euros',
      'seiscientos millones, seiscientos doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho euros',
    ],
    ['700000000 de habitantes', 'setecientos millones de habitantes'],
    [
      'llame al 612 345 678 de 9:00 a 14:00',
      'llame al seis uno dos, tres cuatro cinco, seis siete ocho de nueve a catorce',
    ],
    ['las 9.30 h', 'las nueve treinta'],
    ['1.er piso, 3er piso, 11º, 21º', 'primer piso, tercer piso, undécimo, veintiuno'],
    ['21 £, 201 £', 'veintiuna libras, doscientas una libras'],
    ['912 345 678', 'nueve uno dos, tres cuatro cinco, seis siete ocho'],
    [
      '91 234 56 78 o 612345678',
      'nueve uno, dos tres cuatro, cinco seis, siete ocho o seis uno dos, tres cuatro cinco, seis siete ocho',
    ],
    ['912 345 678 €', 'novecientos doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho euros'],
    ['nº 5, pág. 3, US$ 5', 'número cinco, página tres, cinco dólares'],
    ['abierto 24/7, 2x', 'abierto las veinticuatro horas, los siete días, dos veces'],
  ],
  fr: [
    ['le 01/05/26, le 3/4', 'le premier mai deux mille vingt-six, le trois avril'],
    [
      "le 1/2 litre, le 3/4 du temps, le 3/4 d'heure, le 1/3 à 10h",
      "le un demi litre, le trois quarts du temps, le trois quarts d'heure, le premier mars à dix heures",
    ],
    ['1ère et 2nde, 3ème', 'première et seconde, troisième'],
    ['0 800 123 456', 'zéro, huit zéro zéro, un deux trois, quatre cinq six'],
    [
      '9h-17h, 24h/24 et 7j/7',
      'neuf heures à dix-sept heures, vingt-quatre heures sur vingt-quatre et sept jours sur sept',
    ],
    ['21 min, 21 £, 21 €', 'vingt et une minutes, vingt et une livres, vingt et un euros'],
    ['N° 5, MM. Dupont', 'numéro cinq, messieurs Dupont'],
    ['1 h 30 min, 5 m³', 'une heure trente, cinq mètres cubes'],
  ],
  en: [
    ['ext. 4567, Ref. no. 4711', 'extension four five six seven, Ref. no. four seven one one'],
    ['Your code. 500 people came.', 'Your code. five hundred people came.'],
    ['401k, 401(k), 50/50', 'four oh one K, four oh one K, fifty-fifty'],
    ['Mon-Fri 9-5, Tues.–Thurs.', 'Monday to Friday nine to five, Tuesday to Thursday.'],
    ['9 a.m. - 5 p.m.', 'nine A M to five P M.'],
    ['5 - 3 = 2, open 9 - 5', 'five minus three equals two, open nine to five'],
  ],
};

for (const [language, spoken] of Object.entries(cases)) {
  it.each(spoken)(`${language}: %s`, (written, said) => {
    const say = createSpeakable({ language });
    expect(say(written)).toBe(said);
    expect(say(said)).toBe(said);
  });
}
