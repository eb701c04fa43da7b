import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUrlTemplate, renderUrl } from '../../../src/config/notation/url-template.js';

test.each([
  'https://example.com',
  'http://127.0.0.1:8080/numbers/{{to}}',
  'https://example.com/a?to={{ to }}&from={{from}}',
  'HTTPS://[2001:db8::1]/x',
  'https://example.com?to={{to}}',
])('%s is a URL', (text) => {
  expect(parseUrlTemplate(text)).toEqual({ ok: true, value: text });
});

test.each([
  ['example.com/a', 'expected a URL of http: or https:'],
  ['file:///etc/passwd', 'expected a URL of http: or https:'],
  ['https://{{to}}/', 'the host of this URL is a template, and a caller could choose it'],
  ['https://example.com:{{to}}/', 'the host of this URL is a template, and a caller could choose it'],
  ['https://example.com{{to}}', 'the host of this URL is a template, and a caller could choose it'],
  ['https://user:word@example.com/', 'a URL with a user or password in it'],
  ['https:///a', 'this is no URL'],
  ['https://exa mple.com/', 'this is no URL'],
  ['https://example.com/a b', 'this is no URL'],
  ['https://example.com/a\nb', 'this is no URL'],
  ['https://example.com\\{{to}}', 'this is no URL'],
  ['https://example.com:99999/', 'this is no URL'],
  ['https://example.com/a/../b', 'a URL with "." or ".." in its path'],
  ['https://example.com/%2e%2E/b', 'a URL with "." or ".." in its path'],
  ['https://example.com/a#b', 'a URL with a fragment: "#" and what follows is never sent'],
])('%j is none: %s', (text, problem) => {
  expect(parseUrlTemplate(text)).toMatchObject({ ok: false, problem });
});

describe('filling in', () => {
  const render = (template: string, to: string) => renderUrl(template, new Map([['to', to]]));

  test('values are percent-encoded', () => {
    expect(render('https://a.example/{{to}}?x={{to}}', '+44 20/1?a=b&c#d')).toEqual({
      ok: true,
      value: 'https://a.example/%2B44%2020%2F1%3Fa%3Db%26c%23d?x=%2B44%2020%2F1%3Fa%3Db%26c%23d',
      missing: [],
    });
  });

  test('names without a value are told', () => {
    expect(render('https://a.example/{{too}}', '1')).toEqual({
      ok: true,
      value: 'https://a.example/',
      missing: ['too'],
    });
  });

  test.each(['..', '.'])('a value of %j would lead elsewhere', (to) => {
    expect(render('https://a.example/numbers/{{to}}', to)).toMatchObject({ ok: false });
    expect(render('https://a.example/numbers/{{to}}/x', to)).toMatchObject({ ok: false });
    expect(render('https://a.example/numbers?to={{to}}', to)).toMatchObject({ ok: true });
  });

  test('no value changes scheme, host, or the number of path segments', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (value) => {
        const rendered = render('https://a.example/numbers/{{to}}/x?to={{to}}', value);
        if (!rendered.ok) return;
        const url = new URL(rendered.value);
        expect(url.origin).toBe('https://a.example');
        expect(url.pathname.split('/')).toHaveLength(4);
        expect(url.hash).toBe('');
        expect([...url.searchParams.keys()]).toEqual(['to']);
      }),
    );
  });
});
