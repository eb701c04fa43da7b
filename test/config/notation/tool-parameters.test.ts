import formats from 'ajv-formats';
import { expect, test } from 'vitest';
import { checkedFormats, schemaDoubts } from '../../../src/config/notation/tool-parameters.js';

/** The doubts as lines: where, what, and what to do. */
function doubts(schema: object): string[] {
  return schemaDoubts(schema).map(
    ({ path, message, help }) => `${path.join('.')}: ${message}${help ? ` (${help})` : ''}`,
  );
}

const NO_KEYWORD = 'draft 7 of JSON Schema has no such keyword: nothing comes of it';
const NO_FORMAT = 'nobody checks for a format of this name';
const UNDESCRIBED = 'an argument that properties does not describe';

test.each<[object, string]>([
  [{ type: 'object', requird: ['a'] }, `requird: ${NO_KEYWORD} (did you mean "required"?)`],
  [{ properties: { a: { maxlength: 3 } } }, `properties.a.maxlength: ${NO_KEYWORD} (did you mean "maxLength"?)`],
  [{ properties: { a: { items: { desc: 'b' } } } }, `properties.a.items.desc: ${NO_KEYWORD}`],
  [{ properties: { a: { prefixItems: [] } } }, `properties.a.prefixItems: ${NO_KEYWORD}`],
  [{ anyOf: [{}, { typ: 'string' }] }, `anyOf.1.typ: ${NO_KEYWORD} (did you mean "type"?)`],
  [{ $defs: { a: { patern: 'b' } } }, `$defs.a.patern: ${NO_KEYWORD} (did you mean "pattern"?)`],
  [{ properties: { a: { format: 'dat' } } }, `properties.a.format: ${NO_FORMAT} (did you mean "date"?)`],
  [{ properties: { a: { format: 'phone' } } }, `properties.a.format: ${NO_FORMAT}`],
  [{ properties: { day: {} }, required: ['day', 'dya'] }, `required.1: ${UNDESCRIBED} (did you mean "day"?)`],
])('%j is told', (schema, line) => {
  expect(doubts(schema)).toEqual([line]);
});

test.each<[object]>([
  [{ type: 'object', properties: { requird: { type: 'string' }, format: { type: 'string' } } }],
  [{ properties: { a: { enum: [{ typ: 1 }], const: { typ: 1 }, default: { typ: 1 }, examples: [{ typ: 1 }] } } }],
  [{ properties: { a: { format: 'date', nullable: true, 'x-order': 3, deprecated: true } } }],
  [{ properties: { a: {}, b: {} }, anyOf: [{ required: ['a'] }, { required: ['b'] }] }],
  [{ dependencies: { a: ['b'], c: { required: ['d'] } }, additionalProperties: false }],
])('%j leaves no doubt', (schema) => {
  expect(doubts(schema)).toEqual([]);
});

test('the formats are those that arguments are checked for', () => {
  for (const name of checkedFormats) expect(() => formats.default.get(name as never), name).not.toThrow();
  expect(() => formats.default.get('dat' as never)).toThrow();
});
