import { describe, expect, test } from 'vitest';
import { templateValues } from '../../../src/tools/webhook/template-values.js';
import { ToolTemplate } from '../../../src/tools/webhook/tool-template.js';

const hostile = 'a"b\\c\r\nX-Admin: 1</name>&{{from}}/../ü😀';
const values = (value: unknown) => (name: string) => (name === 'v' ? value : undefined);

test('a url gets values in which nothing means anything', () => {
  const url = new ToolTemplate('https://shop.test/c/{{v}}?q={{ v }}&z=1').percentEncoded(values(hostile));
  expect(url).toMatch(/^https:\/\/shop\.test\/c\/[\w%.-]+\?q=[\w%.-]+&z=1$/);
  expect(new URL(url).searchParams.get('q')).toBe(hostile);
});

test('a header field stays one line of octets', () => {
  const value = new ToolTemplate('Bearer {{v}}').headerValue(values(hostile));
  expect(value).toMatch(/^Bearer [\x20-\x7e\x80-\xff]+$/);
  expect(Buffer.from(value, 'latin1').toString('utf8')).toBe(`Bearer ${hostile.replace('\r\n', ' ')}`);
});

describe('JSON', () => {
  test.each([
    '{"a": "{{v}}"}',
    '{"a": {{v}}}',
    '{"a": "{{v}}", "b\\"": {{v}}, "c": "x{{v}}y"}',
    '["{", {{v}}, "{{v}}"]',
  ])('%s stays JSON whatever is filled in, and no value becomes structure', (text) => {
    for (const value of [hostile, '', '"', '\\', 7, true, null, undefined, { k: hostile }, ['"']]) {
      expect(() => JSON.parse(new ToolTemplate(text).json(values(value))), String(value)).not.toThrow();
    }
  });

  test('a bare placeholder keeps the type, one between quotes becomes text', () => {
    const template = new ToolTemplate('{"n": {{v}}, "s": "no. {{v}}", "none": {{x}}}');
    expect(JSON.parse(template.json(values(7)))).toEqual({ n: 7, s: 'no. 7', none: null });
    expect(JSON.parse(template.json(values(hostile)))).toEqual({ n: hostile, s: `no. ${hostile}`, none: null });
  });
});

test('XML gets text', () => {
  expect(new ToolTemplate('<n a="{{v}}">{{v}}</n>').xml(values(`<"'&>`))).toBe(
    '<n a="&#60;&#34;&#39;&#38;&#62;">&#60;&#34;&#39;&#38;&#62;</n>',
  );
});

test('a value that looks like a placeholder stays what it is, and a long one is cut', () => {
  expect(new ToolTemplate('{{v}}').xml(values('{{from}}'))).toBe('{{from}}');
  expect(new ToolTemplate('{{v}}').xml(values('x'.repeat(100_000)))).toHaveLength(4096);
});

test('half of a surrogate pair, as it came or at the cut, is left out: it cannot be percent-encoded', () => {
  const url = new ToolTemplate('{{v}}');
  expect(url.percentEncoded(values('a\ud83db'))).toBe('ab');
  expect(url.percentEncoded(values(`${'x'.repeat(4095)}😀`))).toBe('x'.repeat(4095));
});

describe('names', () => {
  const call = { id: 'c1', from: '+441', to: '2000', variables: { shop: 'London', 'sip.x-tenant': 'acme', to: 'x' } };
  const value = templateValues(call, 'book', { name: 'Eve', at: { day: 'Monday' }, list: ['a'] });

  test.each([
    ['args.name', 'Eve'],
    ['args.at.day', 'Monday'],
    ['args.at', { day: 'Monday' }],
    ['args.list.0', 'a'],
    ['from', '+441'],
    ['to', '2000'],
    ['call.id', 'c1'],
    ['tool', 'book'],
    ['shop', 'London'],
    ['sip.X-Tenant', 'acme'],
  ])('%s', (name, expected) => expect(value(name)).toEqual(expected));

  test.each([
    'args.other',
    'args.name.length',
    'args.__proto__',
    'args.constructor.name',
    'constructor',
    '__proto__',
    'name',
  ])('%s is nothing', (name) => expect(value(name)).toBeUndefined());
});
