import { expect, test } from 'vitest';
import { secretsBySight } from '../../../src/config/reading/secrets-by-sight.js';

/** The line with what was found in brackets. */
function seen(line: string): string {
  const found = [...secretsBySight(`x\n${line}\n`, { start: 2, end: 2 + line.length })];
  return found
    .sort((one, other) => other.start - one.start)
    .reduce(
      (text, { start, end }) => `${text.slice(0, start - 2)}<${text.slice(start - 2, end - 2)}>${text.slice(end - 2)}`,
      line,
    );
}

test.each([
  ['admin: { token: a b, listen: c }', 'admin: { token: <a b>, listen: c }'],
  ['a: { b: { "api-key": x } } y', 'a: { b: { "api-key": <x> } } y'],
  ['token: "a, b}" c, x: y', 'token: <"a, b}" c>, x: y'],
  ['token: "a, b', 'token: <"a, b>'],
  ["token: 'it''s, so', x: y", "token: <'it''s, so'>, x: y"],
  ['token: #a', 'token: <#a>'],
  ['token: [a]', 'token: <[a]>'],
  ['token: {a}', 'token: <{a>}'],
  ['token: { a: b, password: c }, d: e', 'token: <{ a: b, password: c }>, d: e'],
  ['token: { a: b', 'token: <{ a: b>'],
  ['secretary: { a: b, password: c }', 'secretary: { a: b, password: <c> }'],
  ['url: https://abc@host/', 'url: https://<abc>@host/'],
  ['headers: { Cookie: "s=a", Proxy-Authorization: b }', 'headers: { Cookie: <"s=a">, Proxy-Authorization: <b> }'],
  [`token: \${A}, apiKey: "\${B}", x_key: '\${file:/c}'`, `token: \${A}, apiKey: "\${B}", x_key: '\${file:/c}'`],
  [`token: \${A:-b}, x: \${B:-c}`, `token: <\${A:-b}>, x: \${B:-c}`],
  [`token: \${A} b`, `token: <\${A} b>`],
  ['url: http://u:p@host/?token=t', 'url: http://u:<p>@host/?token=<t>'],
  ['maxTokens: 5, to: sip:u@host, keys: k', 'maxTokens: 5, to: sip:u@host, keys: k'],
])('%s', (line, expected) => {
  expect(seen(line)).toBe(expected);
});

test.each([`token: \${`, 'token: {', 'token: {a', 'token: "', 'token=a ', '://a', 'token:  '])(
  'of a long line of "%s" it is made in time of its length',
  (part) => {
    const long = part.repeat(200_000 / part.length);
    const { user } = process.cpuUsage();
    secretsBySight(long, { start: 0, end: long.length });
    // With a look at all the rest for each, it takes seconds.
    expect(process.cpuUsage().user - user).toBeLessThan(1_000_000);
  },
);
