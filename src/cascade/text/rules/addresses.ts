import { digitByDigit } from '../digits.js';
import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';

/** Endings by which a name without scheme is known to be one of a host. */
const TOP_LEVEL =
  'com|org|net|edu|gov|info|biz|app|dev|shop|health|ai|io|co|eu|uk|us|ca|au|nz|ie|de|at|ch|fr|be|nl|es|it|pt|pl|se|no|dk|fi|ro|mx|br|ar|jp|in';

/** Paths beyond this are for clicking, not for saying. */
const MAX_SPOKEN_PATH_CHARS = 40;

/** Web and e-mail addresses: `example.com/help`, `jane.doe@example.com`. */
export function addressRules(language: SpokenLanguage): readonly Rule[] {
  const { dot, slash, at } = language.words;
  const host = (name: string): string => spelled(name, language);
  return [
    {
      pattern: /[\p{L}\d._%+-]{1,64}@((?:[\p{L}\d-]{1,63}\.){1,6}\p{L}{2,24})(?![\p{L}\d])/uy,
      say: (match) => `${spelled(match[0].slice(0, match[0].indexOf('@')), language)} ${at} ${host(match[1] ?? '')}`,
    },
    {
      pattern:
        /(?:https?:\/\/|www\.)(?:[^\s/?#@]{1,64}@)?([\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63}){0,6})(?::\d{1,5})?(\/[^\s?#<>"')\]]{0,400})?(?:[?#][^\s<>"')\]]{0,1500})?/iuy,
      say: (match) => address(match[1] ?? '', match[2] ?? '', match[0]),
    },
    {
      pattern: new RegExp(
        `((?:[\\p{L}\\d-]{1,63}\\.){1,5}(?:${TOP_LEVEL}))(?![\\p{L}\\d@-])(\\/[^\\s?#<>"')\\]]{0,400})?(?:\\?[^\\s<>"')\\]]{1,1500})?`,
        'uy',
      ),
      say: (match) => address(match[1] ?? '', match[2] ?? '', match[0]),
    },
  ];

  function address(name: string, path: string, whole: string): string {
    const end = /[.,;:!?]$/.exec(whole)?.[0] ?? '';
    const parts = path
      .split('/')
      .map((part) => part.replace(/[.,;:!?]+$/, ''))
      .filter((part) => part !== '');
    const short = path.length <= MAX_SPOKEN_PATH_CHARS && parts.every((part) => /^[\p{L}\d._-]+$/u.test(part));
    const spokenPath = short ? parts.map((part) => ` ${slash} ${spelled(part, language)}`).join('') : '';
    return `${host(name.replace(/^www\./i, '')).replaceAll(` ${dot} ${dot} `, ` ${dot} `)}${spokenPath}${end}`;
  }
}

/** The inside of an address: words stay, digits one by one, signs by name. */
function spelled(text: string, language: SpokenLanguage): string {
  const { dot, dash, underscore, plus, percent } = language.words;
  // A map: a part may be called `constructor`.
  const names = new Map([
    ['.', dot],
    ['-', dash],
    ['_', underscore],
    ['+', plus],
    ['%', percent],
  ]);
  const parts = text.match(/\d+|[^\d._%+-]+|[._%+-]/gu) ?? [];
  return parts.map((part) => (/^\d/.test(part) ? digitByDigit(part, language) : (names.get(part) ?? part))).join(' ');
}
